import type { Decoded } from '../protocols/protocol.ts';

/** Removes the key from everything that will be stored or shown: from texts, and from bodies, which are JSON. */
export function redactDecoded(
  decoded: Decoded,
  { redact, redactJson }: { redact(text: string): string; redactJson(json: string): string },
): Decoded {
  const clean = (text: string | null): string | null => (text === null ? null : redact(text));
  if (decoded.kind === 'answer') {
    const { kind, statusCode, usage } = decoded;
    const body = redactJson(decoded.body);
    const bytes = body === decoded.body ? decoded.bytes : null;
    return { kind, statusCode, requestId: clean(decoded.requestId), body, bytes, usage };
  }
  const { code, message, param, requestId, body } = decoded.failure;
  const failure = {
    ...decoded.failure,
    code: redact(code),
    message: redact(message),
    param: clean(param),
    requestId: clean(requestId),
    body: body === null ? null : redactJson(body),
  };
  return { kind: 'failure', failure };
}
