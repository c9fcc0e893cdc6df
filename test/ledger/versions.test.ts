import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from '../helpers/sqlite.mjs';
import { expect, onTestFinished, test } from 'vitest';
import { findJob } from '../../src/ledger/jobs.ts';
import { learnedLimits } from '../../src/ledger/learned-limits.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { readLedger } from '../../src/ledger/read-ledger.ts';
import { dispatchFacts } from '../../src/ledger/read-trace.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from '../../src/ledger/schema.ts';
import { BEFORE_VERSION_5 } from '../helpers/before-version-5.ts';
import { FAKE_WALL_START_MS } from '../helpers/fake-clock.ts';
import {
  addJob,
  commitLines,
  openTempLedger,
  settledOf,
  tempFolder,
} from '../helpers/temp-ledger.ts';

const at = (name: string): string => join(import.meta.dirname, 'versions', name);

/** A ledger as version 1 of the tables had it, with its input beside it. */
function versionOne(): { folder: string; path: string } {
  const folder = tempFolder();
  const path = join(folder, 'a.qbatch.db');
  const sql = readFileSync(at('schema-1.sql'), 'utf8')
    .replaceAll('@FOLDER@', folder)
    .replaceAll(/\{zeros:(\d+)\}/g, (_, count: string) => '0'.repeat(Number(count)));
  const database = new SQLite(path);
  database.pragma('journal_mode = WAL');
  database.exec(sql);
  database.pragma(`application_id = ${APPLICATION_ID}`);
  database.pragma('user_version = 1');
  database.close();
  copyFileSync(at('schema-1.jsonl'), join(folder, 'a.jsonl'));
  return { folder, path };
}

/** Each table's text; a list of values as the alternatives that newer ledgers write out. */
function tablesOf(ledger: Ledger): unknown[] {
  const tables = ledger.database
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all() as { name: string; sql: string }[];
  const spelt = (sql: string): string =>
    sql.replaceAll(/(\w+) IN \(([^)]+)\)/g, (_, column: string, values: string) =>
      values
        .split(', ')
        .map((value) => `${column} = ${value}`)
        .join(' OR '),
    );
  return tables.map(({ name, sql }) => ({ name, sql: spelt(sql) }));
}

test('a ledger of version 1: gets the tables of a new one, and keeps what it held', () => {
  const { path } = versionOne();
  const ledger = Ledger.open(path, { adopt: false, wallMs: FAKE_WALL_START_MS });
  try {
    expect(ledger.database.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
    expect(findJob(ledger.database, 'a')).toMatchObject({
      answered: 1,
      lineCount: 3,
      state: 'open',
    });
    expect(tablesOf(ledger)).toEqual(tablesOf(openTempLedger(tempFolder())));
    expect(ledger.database.pragma('integrity_check', { simple: true })).toBe('ok');
  } finally {
    ledger.close();
  }
});

test.each([
  [2, ['ledger_path', 'run_flags', 'last_stop']],
  [3, ['last_stop']],
  [4, []],
])(
  'a ledger of version %i: its jobs say nothing of what came later, read or opened; then it has the tables of a new one',
  async (version, later) => {
    const folder = tempFolder();
    const made = openTempLedger(folder);
    const { id } = addJob(made, folder, { name: 'a' });
    made.close();
    const database = new SQLite(made.path);
    for (const column of later) database.exec(`ALTER TABLE jobs DROP COLUMN ${column}`);
    database.exec(BEFORE_VERSION_5);
    database.exec("INSERT INTO learned_limits VALUES ('h', 'm', 600, 90000, 1000, 5)");
    database.pragma(`user_version = ${version}`);
    database.close();
    const unsaid = { id, ledgerPath: null, runFlags: {}, lastStop: null };
    expect(await readLedger(made.path, (read) => findJob(read, 'a'))).toMatchObject(unsaid);
    const ledger = Ledger.open(made.path, { adopt: false, wallMs: FAKE_WALL_START_MS });
    try {
      expect(ledger.database.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
      expect(findJob(ledger.database, 'a')).toMatchObject(unsaid);
      expect(tablesOf(ledger)).toEqual(tablesOf(openTempLedger(tempFolder())));
      const known = { model: 'm', rpm: 600, tpm: 90_000, windowMs: 1000 };
      expect([...learnedLimits(ledger.database, 'h', 6).values()]).toEqual([known]);
      expect(learnedLimits(ledger.database, 'h', 40 * 86_400_000).size).toBe(0);
    } finally {
      ledger.close();
    }
  },
);

test('a ledger of version 1 that is only read: stays as it is, and has no trace to tell of', async () => {
  const { path } = versionOne();
  const before = readFileSync(path);
  const facts = await readLedger(path, (database) => {
    const job = findJob(database, 'a');
    return job === null ? 'no job' : dispatchFacts(database, job, 10);
  });
  expect(facts).toBeNull();
  expect(readFileSync(path).equals(before)).toBe(true);
});

test.each(['a ledger of version 1', 'a new ledger'])(
  '%s: a state or a class that there is not is refused by the tables themselves',
  (which) => {
    const folder = tempFolder();
    const ledger = which === 'a new ledger' ? openTempLedger(folder) : openVersionOne();
    const job = findJob(ledger.database, 'a') ?? addJob(ledger, folder, { name: 'a' });
    commitLines(ledger, job, [settledOf(900)], { seqBefore: 0 });
    for (const change of ["lines SET state = 'done'", "attempts SET class = 'lost'"])
      expect(() => ledger.database.exec(`UPDATE ${change}`)).toThrow(/CHECK constraint failed/);
  },
);

function openVersionOne(): Ledger {
  const ledger = Ledger.open(versionOne().path, { adopt: false, wallMs: FAKE_WALL_START_MS });
  onTestFinished(() => {
    ledger.close();
  });
  return ledger;
}
