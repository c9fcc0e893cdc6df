import type { ApiFailure } from '../failure.ts';
import type { SettledLine } from '../ledger/records.ts';
import type { PlannedLine } from '../plan.ts';
import type { Decoded } from '../protocols/protocol.ts';

/** The terminal record of a line that failed; `unsent`: without a call of its own. */
export function failedLine(
  line: PlannedLine,
  attempts: number,
  at: { failure: ApiFailure; unsent: boolean; wallMs: number },
): SettledLine {
  const { failure, unsent } = at;
  return {
    lineNo: line.lineNo,
    state: 'failed',
    customId: line.customId,
    model: line.model,
    attempts,
    statusCode: unsent ? null : failure.statusCode,
    code: failure.code,
    message: failure.message,
    param: failure.param,
    requestId: unsent ? null : failure.requestId,
    metadata: line.metadata,
    body: unsent || failure.body === null ? null : Buffer.from(failure.body, 'utf8'),
    settledAt: at.wallMs,
  };
}

/** The terminal record of a line that was answered. */
export function answeredLine(
  line: PlannedLine,
  attempts: number,
  at: { answer: Extract<Decoded, { kind: 'answer' }>; wallMs: number },
): SettledLine {
  const { body, bytes } = at.answer;
  return {
    lineNo: line.lineNo,
    state: 'answered',
    customId: line.customId,
    model: line.model,
    attempts,
    statusCode: at.answer.statusCode,
    code: null,
    message: null,
    param: null,
    requestId: at.answer.requestId,
    metadata: line.metadata,
    body: bytes ?? Buffer.from(body, 'utf8'),
    settledAt: at.wallMs,
  };
}
