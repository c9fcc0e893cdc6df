import { backoffMs } from './backoff.ts';
import type { Transport } from './call.ts';
import { classify, isOverload } from './classify.ts';
import { costOfAnswer, costOfFailure } from './pricing/cost-of-answer.ts';
import { type Clock, pause } from './clock.ts';
import { DROPPED_BEFORE_SENDING } from './settle/dropped-call.ts';
import { NOT_PAID_TWICE } from './settle/not-paid-twice.ts';
import type { ApiFailure, Verdict } from './failure.ts';
import type { Journal } from './execute/journal.ts';
import type { AttemptEnd, SettledLine } from './ledger/records.ts';
import type { Expectations } from './job/expectations.ts';
import type { FirstReplies } from './job/first-replies.ts';
import type { Limiter } from './limits/limiter.ts';
import type { Ticket } from './limits/ticket.ts';
import type { PlannedLine } from './plan.ts';
import type { Pricing } from './pricing.ts';
import type { Decoded, Protocol, ProtocolName } from './protocols/protocol.ts';
import { decodeResult } from './settle/decode-result.ts';
import { redactDecoded } from './settle/redact-decoded.ts';
import { refusedAlone } from './settle/refused-alone.ts';
import type { Report } from './reporters/reporter.ts';
import { settleUnsent } from './settle/settle-unsent.ts';
import { answeredLine, failedLine } from './settle/settled-line.ts';
import { callToMake } from './settle/streamed-call.ts';
import { learnFrom, openTally, type Tally } from './settle/tally.ts';
import { tellBegun } from './settle/tell-begun.ts';
import { meetsLimitAgain, toldOfLimit } from './time-limit.ts';

/** A call that may have been billed but brought no answer is made at most this often for one line. */
const AMBIGUOUS_MAX = 2;

/** Why lines of a model are not sent: they stay open, or (the model does not exist) fail unsent. */
export type Parked = { readonly failure: ApiFailure; readonly failUnsent: boolean };

/** Everything a line needs to be settled. */
export type SettleContext = {
  readonly clock: Clock;
  readonly limiter: Limiter;
  readonly transport: Transport;
  readonly protocols: Readonly<Record<ProtocolName, Protocol>>;
  readonly journal: Journal;
  readonly pricing: Pricing;
  /** Is told what each answer took. */
  readonly expectations: Pick<Expectations, 'answered'>;
  readonly maxAttempts: number;
  readonly onAmbiguous: 'retry' | 'fail';
  /** No new calls, no retries. */
  readonly stop: AbortSignal;
  /** Calls in flight are dropped. */
  readonly abort: AbortSignal;
  /** Models whose lines are not sent any more. */
  readonly parked: ReadonlyMap<string, Parked>;
  /** A verdict to stop the model or the account; says what becomes of the line that met it. */
  onStop(line: PlannedLine, verdict: Verdict, failure: ApiFailure): 'open' | 'fail';
  /** Who replies: until that is known, a stranger's reply is no verdict on a line. */
  readonly firstReplies: Pick<FirstReplies, 'answered' | 'isDoubtful'>;
  /** Takes the key out of a text, and out of JSON. */
  redact(text: string): string;
  redactJson(json: string): string;
  readonly report: Report;
};

/** Where an attempt is made. */
type At = { readonly context: SettleContext; readonly ticket: Ticket };

/** What follows an attempt: nothing in this run, or another one, after so many milliseconds. */
type Next = 'done' | { readonly waitMs: number };

/**
 * Takes one line from planned to settled: admit, write down the start, call, decode, classify, and
 * again until it is answered, has failed for good, or the run stops (then it stays open). The only
 * place where calls are made and retries decided. A failure is data; only bugs reject.
 */
export async function settleLine(line: PlannedLine, context: SettleContext): Promise<void> {
  const tally = openTally(line);
  if (context.onAmbiguous === 'fail' && tally.ambiguous > 0) {
    await settleUnsent(line, tally.attempt, { ...context, failure: NOT_PAID_TWICE });
    return;
  }
  for (let isAgain = false; ; isAgain = true) {
    const ticket = await context.limiter.admit(line, isAgain);
    if (ticket === null) {
      // A line of a model that does not exist fails unsent; any other that got no leave stays open.
      const parked = context.parked.get(line.model);
      if (parked?.failUnsent === true && !context.stop.aborted)
        await settleUnsent(line, tally.attempt, { ...context, failure: parked.failure });
      return;
    }
    const next = await tryOnce(line, tally, { context, ticket });
    if (next === 'done' || context.stop.aborted) return;
    if (next.waitMs > 0) await pause(context.clock, next.waitMs, context.stop);
  }
}

