import { afterEach, expect, onTestFinished, test } from 'vitest';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import Database from '../helpers/sqlite.mjs';
import { closeHarnesses, createHarness } from './job-harness.ts';

const LINES = 400;

afterEach(closeHarnesses);

const isLocked = (event: RunEvent): boolean =>
  event.event === 'notice' && event.message.includes('the ledger is locked by another program');

test('a stop while replies wait for a locked ledger: progress and stop tell one number of calls in flight', async () => {
  const at = await createHarness();
  at.writeInput(
    Array.from({ length: LINES }, (_, index) => ({ custom_id: `第${index + 1}`, prompt: '你好' })),
  );
  let other: InstanceType<typeof Database> | null = null;
  onTestFinished(() => void other?.close());
  let locked = false;
  const told: [event: string, inFlight: number][] = [];
  const result = await at.run({
    settings: { concurrency: 4 },
    onEvent(event, stop) {
      if (event.event === 'line-settled' && other === null) {
        other = new Database(at.ledgerPath);
        other.exec('BEGIN IMMEDIATE');
      }
      if (isLocked(event)) locked = true;
      if (!locked || told.length === 2) return;
      if (event.event === 'progress') {
        told.push([event.event, event.inFlight]);
        stop.stop({ reason: 'terminated', code: 143, message: 'terminated by a signal' });
      } else if (event.event === 'stopping') {
        told.push([event.event, event.inFlight]);
        other?.exec('ROLLBACK');
      }
    },
  });
  expect(result).toMatchObject({ exitCode: 143 });
  expect(told).toEqual([
    ['progress', 0],
    ['stopping', 0],
  ]);
});
