import { backoffMs, lastingBackoffMs, shortageBackoffMs } from '../backoff.ts';
import { classify, isOverload } from '../classify.ts';
import type { ApiFailure, Verdict } from '../failure.ts';
import { costOfFailure } from '../pricing/cost-of-answer.ts';
import { meetsLimitAgain, withTimeLimitAdvice } from '../time-limit.ts';
import { type Attempt, type Ending, type Next, NOTHING_USED } from './attempt.ts';
import { type Decision, decide } from './decide.ts';
import { refusedAlone } from './refused-alone.ts';
import { failedLine } from './settled-line.ts';
import { learnFrom } from './tally.ts';

/** Retried as soon as the limiter grants a ticket: it knows how long that takes. */
const WHEN_ADMITTED: Next = { waitMs: 0 };

/** Ends an attempt without an answer: counts it in the tally, decides what follows and carries that out. */
export function endFailed(attempt: Attempt, failure: ApiFailure): Ending {
  const { line, tally, context, ticket } = attempt;
  const { usage, statusCode, code, requestId } = failure;
  const verdict = classify(failure);
  const isDoubtful = context.firstReplies.isDoubtful(failure);
  const wouldMeetLimit = meetsLimitAgain(line, failure);
  const decision = decide({ failure, verdict, isDoubtful, wouldMeetLimit }, tally, context);
  if (decision.isCounted) tally.counted += 1;
  if (decision.isAmbiguous) tally.ambiguous += 1;
  learnFrom(failure, tally);
  const { next, refusedTimes } = carryOut(decision, attempt, { failure, verdict });
  const money = { pricing: context.pricing, reservedPico: ticket.reserved.pico };
  const { costPico, countedPico } = costOfFailure(failure, line, money);
  if (isOverload(failure, verdict)) ticket.overloaded(messageOf(failure));
  const isReply = failure.kind === 'http' || failure.kind === 'bad-response';
  const wallMs = context.clock.wallMs();
  context.report({
    event: 'attempt-ended',
    line: line.lineNo,
    class: verdict.billing,
    code,
    model: line.model,
  });
  const recorded =
    refusedTimes === undefined
      ? withTimeLimitAdvice(line, failure)
      : refusedAlone(failure, refusedTimes);
  return {
    end: {
      lineNo: line.lineNo,
      attempt: tally.attempt,
      endedAt: wallMs,
      class: verdict.billing,
      counted: decision.isCounted && !(decision.follows === 'stop' && next === 'open'),
      statusCode,
      code,
      requestId,
      usage,
      costPico,
    },
    settled:
      next === 'settled'
        ? failedLine(line, tally.attempt, { failure: recorded, unsent: false, wallMs })
        : null,
    used: {
      ...NOTHING_USED,
      tokens: usage?.totalTokens ?? null,
      uncertainPico: verdict.billing === 'possibly_billed' ? countedPico : 0,
    },
    isAdmitted: isReply && verdict.action !== 'throttle' && !isDoubtful,
    next,
  };
}

/**
 * Carries out a decision: tells the limiter and the run what a failure says of the model or the service, and asks them what
 * only they know. `refusedTimes`: the limiter gives up the line, which was refused that often while others were admitted.
 */
function carryOut(
  { follows }: Decision,
  { line, tally, context, ticket }: Attempt,
  { failure, verdict }: { readonly failure: ApiFailure; readonly verdict: Verdict },
): { readonly next: Next; readonly refusedTimes?: number } {
  const { limiter, clock, report } = context;
  const { retryAfterMs, message, code } = failure;
  switch (follows) {
    case 'leave open':
      return { next: 'open' };
    case 'fail':
      return { next: 'settled' };
    case 'pause all': {
      const waitMs = limiter.unreachable(message);
      report({ event: 'model-slowed', model: line.model, waitMs, reason: message });
      return { next: WHEN_ADMITTED };
    }
    case 'slow the model': {
      const { waitMs, givenUpAfter } = ticket.throttled(
        verdict.class,
        retryAfterMs,
        messageOf(failure),
      );
      if (givenUpAfter !== null) return { next: 'settled', refusedTimes: givenUpAfter };
      report({ event: 'model-slowed', model: line.model, waitMs, reason: code });
      return { next: WHEN_ADMITTED };
    }
    case 'retry': {
      const lasting = context.firstReplies.isLikelyAgain(failure) ? 'known' : verdict.lasting;
      const ownMs = pauseOf(lasting)(tally.counted, clock.random(), retryAfterMs);
      const allMs = limiter.retryWaitMs(verdict.class === 'timeout' ? 'timeout' : 'server');
      return { next: { waitMs: Math.max(ownMs, allMs) } };
    }
    case 'stop':
      return { next: context.onStop(line, verdict, failure) === 'fail' ? 'settled' : 'open' };
  }
}

/** What the service said, for whoever tells why nothing was admitted; as it came. */
function messageOf({ code, message }: ApiFailure): string {
  return `${code}: ${message}`;
}

/** How long a line waits before it is tried again, by how long such a failure lasts. */
function pauseOf(lasting: Verdict['lasting']): typeof backoffMs {
  if (lasting === undefined) return backoffMs;
  return lasting === 'known' ? lastingBackoffMs : shortageBackoffMs;
}
