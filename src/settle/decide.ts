import type { ApiFailure, Verdict } from '../failure.ts';
import type { Tally } from './tally.ts';

/** A call that may have been billed but brought no answer is made at most this often for one line. */
const AMBIGUOUS_MAX = 2;

/** An attempt that brought no answer, and what is known of it. */
export type FailedAttempt = {
  readonly failure: Pick<ApiFailure, 'kind' | 'neverSent'>;
  readonly verdict: Pick<Verdict, 'action' | 'billing'>;
  /** Nobody knows yet who replies, so that the reply is no verdict on the line (`FirstReplies`). */
  readonly isDoubtful: boolean;
  /** The same call would stop at the service's time limit again (`meetsLimitAgain`). */
  readonly wouldMeetLimit: boolean;
};

/** What the user allows a line. */
export type Allowance = {
  readonly maxAttempts: number;
  readonly onAmbiguous: 'retry' | 'fail';
};

/** What a failed attempt counts for, and what follows for its line. */
export type Decision = {
  /** It is one of the attempts that `--max-attempts` allows. */
  readonly isCounted: boolean;
  /** It may have been billed. */
  readonly isAmbiguous: boolean;
  /**
   * - `leave open`: nothing more in this run; a later one takes the line up again.
   * - `fail`: the line is settled.
   * - `pause all`: the service was not reached, or somebody else replied: the whole run pauses, then the line is tried again.
   * - `slow the model`: a quota was met. The limiter says when the line is tried again, or that it is given up.
   * - `retry`: the line is tried again after a pause of its own.
   * - `stop`: nothing of the model, or the account, can succeed. The run says whether the line fails or stays open; where it
   *   stays open it was not to blame, and the attempt is not counted after all.
   */
  readonly follows: 'leave open' | 'fail' | 'pause all' | 'slow the model' | 'retry' | 'stop';
};

/**
 * What follows a failed attempt, given what was counted of the line before. Pure: nobody is told, nothing is counted yet.
 *
 * The first of these that holds: the user dropped the call; it was never sent; it may have been paid for, and the user or the
 * bound on such calls says no to another; nobody knows who replied; else the verdict's action, a retry only while attempts
 * are left.
 */
export function decide(
  { failure, verdict, isDoubtful, wouldMeetLimit }: FailedAttempt,
  before: Pick<Tally, 'counted' | 'ambiguous'>,
  { maxAttempts, onAmbiguous }: Allowance,
): Decision {
  if (failure.kind === 'interrupted') {
    const isNotPaidTwice = onAmbiguous === 'fail' && !failure.neverSent;
    const follows = isNotPaidTwice ? 'fail' : 'leave open';
    return { isCounted: isNotPaidTwice, isAmbiguous: false, follows };
  }
  if (failure.neverSent) return { isCounted: false, isAmbiguous: false, follows: 'pause all' };

  const isAmbiguous = verdict.billing === 'possibly_billed';
  const isVerdict = verdict.action !== 'throttle' && !isDoubtful;
  const counts = { isCounted: isAmbiguous || isVerdict, isAmbiguous };
  if (isAmbiguous) {
    const isBoughtInVain = wouldMeetLimit || before.ambiguous + 1 >= AMBIGUOUS_MAX;
    if (isBoughtInVain || onAmbiguous === 'fail') return { ...counts, follows: 'fail' };
  }
  const isSpent = before.counted + (counts.isCounted ? 1 : 0) >= maxAttempts;
  if (isDoubtful) return { ...counts, follows: isSpent ? 'fail' : 'pause all' };
  switch (verdict.action) {
    case 'throttle':
      return { ...counts, follows: 'slow the model' };
    case 'retry':
      return { ...counts, follows: isSpent ? 'fail' : 'retry' };
    case 'fail':
      return { ...counts, follows: 'fail' };
    case 'stop':
      return { ...counts, follows: 'stop' };
  }
}
