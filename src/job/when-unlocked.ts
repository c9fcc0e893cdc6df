import type { Clock } from '../clock.ts';
import { EXIT, QbatchError } from '../errors.ts';
import type { Report } from '../reporters/reporter.ts';
import { afterLock, WAIT_TEXT } from './after-lock.ts';
import type { RunStop } from './run-stop.ts';

/** Runs a ledger write before the first call, once no other program holds a lock on it. */
export type WhenUnlocked = <T>(act: () => T | Promise<T>) => Promise<T>;

const WAITING_TEXT = `the ledger is locked by another program: nothing is sent until it is unlocked; ${WAIT_TEXT}`;

/**
 * How a run waits for locks before its first call. Throws any error of `act`, 75 if a lock outlasts the wait, and the code
 * of the signal that ended it.
 */
export function whenUnlockedOf(options: {
  readonly clock: Clock;
  readonly stop: RunStop;
  readonly report: Report;
}): WhenUnlocked {
  const { clock, stop, report } = options;
  return async (act) => {
    const hurry = stop.hurrySignal;
    const done = await afterLock({ clock, hurry, report, text: WAITING_TEXT }, act);
    if (done !== null) return done.value;
    throw new QbatchError(
      stop.stopped?.code ?? EXIT.interrupted,
      'stopped before anything was sent, while the ledger was locked by another program',
      'run the same command again',
    );
  };
}
