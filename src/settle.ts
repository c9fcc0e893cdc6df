import { backoffMs } from './backoff.ts';
import type { CallResult, Transport } from './call.ts';
import { classify } from './classify.ts';
import { type Clock, pause } from './clock.ts';
import type { ApiFailure, AttemptClass, Verdict } from './failure.ts';
import type { AttemptEnd, AttemptStart, SettledLine } from './ledger/records.ts';
import type { Limiter, Ticket } from './limits/limiter.ts';
import type { PlannedLine } from './plan.ts';
import type { Pricing } from './pricing.ts';
import type { Decoded, HttpReply, Protocol, ProtocolName, StreamFold } from './protocols/protocol.ts';
import type { Report } from './reporters/reporter.ts';
import type { Usage } from './usage.ts';

/** A call that may have been billed but brought no answer is made at most this often for one line. */
const AMBIGUOUS_MAX = 2;

/** What a line writes down; each promise resolves once the record is durable. */
export type Journal = {
  started(start: AttemptStart): Promise<void>;
  /** `settled`: the line's terminal record, committed together with the attempt's end. */
  ended(end: AttemptEnd, settled: SettledLine | null): Promise<void>;
  /** A terminal record without an attempt of its own (a line that fails unsent). */
  settledUnsent(settled: SettledLine): Promise<void>;
};

/** Why lines of a model are not sent: they stay open, or (the model does not exist) fail unsent. */
export type Parked = { readonly failure: ApiFailure; readonly failUnsent: boolean };

/** Everything a line needs to be settled. */
export type SettleContext = {
  readonly clock: Clock;
  readonly limiter: Limiter;
  readonly transport: Transport;
  readonly protocols: Readonly<Record<ProtocolName, Protocol>>;
  openFold(line: PlannedLine, reply: Omit<HttpReply, 'body'>): StreamFold;
  readonly journal: Journal;
  readonly pricing: Pricing;
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
  redact(text: string): string;
  readonly report: Report;
};

/** What has been tried on a line, over all runs. */
type Tally = { attempt: number; counted: number; ambiguous: number };

type Next = 'done' | { readonly waitMs: number; readonly again: boolean };

function failedLine(line: PlannedLine, tally: Tally, at: { failure: ApiFailure; unsent: boolean; wallMs: number }): SettledLine {
  const { failure, unsent } = at;
  return {
    lineNo: line.lineNo,
    state: 'failed',
    customId: line.customId,
    model: line.model,
    attempts: tally.attempt,
    statusCode: unsent ? null : failure.statusCode,
    code: failure.code,
    message: failure.message,
    param: failure.param,
    requestId: unsent ? null : failure.requestId,
    metadata: line.metadata,
    body: unsent ? null : failure.body,
    settledAt: at.wallMs,
  };
}

function answeredLine(line: PlannedLine, tally: Tally, at: { answer: Extract<Decoded, { kind: 'answer' }>; wallMs: number }): SettledLine {
  return {
    lineNo: line.lineNo,
    state: 'answered',
    customId: line.customId,
    model: line.model,
    attempts: tally.attempt,
    statusCode: at.answer.statusCode,
    code: null,
    message: null,
    param: null,
    requestId: at.answer.requestId,
    metadata: line.metadata,
    body: at.answer.body,
    settledAt: at.wallMs,
  };
}

function tokensOf(usage: Usage | null): number | null {
  return usage?.totalTokens ?? null;
}

function decode(context: SettleContext, line: PlannedLine, result: CallResult): Decoded {
  if (result.kind === 'failed') return { kind: 'failure', failure: result.failure };
  if (result.kind === 'stream') return result.fold.end();
  return context.protocols[line.call.protocol].decode(result.reply);
}

/** Takes the key out of everything that will be stored or shown. */
function redacted(decoded: Decoded, redact: (text: string) => string): Decoded {
  const clean = (text: string | null): string | null => (text === null ? null : redact(text));
  if (decoded.kind === 'answer') {
    return { ...decoded, body: redact(decoded.body), requestId: clean(decoded.requestId) };
  }
  const { code, message, param, requestId, body } = decoded.failure;
  const failure = {
    ...decoded.failure,
    code: redact(code),
    message: redact(message),
    param: clean(param),
    requestId: clean(requestId),
    body: clean(body),
  };
  return { kind: 'failure', failure };
}

/**
 * Takes one line from planned to settled: admit, write down the start, call, decode, classify, and
 * again until it is answered, has failed for good, or the run stops (then it stays open). The only
 * place where calls are made and retries decided. A failure is data; only bugs reject.
 */
export async function settleLine(line: PlannedLine, context: SettleContext): Promise<void> {
  const tally: Tally = {
    attempt: line.prior?.last ?? 0,
    counted: line.prior?.counted ?? 0,
    ambiguous: line.prior?.ambiguous ?? 0,
  };
  for (let again = false; ; ) {
    const ticket = await context.limiter.admit(line, again);
    if (ticket === null) {
      await settleParked(line, tally, context);
      return;
    }
    const next = await tryOnce(line, tally, { context, ticket });
    if (next === 'done' || context.stop.aborted) return;
    if (next.waitMs > 0) await pause(context.clock, next.waitMs, context.stop);
    again = next.again;
  }
}

/** A line of a model that does not exist fails unsent; any other that got no leave stays open. */
async function settleParked(line: PlannedLine, tally: Tally, context: SettleContext): Promise<void> {
  const parked = context.parked.get(line.model);
  if (parked?.failUnsent !== true || context.stop.aborted) return;
  const wallMs = context.clock.wallMs();
  await context.journal.settledUnsent(failedLine(line, tally, { failure: parked.failure, unsent: true, wallMs }));
}