/** What an attempt took, for the budget and the pace. */
type Taken = Parameters<Ticket['release']>[0];

const NOTHING_TAKEN: Taken = { tokens: null, pico: 0, uncertainPico: 0, latencyMs: null };

/**
 * One attempt, from its durable start record to its durable end record. The slot goes on with the end record: the start
 * of the call that gets it joins the same commit or a later one, and no call leaves before its start is durable.
 */
async function tryOnce(line: PlannedLine, tally: Tally, at: At): Promise<Next> {
  const { context, ticket } = at;
  let result = DROPPED_BEFORE_SENDING;
  try {
    tally.attempt += 1;
    const isWritten = await context.journal.started({
      lineNo: line.lineNo,
      attempt: tally.attempt,
      customId: line.customId,
      model: line.model,
      startedAt: context.clock.wallMs(),
      estimatedTokens: ticket.reserved.tokens,
      estimatedPico: ticket.reserved.pico,
    });
    if (!isWritten) return 'done';
    const startedMs = context.clock.monotonicMs();
    if (!context.stop.aborted && !context.abort.aborted) {
      result = await context.transport.send(callToMake(line, tally), (reply) => {
        ticket.reached();
        const { redact, protocols } = context;
        const fold = protocols[line.call.protocol].fold({ ...reply, redact }, line);
        return tellBegun(fold, () => ticket.admitted());
      });
    }
    const latencyMs = context.clock.monotonicMs() - startedMs;
    const decoded = redactDecoded(decodeResult(result, line, context), context);
    const ending =
      decoded.kind === 'answer'
        ? endAnswered(line, tally, { context, ticket, answer: decoded, latencyMs })
        : endFailed(line, tally, { context, ticket, failure: decoded.failure });
    if (ending.admitted) ticket.admitted();
    const durable = context.journal.ended(ending.end, ending.settled);
    ticket.release(ending.taken);
    await durable;
    return ending.next;
  } finally {
    context.transport.release(result);
    ticket.release(NOTHING_TAKEN);
  }
}

/** What the end of an attempt comes to: the records to commit together, and what follows. */
type Ending = {
  readonly end: AttemptEnd;
  readonly settled: SettledLine | null;
  readonly taken: Taken;
  /** Whether the reply shows that the service takes calls; a timeout or a broken connection shows nothing. */
  readonly admitted: boolean;
  readonly next: Next;
};

function endAnswered(
  line: PlannedLine,
  tally: Tally,
  at: At & { answer: Extract<Decoded, { kind: 'answer' }>; latencyMs: number },
): Ending {
  const { answer, latencyMs, context, ticket } = at;
  const { usage, statusCode, requestId } = answer;
  context.firstReplies.answered();
  const asked = { model: line.model, search: line.extras?.search, body: () => line.call.body };
  const costPico = costOfAnswer(answer, asked, context.pricing);
  context.expectations.answered(line, usage, costPico);
  const wallMs = context.clock.wallMs();
  return {
    end: {
      lineNo: line.lineNo,
      attempt: tally.attempt,
      endedAt: wallMs,
      class: 'answered',
      counted: true,
      statusCode,
      code: null,
      requestId,
      usage,
      costPico,
    },
    settled: answeredLine(line, tally.attempt, { answer, wallMs }),
    taken: {
      tokens: usage?.totalTokens ?? null,
      pico: costPico ?? 0,
      // Without usage or price what was set aside stands in, so that a cap still holds.
      uncertainPico: costPico === null ? (ticket.reserved.pico ?? 0) : 0,
      latencyMs,
    },
    admitted: true,
    next: 'done',
  };
}

