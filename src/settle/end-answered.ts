import { costOfAnswer } from '../pricing/cost-of-answer.ts';
import type { Decoded } from '../protocols/protocol.ts';
import type { Attempt, Ending } from './attempt.ts';
import { answeredLine } from './settled-line.ts';

/**
 * Ends an attempt that was answered after `latencyMs`: the line is settled. Reports what the answer used to those who track
 * it.
 */
export function endAnswered(
  { line, tally, context, ticket }: Attempt,
  answer: Extract<Decoded, { kind: 'answer' }>,
  latencyMs: number,
): Ending {
  const { usage, statusCode, requestId } = answer;
  context.firstReplies.answered();
  context.onAnswered(line.model);
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
    used: {
      tokens: usage?.totalTokens ?? null,
      pico: costPico ?? 0,
      // If usage or price is unknown, the reservation stands in, so that a cap still holds.
      uncertainPico: costPico === null ? (ticket.reserved.pico ?? 0) : 0,
      latencyMs,
    },
    isAdmitted: true,
    next: 'settled',
  };
}
