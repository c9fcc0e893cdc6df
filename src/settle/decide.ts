import type { ApiFailure, Verdict } from '../failure.ts';
import type { Tally } from './tally.ts';

/** A call that may have been billed without an answer is made at most this often per line. */
const AMBIGUOUS_MAX = 2;

/** An attempt without an answer, and what is known of it. */
export type FailedAttempt = {
  readonly failure: Pick<ApiFailure, 'kind' | 'neverSent'>;
  readonly verdict: Pick<Verdict, 'action' | 'billing'>;
  /** It is not yet known who replies, so the reply is no verdict on the line (`FirstReplies`). */
  readonly isDoubtful: boolean;
  /** The same call would hit the service's time limit again (`meetsLimitAgain`). */
  readonly wouldMeetLimit: boolean;
};

/** What the user allows per line. */
export type Allowance = {
  readonly maxAttempts: number;
  readonly onAmbiguous: 'retry' | 'fail';
};

/** How a failed attempt counts, and what follows for its line. */
export type Decision = {
  /** It counts toward `--max-attempts`. */
  readonly isCounted: boolean;
  /** It may have been billed. */
  readonly isAmbiguous: boolean;
  /**
   * - `leave open`: nothing more in this run; a later run takes the line up again.
   * - `fail`: the line is settled.
   * - `pause all`: the service was not reached, or something else replied: the whole run pauses, then the line is retried.
   * - `slow the model`: a quota was met. The limiter says when the line is retried, or that it is given up.
   * - `retry`: the line is retried after its own backoff.
   * - `stop`: nothing of the model, or of the account, can succeed. The run says whether the line fails or stays open; if
   *   it stays open it was not to blame, and the attempt does not count after all.
   */
  readonly follows: 'leave open' | 'fail' | 'pause all' | 'slow the model' | 'retry' | 'stop';
};

/**
 * What follows a failed attempt, given the line's counts before. Pure: nothing is notified or counted yet.
 *
 * The first that holds: the user dropped the call; it was never sent; it may have been paid for, and the user or the bound
 * on such calls forbids another; it is unknown who replied; else the verdict's action, a retry only while attempts are
 * left.
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
    const isRetryPointless = wouldMeetLimit || before.ambiguous + 1 >= AMBIGUOUS_MAX;
    if (isRetryPointless || onAmbiguous === 'fail') return { ...counts, follows: 'fail' };
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
