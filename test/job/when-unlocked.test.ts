import { expect, test } from 'vitest';
import { EXIT, QbatchError } from '../../src/errors.ts';
import { RunStop } from '../../src/job/run-stop.ts';
import { whenUnlockedOf } from '../../src/job/when-unlocked.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const cause = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
const BUSY = new QbatchError(EXIT.busy, 'another program holds a lock', undefined, cause);

/** Something that writes the ledger before the first call, and throws what `fails` says. */
function open(fails: () => Error | null) {
  const clock = createFakeClock();
  const stop = new RunStop();
  const told: RunEvent[] = [];
  const whenUnlocked = whenUnlockedOf({ clock, stop, report: (event) => told.push(event) });
  let tries = 0;
  let end: unknown = null;
  const ended = (how: unknown): void => {
    end = how;
  };
  const act = (): Promise<string> => {
    tries += 1;
    const failure = fails();
    return failure === null ? Promise.resolve('made') : Promise.reject(failure);
  };
  whenUnlocked(act).then(ended, ended);
  return { clock, stop, told, end: () => end, tries: () => tries };
}

test('locked for a minute before the first call: told once, then done', async () => {
  let failure: Error | null = BUSY;
  const at = open(() => failure);
  await at.clock.advance(60_000);
  expect(at.end()).toBeNull();
  expect(at.tries()).toBeGreaterThan(50);
  failure = null;
  await at.clock.advance(1_000);
  expect(at.end()).toBe('made');
  expect(at.told).toMatchObject([{ event: 'notice', severity: 'warning' }]);
});

test('locked for longer than two minutes: 75, as the ledger said it', async () => {
  const at = open(() => BUSY);
  await at.clock.advance(119_000);
  expect(at.end()).toBeNull();
  await at.clock.advance(2_000);
  expect(at.end()).toBe(BUSY);
});

test('a signal while it is locked: its code, at once', async () => {
  const at = open(() => BUSY);
  await at.clock.advance(3_000);
  at.stop.hurry();
  at.stop.stop({ reason: 'terminated', code: EXIT.terminated, message: 'terminated by a signal' });
  await at.clock.advance(0);
  expect(at.end()).toMatchObject({ exitCode: EXIT.terminated });
});

test('another run holds the ledger, or the disk fails: not waited for', async () => {
  const held = new QbatchError(EXIT.busy, 'another run holds it');
  const at = open(() => held);
  await at.clock.advance(0);
  expect(at.end()).toBe(held);
  expect(at.tries()).toBe(1);
  expect(at.told).toEqual([]);
});
