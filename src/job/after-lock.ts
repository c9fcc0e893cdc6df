import { type Clock, pause } from '../clock.ts';
import { isBusy } from '../ledger/busy.ts';
import type { Report } from '../reporters/reporter.ts';
import { LOCK_PATIENCE_MS } from './commits.ts';

const RETRY_EVERY_MS = 1_000;

export type AfterLockOptions = {
  readonly clock: Clock;
  /** A signal came: nobody wants to wait. */
  readonly hurry: AbortSignal;
  readonly report: Report;
  /** What is told, once, where a lock has to be waited for. */
  readonly text: string;
};

/** How long a lock is waited for, and what ends that, for the texts that tell of it. */
export const WAIT_TEXT: string = `retrying for up to ${LOCK_PATIENCE_MS / 1000} s; Ctrl-C ends the wait`;

/**
 * Does what writes the ledger while nothing is in flight, and is all or nothing. A lock of another program is waited for: what is
 * to run all night is not to end with 75 for a backup. Resolves with what `act` returned, or null where a signal came: it
 * was left undone. Throws what else keeps it from being done, and 75 where the lock outlasts the wait.
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
