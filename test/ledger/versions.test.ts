import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from '../helpers/sqlite.mjs';
import { expect, test } from 'vitest';
import { findJob } from '../../src/ledger/jobs.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { readLedger } from '../../src/ledger/read-ledger.ts';
import { dispatchFacts } from '../../src/ledger/read-trace.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from '../../src/ledger/schema.ts';
import { FAKE_WALL_START_MS } from '../helpers/fake-clock.ts';
import { openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

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

function tablesOf(ledger: Ledger): unknown[] {
  return ledger.database
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all();
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