function endFailed(line: PlannedLine, tally: Tally, at: At & { failure: ApiFailure }): Ending {
  const { failure, context, ticket } = at;
  const { usage, statusCode, code, requestId } = failure;
  const verdict = classify(failure);
  const decision = decide(line, tally, { ...at, verdict });
  const money = { pricing: context.pricing, reservedPico: ticket.reserved.pico };
  const { costPico, countedPico } = costOfFailure(failure, line, money);
  if (isOverload(failure, verdict)) ticket.overloaded(code);
  const replied = failure.kind === 'http' || failure.kind === 'bad-response';
  const wallMs = context.clock.wallMs();
  learnFrom(failure, tally);
  context.report({
    event: 'attempt-ended',
    line: line.lineNo,
    class: verdict.billing,
    code,
    model: line.model,
  });
  const told = decision.failure ?? toldOfLimit(line, failure);
  return {
    end: {
      lineNo: line.lineNo,
      attempt: tally.attempt,
      endedAt: wallMs,
      class: verdict.billing,
      counted: decision.counted,
      statusCode,
      code,
      requestId,
      usage,
      costPico,
    },
    settled: decision.fails
      ? failedLine(line, tally.attempt, { failure: told, unsent: false, wallMs })
      : null,
    taken: {
      ...NOTHING_TAKEN,
      tokens: usage?.totalTokens ?? null,
      uncertainPico: verdict.billing === 'possibly_billed' ? countedPico : 0,
    },
    admitted: replied && verdict.action !== 'throttle' && !decision.doubtful,
    next: decision.next,
  };
}

/** What follows a failed attempt. It is counted in the tally, and the limiter and the run are told what it says of a model or the service. */
function decide(
  line: PlannedLine,
  tally: Tally,
  at: At & { failure: ApiFailure; verdict: Verdict },
): { next: Next; counted: boolean; fails: boolean; doubtful?: boolean; failure?: ApiFailure } {
  const { failure, verdict, context, ticket } = at;
  const free = failure.kind === 'interrupted' || failure.neverSent;
  const doubtful = !free && context.firstReplies.isDoubtful(failure);
  const ambiguous = !free && verdict.billing === 'possibly_billed';
  const counted = !free && ((verdict.action !== 'throttle' && !doubtful) || ambiguous);
  if (counted) tally.counted += 1;
  if (ambiguous) tally.ambiguous += 1;
  const stay = { next: 'done' as const, counted, fails: false };
  const fail = { next: 'done' as const, counted, fails: true };
  if (failure.kind === 'interrupted') {
    const mayBePaid = !failure.neverSent && context.onAmbiguous === 'fail';
    return mayBePaid ? { ...fail, counted: true } : stay;
  }
  const hopeless = tally.ambiguous >= AMBIGUOUS_MAX || meetsLimitAgain(line, failure);
  if (ambiguous && (context.onAmbiguous === 'fail' || hopeless)) return { ...fail, doubtful };
  if (doubtful && tally.counted >= context.maxAttempts) return { ...fail, doubtful };
  if (failure.neverSent || doubtful) {
    const waitMs = context.limiter.unreachable(failure.message);
    context.report({ event: 'model-slowed', model: line.model, waitMs, reason: failure.message });
    return { next: { waitMs: 0 }, counted, fails: false, doubtful };
  }
  switch (verdict.action) {
    case 'throttle': {
      const { waitMs, hopelessAfter } = ticket.throttled(verdict.class, failure.retryAfterMs);
      if (hopelessAfter !== null) return { ...fail, failure: refusedAlone(failure, hopelessAfter) };
      context.report({ event: 'model-slowed', model: line.model, waitMs, reason: failure.code });
      return { next: { waitMs: 0 }, counted, fails: false };
    }
    case 'retry': {
      if (tally.counted >= context.maxAttempts) return fail;
      const waitMs = Math.max(
        backoffMs(tally.counted, context.clock.random(), failure.retryAfterMs),
        context.limiter.retryWaitMs(verdict.class === 'timeout' ? 'timeout' : 'server'),
      );
      return { next: { waitMs }, counted, fails: false };
    }
    case 'fail':
      return fail;
    case 'stop':
      if (context.onStop(line, verdict, failure) === 'fail') return fail;
      // The line stays open and was not to blame.
      tally.counted -= counted ? 1 : 0;
      return { ...stay, counted: false };
  }
}
