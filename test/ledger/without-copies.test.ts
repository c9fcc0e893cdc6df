import { copyFileSync, rmSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { chooseJob, chooseJobs } from '../../src/ledger/find-jobs.ts';
import { findJob } from '../../src/ledger/jobs.ts';
import { folderOfTest, NONE } from './folder-of-test.ts';
import { addJob, openLedger, SAMPLE, STARTED_AT } from './sample-job.ts';

/** The sample's last call began two days after its first. */
const DAY_MS = 24 * 60 * 60 * 1000;

const folder = folderOfTest();
const at = (name: string): string => folder.at(name);

/** Sets when the job of a ledger was last changed, as a run of it at `name` does. */
function touch(name: string, updatedAt: number): void {
  const ledger = openLedger(at(name));
  const job = findJob(ledger.database, 'exam');
  if (job === null) throw new Error('no job');
  ledger.transact(() => {
    ledger.database
      .prepare('UPDATE jobs SET updated_at = ?, ledger_path = ? WHERE id = ?')
      .run(updatedAt, at(name), job.id);
  });
  ledger.close();
}

function backUp(from: string, to: string): void {
  for (const end of ['', '.mark']) copyFileSync(at(from) + end, at(to) + end);
}

beforeEach(() => {
  const ledger = openLedger(at('exam.qbatch.db'));
  addJob(ledger, SAMPLE, { name: 'exam', inputPath: at('exam.jsonl') });
  ledger.close();
  touch('exam.qbatch.db', 1000);
  backUp('exam.qbatch.db', 'before.qbatch.db');
});

const found = (): string[] => chooseJobs(NONE, folder.path).map(({ ledgerPath }) => ledgerPath);

test('a backup beside its ledger: the ledger is meant, by name, by input and where nothing is named', () => {
  touch('exam.qbatch.db', 2000);
  for (const job of [undefined, 'exam'])
    for (const purpose of ['look', 'resume', 'retry'] as const)
      expect(chooseJob({ ...NONE, job }, folder.path, purpose).ledgerPath).toBe(
        at('exam.qbatch.db'),
      );
  expect(found()).toEqual([at('exam.qbatch.db')]);
  // Who names the backup means it.
  const named = { ...NONE, job: 'before.qbatch.db' };
  expect(chooseJob(named, folder.path).ledgerPath).toBe(at('before.qbatch.db'));
});

test('a backup that is ahead, as where the ledger was replaced by an older one: both are told', () => {
  touch('exam.qbatch.db', 2000);
  backUp('exam.qbatch.db', 'newer.qbatch.db');
  backUp('before.qbatch.db', 'exam.qbatch.db');
  expect(found()).toEqual([at('exam.qbatch.db'), at('newer.qbatch.db')]);
  expect(() => chooseJob(NONE, folder.path)).toThrow(/several jobs match/);
});

test('a copy that was run on its own is no backup: both were paid for', () => {
  touch('before.qbatch.db', 500);
  expect(found()).toEqual([at('before.qbatch.db'), at('exam.qbatch.db')]);
});

test('a backup alone is what there is', () => {
  for (const end of ['', '.mark']) rmSync(at(`exam.qbatch.db${end}`));
  expect(found()).toEqual([at('before.qbatch.db')]);
});

/** Makes one more call of line 6, as a run of the ledger at `name` does. */
function callAgain(name: string, startedAt: number): void {
  const ledger = openLedger(at(name));
  const job = findJob(ledger.database, 'exam');
  if (job === null) throw new Error('no job');
  const start = {
    lineNo: 6,
    attempt: 2,
    customId: 'six',
    model: 'qwen-plus',
    startedAt,
    estimatedTokens: 100,
    estimatedPico: 1_000,
  };
  const batch = { starts: [start], ends: [], settled: [] };
  ledger.commit(job.id, batch, { wallMs: startedAt, seqBefore: 6, cursor: null });
  ledger.close();
}

test('a ledger that was moved aside for its backup, which then was run: the calls of both were paid for', () => {
  callAgain('exam.qbatch.db', STARTED_AT + 3 * DAY_MS);
  touch('exam.qbatch.db', 1500);
  backUp('exam.qbatch.db', 'aside.qbatch.db');
  backUp('before.qbatch.db', 'exam.qbatch.db');
  callAgain('exam.qbatch.db', STARTED_AT + 4 * DAY_MS);
  touch('exam.qbatch.db', 2000);
  // Of the backup the ledger has every call; of the other one it lacks the last.
  expect(found()).toEqual([at('aside.qbatch.db'), at('exam.qbatch.db')]);
});
