import { describe, expect, test } from 'vitest';
import type { ApiFailure } from '../../src/failure.ts';
import { FirstReplies } from '../../src/job/first-replies.ts';
import { looksForeign, looksVoid } from '../../src/job/foreign-reply.ts';
import type { Usage } from '../../src/usage.ts';

function failureOf(fields: Partial<ApiFailure>): ApiFailure {
  return {
    kind: 'http',
    statusCode: 404,
    code: 'qbatch_http_404',
    message: 'not found',
    param: null,
    requestId: null,
    retryAfterMs: null,
    neverSent: false,
    body: null,
    usage: null,
    ...fields,
  };
}

const PAGE = '<!DOCTYPE html><html><body>Welcome to nginx!</body></html>';

describe('looksForeign', () => {
  test.each<[string, Partial<ApiFailure>, boolean]>([
    ['a 404 without a code', {}, true],
    ['the code of an unknown path', { code: 'NotFound', message: 'Request path not found.' }, true],
    ['a redirect', { statusCode: 302, code: 'qbatch_http_302' }, true],
    ['a method that is not allowed', { statusCode: 405, code: 'qbatch_http_405' }, true],
    [
      'a page with status 200',
      { kind: 'bad-response', statusCode: 200, code: 'qbatch_bad_response', message: PAGE },
      true,
    ],
    ['a page with status 400', { statusCode: 400, code: 'qbatch_http_400', message: PAGE }, true],
    ...[
      'Client sent an HTTP request to an HTTPS server.\n',
      "Reason: You're speaking plain HTTP to an SSL-enabled server port.",
      'Bad Request\nThis combination of host and port requires TLS.\n',
      'The plain HTTP request was sent to HTTPS port',
    ].map((message): [string, Partial<ApiFailure>, boolean] => [
      message,
      { statusCode: 400, code: 'qbatch_http_400', message },
      true,
    ]),
    ['a 400 of which nothing is known', { statusCode: 400, code: 'qbatch_http_400' }, false],
    ['a model that does not exist', { code: 'ModelNotFound' }, false],
    ['a refused key', { statusCode: 401, code: 'qbatch_http_401', message: PAGE }, false],
    [
      'a gateway without its service',
      { statusCode: 502, code: 'qbatch_http_502', message: PAGE },
      false,
    ],
    ['a throttle', { statusCode: 429, code: 'Throttling.RateQuota' }, false],
    [
      'torn JSON',
      { kind: 'bad-response', statusCode: 200, code: 'qbatch_bad_response', message: '{"outp' },
      false,
    ],
    [
      'no connection',
      { kind: 'network', statusCode: null, code: 'qbatch_connection_error', neverSent: true },
      false,
    ],
  ])('%s', (_what, fields, expected) => {
    expect(looksForeign(failureOf(fields))).toBe(expected);
  });
});

/** What somebody says who answers 200 to everything. */
const VOID: Partial<ApiFailure> = {
  kind: 'bad-response',
  statusCode: 200,
  code: 'qbatch_bad_response',
  message: 'no answer in the reply: {"status":"ok"}',
};

const TOKENS: Partial<Usage> = { inputTokens: 5, outputTokens: 1, totalTokens: 6 };

describe('looksVoid', () => {
  test.each<[string, Partial<ApiFailure>, boolean]>([
    ['JSON without an answer', VOID, true],
    ['nothing at all', { ...VOID, statusCode: 204 }, true],
    ['a code that nobody knows', { statusCode: 200, code: 'SUCCESS', message: 'ok' }, true],
    ['an error without a code', { statusCode: 200, code: 'qbatch_http_200', message: 'x' }, true],
    [
      'an error without a code, in words of the service',
      { statusCode: 200, code: 'qbatch_http_200', message: 'see error-code#rate-limit' },
      false,
    ],
    ['a code of the service', { statusCode: 200, code: 'InternalError', message: 'x' }, false],
    ['an answer that took tokens', { ...VOID, usage: TOKENS as Usage }, false],
    ['a part of an answer', { ...VOID, code: 'qbatch_partial_response' }, false],
    ['an error page', { ...VOID, statusCode: 502, code: 'qbatch_http_502', kind: 'http' }, false],
    ['a broken connection', { kind: 'network', statusCode: null }, false],
  ])('%s', (_what, fields, expected) => {
    expect(looksVoid(failureOf(fields))).toBe(expected);
  });
});

