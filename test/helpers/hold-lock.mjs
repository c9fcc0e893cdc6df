// Holds the lock of a ledger until it is killed; tells its parent once it has it.
import Database from 'better-sqlite3';

const database = new Database(`${process.argv[2]}.lock`);
database.pragma('journal_mode = MEMORY');
database.exec(`BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS holder (only INTEGER PRIMARY KEY, pid INTEGER, host TEXT, started_at INTEGER);
  INSERT OR REPLACE INTO holder VALUES (1, ${process.pid}, 'another-host', 0);
  COMMIT; BEGIN IMMEDIATE`);
process.send('held');
setInterval(() => undefined, 60_000);
