import { compatibleFrame } from './compatible-wire.ts';
import type { ServiceError } from './errors-table.ts';
import { nativeFrame } from './native-wire.ts';
import type { JsonObject } from './request.ts';

/** The recipient of an error: determines its framing and contents. */
export type ErrorAudience = {
  readonly compatible: boolean;
  readonly stream: boolean;
  readonly model: string;
  readonly requestId: string;
};

/** An error as HTTP; a list of frames is an event stream. */
export type ErrorReply = { readonly status: number; readonly body: string | readonly string[] };

/** Errors decided before a stream opens: plain HTTP errors even for a native stream (inferred). */
const BEFORE_STREAM: ReadonlySet<number> = new Set([401, 403, 404, 413, 429]);

function named(message: string, { model }: ErrorAudience): string {
  return message.replace('{model}', () => model);
}

/** The error's body in the caller's protocol. */
export function errorBody(error: ServiceError, audience: ErrorAudience): JsonObject {
  const { requestId } = audience;
  if (!audience.compatible)
    return { code: error.code, message: named(error.message, audience), request_id: requestId };
  const message = named(error.compatibleMessage ?? error.message, audience);
  return {
    error: { message, type: error.compatibleType, param: null, code: error.compatibleCode },
    id: `chatcmpl-${requestId}`,
    request_id: requestId,
  };
}

/** The frame that reports an error within a started stream; `id` counts the native frames. */
export function errorFrame(error: ServiceError, audience: ErrorAudience, id: number): string {
  const body = errorBody(error, audience);
  return audience.compatible ? compatibleFrame(body) : nativeFrame(id, error.status, body);
}

/**
 * An error at the start of a call. A native stream gets HTTP 200 and one `event:error` frame (recorded), unless the error
 * is decided before the stream opens. The OpenAI-compatible endpoint answers with the error's status; a filtered input of a
 * stream comes as one `data:` line (reported).
 */
export function errorReply(error: ServiceError, audience: ErrorAudience): ErrorReply {
  const { compatible, stream } = audience;
  if (stream && !compatible && !BEFORE_STREAM.has(error.status)) {
    return { status: 200, body: [errorFrame(error, audience, 1)] };
  }
  if (stream && compatible && error.compatibleCode === 'data_inspection_failed') {
    return { status: error.status, body: [errorFrame(error, audience, 1)] };
  }
  return { status: error.status, body: JSON.stringify(errorBody(error, audience)) };
}