describe('FirstReplies', () => {
  function replies(): { first: FirstReplies; wrong: ApiFailure[] } {
    const wrong: ApiFailure[] = [];
    return { first: new FirstReplies((failure) => wrong.push(failure)), wrong };
  }

  test('three foreign replies and nothing else: wrong, told once; later ones are no verdict either', () => {
    const { first, wrong } = replies();
    expect([1, 2].map(() => first.isDoubtful(failureOf({})))).toEqual([true, true]);
    expect(wrong).toEqual([]);
    expect([3, 4, 5].map(() => first.isDoubtful(failureOf({})))).toEqual([true, true, true]);
    expect(wrong).toHaveLength(1);
  });

  test.each<[string, (first: FirstReplies) => void]>([
    [
      'an answer',
      (first) => {
        first.answered();
      },
    ],
    [
      "a failure with the service's code",
      (first) => {
        first.isDoubtful(failureOf({ statusCode: 400, code: 'InvalidParameter' }));
      },
    ],
    [
      'part of an answer',
      (first) => {
        first.isDoubtful(failureOf({ ...VOID, code: 'qbatch_partial_response' }));
      },
    ],
    [
      'a broken stream with tokens',
      (first) => {
        first.isDoubtful(
          failureOf({ ...VOID, code: 'qbatch_truncated_stream', usage: TOKENS as Usage }),
        );
      },
    ],
  ])('%s proves the service: a 404 is then about its line', (_what, prove) => {
    const { first, wrong } = replies();
    expect(first.isDoubtful(failureOf({}))).toBe(true);
    prove(first);
    for (let count = 0; count < 5; count += 1) expect(first.isDoubtful(failureOf({}))).toBe(false);
    expect(wrong).toEqual([]);
  });

  test.each<[string, Partial<ApiFailure>]>([
    ["a gateway's 502", { statusCode: 502, code: 'qbatch_http_502' }],
    [
      'no connection',
      { kind: 'network', statusCode: null, code: 'qbatch_connection_error', neverSent: true },
    ],
    ['no reply in time', { kind: 'timeout', statusCode: null, code: 'qbatch_timeout' }],
  ])('%s proves nothing', (_what, fields) => {
    const { first, wrong } = replies();
    expect(first.isDoubtful(failureOf(fields))).toBe(false);
    for (let count = 0; count < 3; count += 1) first.isDoubtful(failureOf({}));
    expect(wrong).toHaveLength(1);
  });

  test('twenty void replies and nothing else: wrong, told once; each stays a verdict on its line', () => {
    const { first, wrong } = replies();
    for (let count = 1; count < 20; count += 1)
      expect(first.isDoubtful(failureOf(VOID))).toBe(false);
    expect(wrong).toEqual([]);
    first.isDoubtful(failureOf({ statusCode: 502, code: 'qbatch_http_502' }));
    for (let count = 0; count < 5; count += 1) first.isDoubtful(failureOf(VOID));
    expect(wrong).toEqual([failureOf(VOID)]);
  });

  test('a void reply is likely to come again from the third on, until somebody was answered', () => {
    const { first, wrong } = replies();
    const isLikely = (): boolean => {
      first.isDoubtful(failureOf(VOID));
      return first.isLikelyAgain(failureOf(VOID));
    };
    expect([isLikely(), isLikely(), isLikely()]).toEqual([false, false, true]);
    expect(first.isLikelyAgain(failureOf({ statusCode: 500, code: 'InternalError' }))).toBe(false);
    first.answered();
    for (let count = 0; count < 30; count += 1) expect(isLikely()).toBe(false);
    expect(wrong).toEqual([]);
  });
});
