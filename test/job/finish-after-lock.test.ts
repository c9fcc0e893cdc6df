import { expect, test } from 'vitest';
import { EXIT, QbatchError } from '../../src/errors.ts';
import { finishAfterLock } from '../../src/job/finish-after-lock.ts';
import { RunStop } from '../../src/job/run-stop.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import { createFakeClock, settleTurns } from '../helpers/fake-clock.ts';
import { openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

const cause = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
const BUSY = new QbatchError(EXIT.busy, 'another program holds a lock', undefined, cause);

/** A last transaction, that finds the ledger locked while `isLocked` says so. */
function open({ isLocked }: { isLocked(): boolean }) {
  const clock = createFakeClock();
  const told: RunEvent[] = [];
  let tries = 0;
  const done = finishAfterLock(
    {
      ledger: openTempLedger(tempFolder()),
      clock,
      stop: new RunStop(),
      report: (event) => {
        told.push(event);
      },
    },
    () => {
      tries += 1;
      if (isLocked()) throw BUSY;
    },
  );
  let end: unknown = null;
  const ended = (how: unknown): void => {
    end = how;
  };
  done.then(() => {
    ended('done');
  }, ended);
  return { clock, told, end: () => end, tries: () => tries };
}

test('the lock goes away: told once, tried once more, done', async () => {
  let isLocked = true;
  const at = open({ isLocked: () => isLocked });
  await at.clock.advance(60_000);
  expect(at.end()).toBeNull();
  const tries = at.tries();
  isLocked = false;
  await at.clock.advance(1_000);
  expect(at.end()).toBe('done');
  expect(at.tries()).toBe(tries + 1);
  expect(at.told).toMatchObject([{ event: 'notice', severity: 'warning' }]);
});

test('it outlasts two minutes: what the ledger said is thrown', async () => {
  const at = open({ isLocked: () => true });
  await at.clock.advance(119_000);
  expect(at.end()).toBeNull();
  await at.clock.advance(2_000);
  expect(at.end()).toBe(BUSY);
});

test('it was never locked: done at once, nothing is told', async () => {
  const at = open({ isLocked: () => false });
  await settleTurns();
  expect(at.end()).toBe('done');
  expect(at.told).toEqual([]);
});
