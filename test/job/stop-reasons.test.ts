import { expect, test } from 'vitest';
import type { ApiFailure } from '../../src/failure.ts';
import { costReached, saidOfLine, wrongEndpoint } from '../../src/job/stop-reasons.ts';

const refused = (statusCode: number, code: string, message: string): ApiFailure => ({
  kind: 'http',
  statusCode,
  code,
  message,
  param: null,
  requestId: null,
  retryAfterMs: null,
  neverSent: false,
  body: null,
  usage: null,
});

test('the cap is reached: how much the next call reserves; nothing where it has no price', () => {
  const message = (pico: number | null): string =>
    costReached({ maxCost: '0.5' }, 'CNY', pico).message;
  expect(message(2_500_000_012.4)).toBe(
    'the next call would go beyond --max-cost 0.5 CNY (it reserves 0.002501)',
  );
  expect(message(null)).toBe('the next call would go beyond --max-cost 0.5 CNY');
});

// A gateway has codes of its own: it is the status, or the text, that stops the job then.
test.each([
  ['by its status', 401, 'Unauthorized', 'no', /Check the key, `--region` and `--base-url`/],
  ['by its status, one model', 403, 'Forbidden', 'no', /model's grant and any proxy/],
  ['by its text', 429, 'gw_1', 'The postpaid bill is overdue.', /Top up the account/],
])('a code that no table has, known %s: what to do', (_name, status, code, message, says) => {
  const said = saidOfLine({ lineNo: 2, customId: 'a' }, refused(status, code, message));
  expect(said).toMatch(says);
  expect(said.startsWith(`line 2 (a): ${code}: ${message}; what to do: `)).toBe(true);
});

test('the first replies come from somebody else: what to check; https:// where a server asks for TLS', () => {
  const endpoint = { dashscope: 'http://gw:8443/api/v1', openai: 'http://gw:8443/v1' };
  const said = (message: string): string =>
    wrongEndpoint(refused(400, 'qbatch_http_400', message), endpoint).message;
  expect(said('<html>Welcome</html>')).toContain('check --base-url or --region');
  // A line may have failed before it was known: two such replies may have been billed.
  expect(said('<html>Welcome</html>')).toContain('; open lines stay open:');
  expect(said('<html>Welcome</html>')).not.toContain('--protocol');
  expect(said('Client sent an HTTP request to an HTTPS server.')).toContain('write https://');
});

test('a path that a server of one`s own does not know: how to name one that speaks OpenAI`s protocol alone', () => {
  const unknownPath = refused(404, 'qbatch_http_404', '{"detail":"Not Found"}');
  const gateway = { dashscope: 'http://gw:8000/api/v1', openai: 'http://gw:8000/v1' };
  expect(wrongEndpoint(unknownPath, gateway).message).toContain('URL/v1 --protocol openai');
  const service = 'https://dashscope.aliyuncs.com';
  const studio = { dashscope: `${service}/api/v1`, openai: `${service}/compatible-mode/v1` };
  expect(wrongEndpoint(unknownPath, studio).message).toContain('check --base-url or --region');
});
