// Takes the lock of a ledger as a run does and holds it until it is killed; tells its parent `held`,
// or `busy` where somebody else has it.
import Database from './sqlite.mjs';

const database = new Database(`${process.argv[2]}.lock`, { timeout: 0 });
try {
  database.exec(`BEGIN IMMEDIATE; DROP VIEW IF EXISTS holder;
    CREATE VIEW holder AS SELECT ${process.pid} AS pid, 'another-host' AS host, 0 AS started_at;
    COMMIT; BEGIN IMMEDIATE`);
  process.send('held');
  // What is not collected is not closed.
  setInterval(() => database.open, 60_000);
} catch (error) {
  process.send(error.code === 'SQLITE_BUSY' ? 'busy' : String(error));
  process.disconnect();
}