/** One attempt, from its durable start record to its durable end record; the slot is held for both. */
async function tryOnce(line: PlannedLine, tally: Tally, at: { context: SettleContext; ticket: Ticket }): Promise<Next> {
  const { context, ticket } = at;
  const { clock, journal, pricing } = context;
  let released = { tokens: null as number | null, pico: 0, latencyMs: null as number | null };
  try {
    tally.attempt += 1;
    await journal.started({
      lineNo: line.lineNo,
      attempt: tally.attempt,
      customId: line.customId,
      model: line.model,
      startedAt: clock.wallMs(),
      estimatedTokens: line.inputTokens + line.outputExpectedTokens,
      estimatedPico: line.estimatedPico,
    });
    const startedMs = clock.monotonicMs();
    const result = context.abort.aborted ? droppedBeforeSending : await context.transport.send(line.call, (reply) => context.openFold(line, reply));
    const latencyMs = clock.monotonicMs() - startedMs;
    const decoded = redacted(decode(context, line, result), context.redact);
    if (decoded.kind === 'answer') {
      ticket.admitted();
      const costPico = decoded.usage === null ? null : pricing.costPico(line.model, decoded.usage);
      released = { tokens: tokensOf(decoded.usage), pico: costPico ?? 0, latencyMs };
      const wallMs = clock.wallMs();
      const end = endOf(line, tally, { class: 'answered', counted: true, wallMs, usage: decoded.usage, costPico, statusCode: decoded.statusCode, code: null, requestId: decoded.requestId });
      await journal.ended(end, answeredLine(line, tally, { answer: decoded, wallMs }));
      return 'done';
    }
    const { failure } = decoded;
    const verdict = classify(failure);
    const failedCost = verdict.billing === 'possibly_billed' ? failedPico(line, failure, pricing) : 0;
    released = { tokens: tokensOf(failure.usage), pico: failedCost, latencyMs: null };
    const decision = decide(line, tally, { failure, verdict, context });
    // Only a reply shows that the service takes calls; a timeout or a broken connection shows nothing.
    const replied = failure.kind === 'http' || failure.kind === 'bad-response';
    if (replied && verdict.action !== 'throttle') ticket.admitted();
    const wallMs = clock.wallMs();
    const end = endOf(line, tally, { class: verdict.billing, counted: decision.counted, wallMs, usage: failure.usage, costPico: failure.usage === null ? null : pricing.costPico(line.model, failure.usage), statusCode: failure.statusCode, code: failure.code, requestId: failure.requestId });
    await journal.ended(end, decision.fails ? failedLine(line, tally, { failure, unsent: false, wallMs }) : null);
    context.report({ event: 'attempt-ended', line: line.lineNo, class: verdict.billing, code: failure.code, model: line.model });
    return decision.next;
  } finally {
    ticket.release(released);
  }
}

const droppedBeforeSending: CallResult = {
  kind: 'failed',
  failure: {
    kind: 'interrupted',
    statusCode: null,
    code: 'qbatch_interrupted',
    message: 'the call was dropped before it was sent',
    param: null,
    requestId: null,
    retryAfterMs: null,
    neverSent: true,
    body: null,
    usage: null,
  },
};

function endOf(
  line: PlannedLine,
  tally: Tally,
  at: { class: AttemptClass; counted: boolean; wallMs: number } & Pick<AttemptEnd, 'usage' | 'costPico' | 'statusCode' | 'code' | 'requestId'>,
): AttemptEnd {
  const { wallMs, ...end } = at;
  return { lineNo: line.lineNo, attempt: tally.attempt, endedAt: wallMs, ...end };
}

function failedPico(line: PlannedLine, failure: ApiFailure, pricing: Pricing): number {
  const known = failure.usage === null ? null : pricing.costPico(line.model, failure.usage);
  return known ?? line.estimatedPico ?? 0;
}

/** What follows a failed attempt. Counts it against the line where it counts. */
function decide(
  line: PlannedLine,
  tally: Tally,
  at: { failure: ApiFailure; verdict: Verdict; context: SettleContext },
): { next: Next; counted: boolean; fails: boolean } {
  const { failure, verdict, context } = at;
  const free = failure.kind === 'interrupted' || failure.neverSent;
  const ambiguous = !free && verdict.billing === 'possibly_billed';
  const counted = !free && (verdict.action !== 'throttle' || ambiguous);
  if (counted) tally.counted += 1;
  if (ambiguous) tally.ambiguous += 1;
  const stay = { next: 'done' as const, counted, fails: false };
  const fail = { next: 'done' as const, counted, fails: true };
  if (failure.kind === 'interrupted') return stay;
  if (failure.neverSent) {
    const waitMs = context.limiter.unreachable();
    context.report({ event: 'model-slowed', model: line.model, waitMs, reason: failure.message });
    return { next: { waitMs: 0, again: true }, counted, fails: false };
  }
  if (ambiguous && (context.onAmbiguous === 'fail' || tally.ambiguous >= AMBIGUOUS_MAX)) return fail;
  switch (verdict.action) {
    case 'throttle': {
      const waitMs = context.limiter.throttled(line, verdict.class, failure.retryAfterMs);
      context.report({ event: 'model-slowed', model: line.model, waitMs, reason: failure.code });
      return { next: { waitMs: 0, again: true }, counted, fails: false };
    }
    case 'retry': {
      if (tally.counted >= context.maxAttempts) return fail;
      const waitMs = backoffMs(tally.counted, context.clock.random(), failure.retryAfterMs);
      return { next: { waitMs, again: true }, counted, fails: false };
    }
    case 'fail':
      return fail;
    case 'stop':
      return context.onStop(line, verdict, failure) === 'fail' ? fail : stay;
  }
}
