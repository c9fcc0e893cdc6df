import { scanObject } from '../json/json-scan.ts';
import type { HttpCall } from '../protocols/protocol.ts';
import { SSE_HEADERS } from '../protocols/sse-headers.ts';
import type { Tally } from './tally.ts';
import { streamOptions } from '../protocols/stream-options.ts';

/**
 * The call to make for a line: streamed if an unstreamed one was too slow and the line allows it; on a connection of its
 * own after one broke that may have been reused.
 */
export function callToMake(
  { call, mayStream }: { readonly call: HttpCall; readonly mayStream: boolean },
  { tooSlow, broke }: Pick<Tally, 'tooSlow' | 'broke'>,
): HttpCall {
  const asked = tooSlow && mayStream ? streamedCall(call) : call;
  return broke ? { ...asked, ownConnection: true } : asked;
}

/**
 * The same call as a stream: in the native protocol the two headers and an unchanged body, in the OpenAI-compatible one
 * `stream` and `stream_options.include_usage` in the body. A call that already streams is returned as is. The request's
 * values stay as they were written.
 */
export function streamedCall(call: HttpCall): HttpCall {
  if (call.stream) return call;
  if (call.protocol === 'dashscope') {
    return { ...call, headers: { ...call.headers, ...SSE_HEADERS }, stream: true };
  }
  const body = call.body.toString('utf8');
  let given: string | undefined;
  let text = '{';
  for (const { key, valueStart, valueEnd } of scanObject(body).members) {
    const raw = body.slice(valueStart, valueEnd);
    if (key === 'stream_options') given = raw;
    else if (key !== 'stream') text += `${JSON.stringify(key)}:${raw},`;
  }
  return {
    ...call,
    body: Buffer.from(`${text}"stream":true,"stream_options":${streamOptions(given)}}`, 'utf8'),
    stream: true,
  };
}
