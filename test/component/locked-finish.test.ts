import { afterEach, expect, onTestFinished, test } from 'vitest';
import { findJob } from '../../src/ledger/jobs.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import Database from '../helpers/sqlite.mjs';
import { closeHarnesses, createHarness, type Harness } from './job-harness.ts';

const LINES = 3;

afterEach(closeHarnesses);

/** Another program, that locks the ledger for writing once the last line was told to be settled. */
function lockAtTheEnd(at: Harness): { see(event: RunEvent): void; giveBack(): void } {
  let settled = 0;
  const other = new Database(at.ledgerPath);
  onTestFinished(() => {
    other.close();
  });
  return {
    see(event) {
      if (event.event !== 'line-settled') return;
      settled += 1;
      if (settled === LINES) other.exec('BEGIN IMMEDIATE');
    },
    giveBack() {
      other.exec('ROLLBACK');
    },
  };
}

async function prepared(): Promise<Harness> {
  const at = await createHarness();
  at.writeInput(
    Array.from({ length: LINES }, (_, index) => ({ custom_id: `第${index + 1}`, prompt: '你好' })),
  );
  return at;
}

const isWait = (event: RunEvent): boolean =>
  event.event === 'notice' && event.message.includes('the run ends once it is unlocked');

test('the ledger is locked once every line is settled: the run waits for it, and has finished', async () => {
  const at = await prepared();
  let other: ReturnType<typeof lockAtTheEnd> | null = null;
  let waits = 0;
  const result = await at.run({
    onEvent(event) {
      if (event.event === 'job-start') other = lockAtTheEnd(at);
      other?.see(event);
      if (!isWait(event)) return;
      waits += 1;
      other?.giveBack();
    },
  });
  expect(waits).toBe(1);
  expect(result).toMatchObject({
    exitCode: 0,
    summary: { stopped: null },
    job: { state: 'finished' },
  });
  expect(at.results()).toHaveLength(LINES);
  expect(at.simulator.stats().calls).toBe(LINES);
});

test('a signal comes while it is waited for: its code, and the same command finishes the job without a call', async () => {
  const at = await prepared();
  let other: ReturnType<typeof lockAtTheEnd> | null = null;
  const result = await at.run({
    onEvent(event, stop) {
      if (event.event === 'job-start') other = lockAtTheEnd(at);
      other?.see(event);
      if (!isWait(event)) return;
      stop.hurry();
      stop.stop({ reason: 'terminated', code: 143, message: 'terminated by a signal' });
    },
  });
  expect(result).toMatchObject({
    exitCode: 143,
    summary: { lines: { answered: LINES, open: 0 }, stopped: { reason: 'terminated' } },
  });
  (other as ReturnType<typeof lockAtTheEnd> | null)?.giveBack();
  expect(await at.run()).toMatchObject({ exitCode: 0 });
  expect(at.look((ledger) => findJob(ledger.database, 'reviews')?.state)).toBe('finished');
  expect(at.results()).toHaveLength(LINES);
  expect(at.simulator.stats().calls).toBe(LINES);
});
