import { describe, expect, test } from 'vitest';
import { type Decision, decide, type FailedAttempt } from '../../src/settle/decide.ts';

type Case = {
  readonly name: string;
  readonly failure?: Partial<FailedAttempt['failure']>;
  readonly verdict?: Partial<FailedAttempt['verdict']>;
  readonly isDoubtful?: boolean;
  readonly wouldMeetLimit?: boolean;
  /** Attempts counted before, of them ones that may have been billed. */
  readonly before?: { readonly counted?: number; readonly ambiguous?: number };
  readonly onAmbiguous?: 'fail';
  readonly follows: Decision['follows'];
  readonly counts?: 'counted' | 'counted, ambiguous';
};

const MAX_ATTEMPTS = 3;

/** What follows the attempt of a case, and what it counts for. */
function decided(one: Case): { follows: Decision['follows']; counts: string } {
  const { isCounted, isAmbiguous, follows } = decide(
    {
      failure: { kind: 'http', neverSent: false, ...one.failure },
      verdict: { action: 'retry', billing: 'rejected', ...one.verdict },
      isDoubtful: one.isDoubtful ?? false,
      wouldMeetLimit: one.wouldMeetLimit ?? false,
    },
    { counted: 0, ambiguous: 0, ...one.before },
    { maxAttempts: MAX_ATTEMPTS, onAmbiguous: one.onAmbiguous ?? 'retry' },
  );
  const counts = [isCounted ? 'counted' : '', isAmbiguous ? 'ambiguous' : ''];
  return { follows, counts: counts.filter((word) => word !== '').join(', ') };
}

const BILLED = { billing: 'possibly_billed' } as const;
const DROPPED = { kind: 'interrupted' } as const;

const CASES: readonly Case[] = [
  // The verdict's own action.
  { name: 'server error', follows: 'retry', counts: 'counted' },
  { name: 'bad request', verdict: { action: 'fail' }, follows: 'fail', counts: 'counted' },
  { name: 'quota', verdict: { action: 'throttle' }, follows: 'slow the model' },
  { name: 'no access', verdict: { action: 'stop' }, follows: 'stop', counts: 'counted' },

  // Attempts that are left.
  {
    name: 'server error, the last but one attempt',
    before: { counted: MAX_ATTEMPTS - 2 },
    follows: 'retry',
    counts: 'counted',
  },
  {
    name: 'server error, the last attempt',
    before: { counted: MAX_ATTEMPTS - 1 },
    follows: 'fail',
    counts: 'counted',
  },
  {
    name: 'quota, after all attempts but one: refusals cost none',
    verdict: { action: 'throttle' },
    before: { counted: MAX_ATTEMPTS - 1 },
    follows: 'slow the model',
  },

  // Calls that may have been paid for.
  { name: 'lost reply', verdict: BILLED, follows: 'retry', counts: 'counted, ambiguous' },
  {
    name: 'lost reply, the second',
    verdict: BILLED,
    before: { counted: 1, ambiguous: 1 },
    follows: 'fail',
    counts: 'counted, ambiguous',
  },
  {
    name: 'lost reply, not to be paid twice',
    verdict: BILLED,
    onAmbiguous: 'fail',
    follows: 'fail',
    counts: 'counted, ambiguous',
  },
  {
    name: 'lost reply at the time limit, which it would meet again',
    verdict: BILLED,
    wouldMeetLimit: true,
    follows: 'fail',
    counts: 'counted, ambiguous',
  },
  {
    name: 'refused with tokens taken: counted although it is a throttle',
    verdict: { action: 'throttle', ...BILLED },
    follows: 'slow the model',
    counts: 'counted, ambiguous',
  },
  {
    name: 'server error that took nothing, although calls that did are used up',
    before: { ambiguous: 2 },
    onAmbiguous: 'fail',
    follows: 'retry',
    counts: 'counted',
  },

  // The call never left.
  {
    name: 'no connection',
    failure: { kind: 'network', neverSent: true },
    before: { counted: MAX_ATTEMPTS - 1 },
    follows: 'pause all',
  },

  // Nobody knows who replies.
  { name: 'a stranger', isDoubtful: true, follows: 'pause all' },
  {
    name: 'a stranger who fails the line: no verdict',
    verdict: { action: 'fail' },
    isDoubtful: true,
    follows: 'pause all',
  },
  {
    name: 'a stranger, after a call was lost',
    verdict: BILLED,
    isDoubtful: true,
    follows: 'pause all',
    counts: 'counted, ambiguous',
  },
  {
    name: 'a stranger, with one attempt left, which it does not use up',
    isDoubtful: true,
    before: { counted: MAX_ATTEMPTS - 1 },
    follows: 'pause all',
  },
  {
    name: 'a stranger, with no attempt left',
    isDoubtful: true,
    before: { counted: MAX_ATTEMPTS },
    follows: 'fail',
  },

  // The user drops the call.
  { name: 'dropped', failure: DROPPED, verdict: BILLED, follows: 'leave open' },
  {
    name: 'dropped, not to be paid twice',
    failure: DROPPED,
    verdict: BILLED,
    onAmbiguous: 'fail',
    follows: 'fail',
    counts: 'counted',
  },
  {
    name: 'dropped before it was sent, not to be paid twice',
    failure: { ...DROPPED, neverSent: true },
    onAmbiguous: 'fail',
    follows: 'leave open',
  },
];

describe('decide: what follows a failed attempt', () => {
  test.each(CASES)('$name: $follows', (one) => {
    expect(decided(one)).toEqual({ follows: one.follows, counts: one.counts ?? '' });
  });
});
