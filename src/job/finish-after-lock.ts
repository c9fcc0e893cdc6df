import { type Clock, pause } from '../clock.ts';
import { isBusy, waitForLocks } from '../ledger/busy.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Report } from '../reporters/reporter.ts';
import { LOCK_PATIENCE_MS } from './commits.ts';
import type { RunStop } from './run-stop.ts';

const RETRY_EVERY_MS = 1_000;

const WAITING_TEXT = `every line is settled; the ledger is locked by another program, and the run ends when it is given back: tried again for ${LOCK_PATIENCE_MS / 1000} s; Ctrl-C ends the wait`;

/**
 * Does the last transaction of a job whose lines are all settled. A lock of another program is waited for as in the run before:
 * what ran all night is not to end with 75 for a backup that began a moment too early. Where a signal came nobody wants to
 * wait: it is left undone, nothing is lost by that, and the same command does it. Throws what else keeps it from being done,
 * and 75 where the lock outlasts the wait.
 */
export async function finishAfterLock(
  { ledger, clock, stop, report }: { ledger: Ledger; clock: Clock; stop: RunStop; report: Report },
  act: () => void,
): Promise<void> {
  const { hurrySignal } = stop;
  const sinceMs = clock.monotonicMs();
  let isTold = false;
  for (;;) {
    waitForLocks(ledger, hurrySignal.aborted ? 'briefly' : 'shortly');
    try {
      act();
      return;
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (hurrySignal.aborted) return;
      if (clock.monotonicMs() - sinceMs >= LOCK_PATIENCE_MS) throw error;
    }
    if (!isTold) report({ event: 'notice', severity: 'warning', message: WAITING_TEXT });
    isTold = true;
    await pause(clock, RETRY_EVERY_MS, hurrySignal);
  }
}
