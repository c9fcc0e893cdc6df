import { pause } from './clock.ts';
import type { QueueEntry } from './limits/ticket.ts';
import type { PlannedLine } from './plan.ts';
import { type Attempt, type Next, NOTHING_USED } from './settle/attempt.ts';
import type { HttpReply, StreamFold } from './protocols/protocol.ts';
import { decodeResult } from './settle/decode-result.ts';
import { DROPPED_BEFORE_SENDING } from './settle/dropped-call.ts';
import { endAnswered } from './settle/end-answered.ts';
import { endFailed } from './settle/end-failed.ts';
import { NOT_PAID_TWICE } from './settle/not-paid-twice.ts';
import { redactDecoded } from './settle/redact-decoded.ts';
import type { SettleContext } from './settle/settle-context.ts';
import { settleUnsent } from './settle/settle-unsent.ts';
import { callToMake } from './settle/streamed-call.ts';
import { openTally } from './settle/tally.ts';
import { notifyBegun } from './settle/notify-begun.ts';

/**
 * Takes one line from planned to settled. The only place where calls are made and retries carried out (`decide` says what
 * follows a failure). A failure is data; only bugs reject.
 *
 * A line goes through rounds until it is settled or left open:
 *
 * - *waiting*: the limiter grants a ticket with a slot. It grants none once the run stops or the model is parked: the line
 *   is left *open* (or fails unsent, if its model does not exist).
 * - *starting*: the start of the attempt is made durable before anything is sent. If the ledger cannot be written the line
 *   goes back to waiting, ahead of others.
 * - *calling*: sent, then folded or read until it is an answer or a failure. A dropped call is a failure too.
 * - *ending*: the end of the attempt is made durable, in one commit with the line's record if it *settles* the line:
 *   answered, or failed for good. The slot is passed on at once.
 * - *pausing*, if another attempt follows: then back to waiting, ahead of untried lines.
 *
 * In any state, stopping the run leaves open a line that is not settled by then.
 */
export async function settleLine(line: PlannedLine, context: SettleContext): Promise<void> {
  const tally = openTally(line);
  if (context.onAmbiguous === 'fail' && tally.ambiguous > 0) {
    await settleUnsent(line, tally.attempt, { ...context, failure: NOT_PAID_TWICE });
    return;
  }
  for (let turn: QueueEntry = 'first'; ; turn = 'again') {
    const ticket = await context.limiter.admit(line, turn);
    if (ticket === null) {
      const failure = context.failureOfUnsent(line.model);
      if (failure !== null && !context.stop.aborted)
        await settleUnsent(line, tally.attempt, { ...context, failure });
      return;
    }
    const next = await tryOnce({ line, tally, context, ticket });
    if (next === 'settled' || next === 'open' || context.stop.aborted) return;
    if (next.waitMs > 0) await pause(context.clock, next.waitMs, context.stop);
  }
}

/**
 * One attempt, from its durable start record to its durable end record. The slot is passed on with the end record: the
 * start of the call that gets it joins the same commit or a later one, and no call leaves before its start is durable.
 */
async function tryOnce(attempt: Attempt): Promise<Next> {
  const { line, tally, context, ticket } = attempt;
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
    if (!isWritten) {
      tally.attempt -= 1;
      return { waitMs: 0 };
    }
    const startedMs = context.clock.monotonicMs();
    if (!context.stop.aborted && !context.abort.aborted) {
      const onReply = (reply: Omit<HttpReply, 'body'>): StreamFold => {
        ticket.reached();
        const { redact, protocols } = context;
        const fold = protocols[line.call.protocol].fold({ ...reply, redact }, line);
        return notifyBegun(fold, () => ticket.admitted());
      };
      result = await context.transport.send(callToMake(line, tally), onReply, () =>
        ticket.connected(),
      );
    }
    const latencyMs = context.clock.monotonicMs() - startedMs;
    const decoded = redactDecoded(decodeResult(result, line, context), context);
    const ending =
      decoded.kind === 'answer'
        ? endAnswered(attempt, decoded, latencyMs)
        : endFailed(attempt, decoded.failure);
    if (ending.isAdmitted) ticket.admitted();
    const durable = context.journal.ended(ending.end, ending.settled);
    ticket.release(ending.used);
    await durable;
    return ending.next;
  } finally {
    context.transport.release(result);
    ticket.release(NOTHING_USED);
  }
}
