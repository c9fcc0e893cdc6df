import { scanObject } from '../json/json-scan.ts';
import type { HttpCall } from '../protocols/protocol.ts';
import { SSE_HEADERS } from '../protocols/sse-headers.ts';
import type { Tally } from './tally.ts';
import { streamOptions } from '../protocols/stream-options.ts';

/**
 * The call to make for a line: asking for a stream once an unstreamed one was too slow, where the line lets it; over a
 * connection of its own once one broke that may have been another call's before.
 */
export function callToMake(
  { call, mayStream }: { readonly call: HttpCall; readonly mayStream: boolean },
  { tooSlow, broke }: Pick<Tally, 'tooSlow' | 'broke'>,
): HttpCall {
  const asked = tooSlow && mayStream ? streamedCall(call) : call;
  return broke ? { ...asked, ownConnection: true } : asked;
}

/**
 * The same call asking for a stream: natively the two headers and the body as it was, in the
 * OpenAI-compatible protocol `stream` and `stream_options.include_usage` in the body. One that asks
 * for a stream already is handed back. The values of the request stay as they were written.
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
