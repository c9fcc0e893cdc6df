import { type Clock, pause } from '../clock.ts';
import { isBusy } from '../ledger/busy.ts';
import type { Report } from '../reporters/reporter.ts';
import { LOCK_PATIENCE_MS } from './commits.ts';

const RETRY_EVERY_MS = 1_000;

export type AfterLockOptions = {
  readonly clock: Clock;
  /** A signal came: do not wait. */
  readonly hurry: AbortSignal;
  readonly report: Report;
  /** Reported once if a lock has to be waited for. */
  readonly text: string;
};

/** How long a lock is waited for, and what ends the wait; for messages. */
export const WAIT_TEXT: string = `retrying for up to ${LOCK_PATIENCE_MS / 1000} s; Ctrl-C ends the wait`;

/**
 * Runs `act`, an all-or-nothing ledger write, while nothing is in flight. Waits for another program's lock: a job meant to
 * run all night must not end with 75 because of a backup. Resolves with what `act` returned, or null if a signal came and
 * it was left undone. Throws any other error of `act`, and 75 if the lock outlasts the wait.
 */
export async function afterLock<T>(
  { clock, hurry, report, text }: AfterLockOptions,
  act: () => T | Promise<T>,
): Promise<{ readonly value: T } | null> {
  const sinceMs = clock.monotonicMs();
  let isTold = false;
  for (;;) {
    try {
      return { value: await act() };
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (hurry.aborted) return null;
      if (clock.monotonicMs() - sinceMs >= LOCK_PATIENCE_MS) throw error;
    }
    if (!isTold) report({ event: 'notice', severity: 'warning', message: text });
    isTold = true;
    await pause(clock, RETRY_EVERY_MS, hurry);
  }
}
