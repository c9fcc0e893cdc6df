import type { ApiFailure } from './failure.ts';
import type { HttpCall } from './protocols/protocol.ts';

/**
 * Codes that say that the answer took longer than the service gives an unstreamed call: a part of
 * the answer behind 200, or the error that older models send instead. A stream has no such limit.
 * Source: help.aliyun.com/zh/model-studio/error-code, RequestTimeOut (2026-05: 300 s); service
 * contract sections 4.7 and 6.
 */
export const TIME_LIMIT_CODES: readonly string[] = ['qbatch_partial_response', 'RequestTimeOut'];

/**
 * Whether a line's failure would only be bought again: the service says that it stopped at its time
 * limit, and the line wants no stream, which has none. Not so for `RequestTimeOut`, which a slow
 * service gives as well (contract section 5.2: retry, few times), nor for an answer without its finish
 * reason, of which nobody says why it is not whole.
 */
export function meetsLimitAgain(
  { call, mayStream }: { readonly call: Pick<HttpCall, 'stream'>; readonly mayStream: boolean },
  failure: ApiFailure,
): boolean {
  return failure.metTimeLimit === true && !mayStream && !call.stream;
}

const WANTS_NO_STREAM =
  'the line wants no stream (`stream` or `incremental_output` is false), and without one it would stop there again: leave that out, or lower `max_tokens`';

/** What is written down of a line's failure: where it would only be bought again, with what to do about it. */
export function toldOfLimit(
  line: Parameters<typeof meetsLimitAgain>[0],
  failure: ApiFailure,
): ApiFailure {
  if (!meetsLimitAgain(line, failure)) return failure;
  return { ...failure, message: `${failure.message}; ${WANTS_NO_STREAM}` };
}
