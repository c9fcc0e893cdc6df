import type { Clock } from '../clock.ts';
import { waitForLocks } from '../ledger/busy.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Report } from '../reporters/reporter.ts';
import { afterLock, WAIT_TEXT } from './after-lock.ts';
import type { RunStop } from './run-stop.ts';

const WAITING_TEXT = `every line is settled, but the ledger is locked by another program: the run ends once it is unlocked; ${WAIT_TEXT}`;

/**
 * Runs the last transaction of a job whose lines are all settled, waiting for another program's lock. If a signal came it
 * is left undone: nothing is lost, and the same command does it later. Throws any other error, and 75 if the lock outlasts
 * the wait.
 */
export async function finishAfterLock(
  { ledger, clock, stop, report }: { ledger: Ledger; clock: Clock; stop: RunStop; report: Report },
  act: () => void,
): Promise<void> {
  const hurry = stop.hurrySignal;
  await afterLock({ clock, hurry, report, text: WAITING_TEXT }, () => {
    waitForLocks(ledger, hurry.aborted ? 'briefly' : 'shortly');
    act();
  });
}
