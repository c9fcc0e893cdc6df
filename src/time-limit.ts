import type { ApiFailure } from './failure.ts';
import type { HttpCall } from './protocols/protocol.ts';

/**
 * Codes for an answer that took longer than the service allows an unstreamed call: a partial answer behind 200, or the
 * error that older models send instead. A stream has no such limit.
 * Source: help.aliyun.com/zh/model-studio/error-code, RequestTimeOut (2026-05: 300 s); service contract sections 4.7 and 6.
 */
export const TIME_LIMIT_CODES: readonly string[] = ['qbatch_partial_response', 'RequestTimeOut'];

/**
 * Whether a line's failure would only be paid for again: the service says that it hit its time limit, and the line does not
 * allow a stream, which has none. Not for `RequestTimeOut`, which a slow service sends as well (contract section 5.2:
 * retry, few times), nor for an answer without a finish reason, which does not say why it is incomplete.
 */
export function meetsLimitAgain(
  { call, mayStream }: { readonly call: Pick<HttpCall, 'stream'>; readonly mayStream: boolean },
  failure: ApiFailure,
): boolean {
  return failure.metTimeLimit === true && !mayStream && !call.stream;
}

const WANTS_NO_STREAM =
  'the line wants no stream (`stream` or `incremental_output` is false), and without one it would stop there again: leave that out, or lower `max_tokens`';

/** The recorded failure of a line; if it would only be paid for again, with advice. */
export function withTimeLimitAdvice(
  line: Parameters<typeof meetsLimitAgain>[0],
  failure: ApiFailure,
): ApiFailure {
  if (!meetsLimitAgain(line, failure)) return failure;
  return { ...failure, message: `${failure.message}; ${WANTS_NO_STREAM}` };
}
