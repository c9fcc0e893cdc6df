import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify, explain } from '../src/classify.ts';
import type { ApiFailure, Verdict } from '../src/failure.ts';
import { UNKNOWN_USAGE, type Usage } from '../src/usage.ts';

const CONTRACT = '../shared/contract';

function failure(over: Partial<ApiFailure>): ApiFailure {
  return {
    kind: 'http',
    statusCode: 500,
    code: 'InternalError',
    message: '',
    param: null,
    requestId: 'f4d8f3ad-4d1f-9c4b-8a5e-0c6c1b0d5a11',
    retryAfterMs: null,
    neverSent: false,
    body: null,
    usage: null,
    ...over,
  };
}

function reply(statusCode: number | null, code: string, message = ''): Verdict {
  return classify(failure({ statusCode, code, message }));
}

function usage(over: Partial<Usage>): Usage {
  return { ...UNKNOWN_USAGE, ...over };
}

describe('classify: the ambiguous codes', () => {
  it.each([
    [
      429,
      'Throttling.AllocationQuota',
      'Allocated quota exceeded, please increase your quota limit.',
    ],
    [
      429,
      'insufficient_quota',
      'You exceeded your current quota, please check your plan and billing details.',
    ],
    [429, 'Throttling.AllocationQuota', ''],
    [null, 'Throttling.AllocationQuota', ''],
    [200, 'insufficient_quota', ''],
  ])(
    'the token throttle %s %s %s: waits for the minute, is no billing stop',
    (status, code, message) => {
      expect(reply(status, code, message)).toEqual({
        action: 'throttle',
        scope: 'model',
        class: 'throttle_tokens',
        billing: 'rejected',
      });
    },
  );

  it.each(['Throttling.AllocationQuota', 'insufficient_quota', 'Throttling.NewKind', 'new_code'])(
    'a used-up free quota under %s: stops the model although the code is a throttle',
    (code) => {
      expect(reply(429, code, 'Free allocated quota exceeded.')).toEqual({
        action: 'stop',
        scope: 'model',
        class: 'quota_exhausted',
        billing: 'rejected',
      });
    },
  );

  it('batch capacity: retries the line after long pauses, leaves the lane alone', () => {
    const message =
      'Too many requests. Batch requests are being throttled due to system capacity limits. Please try again later.';
    const expected = {
      action: 'retry',
      scope: 'line',
      class: 'server',
      billing: 'rejected',
      lasting: 'known',
    };
    expect(reply(429, 'Throttling.AllocationQuota', message)).toEqual(expected);
    expect(reply(429, 'insufficient_quota', message)).toEqual(expected);
  });

  it('HTTP 400 with the allocation code: counts objects, so it fails the line', () => {
    const verdict = reply(
      400,
      'Throttling.AllocationQuota',
      'Maximum voice storage limit exceeded',
    );
    expect(verdict.action).toBe('fail');
    expect(reply(400, 'Throttling.AllocationQuota', 'limit of something else').action).toBe('fail');
  });

  it.each(['CommodityNotPurchased', 'PrepaidBillOverdue', 'PostpaidBillOverdue'])(
    'HTTP 429 %s: is billing, not a throttle',
    (code) => {
      expect(reply(429, code)).toEqual({
        action: 'stop',
        scope: 'account',
        class: 'billing',
        billing: 'rejected',
      });
    },
  );

  it('HTTP 400 Arrearage: stops the account instead of failing line after line', () => {
    const message = 'Access denied, please make sure your account is in good standing.';
    expect(reply(400, 'Arrearage', message)).toMatchObject({
      action: 'stop',
      scope: 'account',
      class: 'billing',
    });
  });

  it.each([
    'list index out of range',
    'Role must be in [user, assistant]',
    'Embedding_pipeline_Error: 图片解码失败',
    'Missing Content-Length of multimodal url.',
  ])('HTTP 500 that is a bad request (%s): fails the line', (message) => {
    for (const code of ['InternalError.Algo', 'internal_server_error']) {
      expect(reply(500, code, message)).toMatchObject({ action: 'fail', class: 'bad_request' });
    }
    expect(reply(500, 'InternalError.Algo', 'inference internal error.').action).toBe('retry');
  });

  it.each([
    ['InvalidParameter', 'File parsing in progress, please try again later.', 'server'],
    ['invalid_parameter_error', 'File parsing in progress, please try again later.', 'server'],
    [
      'InvalidParameter',
      'Download the media resource timed out during the data inspection process.',
      'timeout',
    ],
    [
      'InvalidParameter.DataInspection',
      'Unable to download the media resource during the data inspection process.',
      'timeout',
    ],
    [
      'InvalidURL.Timeout',
      'Download https://example.com/图.png timeout, please check network connection.',
      'timeout',
    ],
  ])('HTTP 400 %s worth another try: retries, costs nothing', (code, message, kind) => {
    expect(reply(400, code, message)).toEqual({
      action: 'retry',
      scope: 'line',
      class: kind,
      billing: 'rejected',
    });
  });

  it('InternalError.Algo.InvalidParameter: is a refusal although its prefix is of the 500 family', () => {
    expect(
      reply(
        400,
        'InternalError.Algo.InvalidParameter',
        'Range of input length should be [1, 129024]',
      ),
    ).toMatchObject({
      action: 'fail',
      class: 'bad_request',
    });
    expect(reply(500, 'InternalError.Algo.InvalidParameter').action).toBe('fail');
  });

  it('the asynchronous header: stops the account', () => {
    expect(
      reply(403, 'AccessDenied', 'Current user api does not support asynchronous calls.'),
    ).toMatchObject({
      action: 'stop',
      scope: 'account',
    });
    expect(
      reply(403, 'access_denied', 'Current user api does not support asynchronous calls.'),
    ).toMatchObject({
      action: 'stop',
      scope: 'account',
    });
  });

  it('names with spaces: are codes like any other', () => {
    expect(reply(401, 'NOT AUTHORIZED')).toMatchObject({ action: 'stop', scope: 'account' });
    expect(reply(429, 'Too many requests')).toMatchObject({ action: 'throttle', scope: 'model' });
  });

  it.each([
    [429, 'Throttling.BurstRate'],
    [429, 'limit_burst_rate'],
    [429, 'Throttling.RateQuota'],
    [429, 'limit_requests'],
    [429, 'LimitRequests'],
    [429, 'Throttling'],
    [429, 'qbatch_http_429'],
  ])('a burst (%s %s with its text): is told apart from the steady rate', (status, code) => {
    const message =
      'Request rate increased too quickly. To ensure system stability, please adjust your client logic.';
    expect(reply(status, code, message)).toMatchObject({
      action: 'throttle',
      class: 'throttle_burst',
    });
  });
});

describe('classify: matching order', () => {
  it('the wrapped message: the inner code is the second key and its prefix no part of the text', () => {
    const verdict = reply(
      400,
      'some_wrapper',
      '<400> InternalError.Algo.DataInspectionFailed: Input data may contain inappropriate content.',
    );
    expect(verdict).toMatchObject({ action: 'fail', class: 'content_filter' });
    const missing = reply(
      400,
      'invalid_parameter_error',
      '<400> InternalError.Algo.InvalidParameter: Model not exist.',
    );
    expect(missing).toMatchObject({ action: 'stop', scope: 'model', class: 'not_found' });
  });

  it('an inner code that is known without InternalError.Algo: counts as that', () => {
    expect(reply(400, 'some_wrapper', '<400> InternalError.Algo.Arrearage: overdue')).toMatchObject(
      {
        action: 'stop',
        class: 'billing',
      },
    );
  });

  it('a 500 around an inner 400: is the refusal it wraps', () => {
    const message =
      '<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]';
    expect(reply(500, 'internal_server_error', message)).toMatchObject({
      action: 'fail',
      class: 'bad_request',
    });
  });

  it('a 200 or nothing around an inner status: that status counts, where no table knows the code', () => {
    for (const outer of [200, null]) {
      expect(reply(outer, 'NewWrapper', '<429> NewKind: slow down')).toMatchObject({
        action: 'throttle',
      });
      expect(reply(outer, 'NewWrapper', '<401> NewKind: who is there')).toMatchObject({
        action: 'stop',
        scope: 'account',
      });
    }
    expect(reply(400, 'NewWrapper', '<429> NewKind: slow down')).toMatchObject({ action: 'fail' });
  });

  it('a message that only quotes the service: does not stop the model', () => {
    const message = "messages.1.content: '用户问：为什么提示 Model not exist?' is not allowed";
    expect(reply(400, 'InvalidParameter', message).action).toBe('fail');
  });

  it.each([
    [401, 'auth'],
    [402, 'billing'],
  ])(
    'HTTP %i with a code that blames the line: is about the account all the same',
    (status, is) => {
      for (const code of ['invalid_request_error', 'InvalidParameter', 'invalid_parameter_error']) {
        expect(reply(status, code, 'The request was refused.'), code).toMatchObject({
          action: 'stop',
          scope: 'account',
          class: is,
        });
      }
      expect(reply(status, 'Throttling.RateQuota').action).toBe('throttle');
      expect(reply(403, 'invalid_request_error').action).toBe('fail');
    },
  );

  it('the same code under another status: keeps its meaning', () => {
    expect(reply(400, 'InvalidApiKey').class).toBe('auth');
    expect(reply(500, 'ModelServingError').action).toBe('retry');
    expect(reply(403, 'Arrearage').class).toBe('billing');
  });

  it("the service's spelling goes first, any other case after it", () => {
    expect(reply(401, 'invalidapikey').class).toBe('auth');
    expect(reply(429, 'THROTTLING.BURSTRATE').class).toBe('throttle_burst');
    expect(reply(500, 'RequestTimeout').class).toBe('timeout');
  });

  it.each([
    ['InvalidFile.FaceNotMatch', 400, 'fail'],
    ['invalidfile.size', 400, 'fail'],
    ['Throttling.SomethingNew', 429, 'throttle'],
    ['Throttling.SomethingNew', 400, 'fail'],
    ['AccessDenied.SomethingNew', 403, 'stop'],
    ['InvalidParameter.SomethingNew', null, 'fail'],
  ])('the family of %s at %s: %s', (code, status, action) => {
    expect(reply(status, code).action).toBe(action);
  });

  it.each([
    [301, 'fail', 'line', 'rejected'],
    [308, 'fail', 'line', 'rejected'],
    [400, 'fail', 'line', 'rejected'],
    [401, 'stop', 'account', 'rejected'],
    [402, 'stop', 'account', 'rejected'],
    [403, 'stop', 'model', 'rejected'],
    [404, 'fail', 'line', 'rejected'],
    [408, 'retry', 'line', 'possibly_billed'],
    [413, 'fail', 'line', 'rejected'],
    [418, 'fail', 'line', 'rejected'],
    [425, 'retry', 'line', 'rejected'],
    [429, 'throttle', 'model', 'rejected'],
    [451, 'fail', 'line', 'rejected'],
    [500, 'retry', 'line', 'rejected'],
    [502, 'retry', 'line', 'possibly_billed'],
    [503, 'retry', 'line', 'rejected'],
    [504, 'retry', 'line', 'possibly_billed'],
    [520, 'retry', 'line', 'possibly_billed'],
    [522, 'retry', 'line', 'rejected'],
    [524, 'retry', 'line', 'possibly_billed'],
    [529, 'retry', 'line', 'rejected'],
    [598, 'retry', 'line', 'possibly_billed'],
    [599, 'retry', 'line', 'possibly_billed'],
  ])('HTTP %s without a code: %s %s, %s', (status, action, scope, billing) => {
    expect(reply(status, `qbatch_http_${status}`, '<html>nginx</html>')).toMatchObject({
      action,
      scope,
      billing,
    });
  });

  it.each([
    ['The postpaid bill is overdue.', 'stop', 'billing'],
    ['Free allocated quota exceeded.', 'stop', 'quota_exhausted'],
    [
      'See https://help.aliyun.com/zh/model-studio/error-code#token-limit',
      'throttle',
      'throttle_tokens',
    ],
    ['Batch requests are being throttled due to system capacity limits.', 'retry', 'server'],
    ['服务繁忙', 'throttle', 'throttle_rate'],
  ])('HTTP 429 with an unknown code saying "%s": %s', (message, action, kind) => {
    expect(reply(429, 'brand_new_code', message)).toMatchObject({ action, class: kind });
  });

  it('any failure whatever: gets a verdict, quickly even where the text is hostile', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: -1, max: 1000 }), { nil: null }),
        fc.string(),
        fc.string({ unit: 'binary', maxLength: 300 }),
        (status, code, message) => {
          expect(['throttle', 'retry', 'fail', 'stop']).toContain(
            reply(status, code, message).action,
          );
        },
      ),
    );
    expect(reply(400, 'InvalidParameter', 'temperature '.repeat(100_000)).action).toBe('fail');
    expect(reply(429, '__proto__', 'constructor').action).toBe('throttle');
  });
});

describe('classify: what it meant for the bill', () => {
  it.each([
    [500, 'RequestTimeOut'],
    [408, 'RequestTimeOut'],
    [500, 'ResponseTimeout'],
    [504, 'RequestTimeOut'],
    [504, 'qbatch_http_504'],
    [502, 'InternalError'],
  ])('the server gave up late (%s %s): retried, possibly billed', (status, code) => {
    expect(reply(status, code)).toMatchObject({ action: 'retry', billing: 'possibly_billed' });
  });

  it('tokens in a failed answer: possibly billed, whatever the code', () => {
    const spent = usage({ inputTokens: 812, outputTokens: 0 });
    for (const code of ['Throttling', 'InternalError', 'DataInspectionFailed', 'InvalidApiKey']) {
      expect(classify(failure({ code, usage: spent })).billing).toBe('possibly_billed');
    }
    const nothing = usage({ inputTokens: 0, outputTokens: 0, totalTokens: 0 });
    expect(classify(failure({ usage: nothing })).billing).toBe('rejected');
  });

  it('an error frame after a 200: possibly billed where the model may have written', () => {
    expect(reply(200, 'internal_server_error')).toMatchObject({
      action: 'retry',
      billing: 'possibly_billed',
    });
    expect(reply(200, 'data_inspection_failed')).toMatchObject({
      action: 'fail',
      billing: 'possibly_billed',
    });
    expect(reply(null, 'brand_new_code')).toMatchObject({
      action: 'retry',
      billing: 'possibly_billed',
    });
    expect(reply(200, 'Throttling').billing).toBe('rejected');
    expect(reply(400, 'data_inspection_failed').billing).toBe('rejected');
  });

  it.each([
    ['bad-response', 'qbatch_bad_response', 'server'],
    ['bad-response', 'qbatch_truncated_stream', 'server'],
    ['bad-response', 'qbatch_partial_response', 'timeout'],
    ['network', 'qbatch_connection_error', 'server'],
    ['timeout', 'qbatch_timeout', 'timeout'],
    ['interrupted', 'qbatch_interrupted', 'server'],
  ] as const)('%s (%s): retried, possibly billed', (kind, code, expected) => {
    expect(classify(failure({ kind, code, statusCode: null }))).toEqual({
      action: 'retry',
      scope: 'line',
      class: expected,
      billing: 'possibly_billed',
    });
  });

  it('a request that never left: never sent, but only where no reply can have come', () => {
    const at = (kind: ApiFailure['kind']): string =>
      classify(
        failure({ kind, statusCode: null, code: 'qbatch_connection_error', neverSent: true }),
      ).billing;
    expect(at('network')).toBe('never_sent');
    expect(at('timeout')).toBe('never_sent');
    expect(at('interrupted')).toBe('never_sent');
    expect(at('bad-response')).toBe('possibly_billed');
    const paid = usage({ outputTokens: 3 });
    expect(classify(failure({ kind: 'network', neverSent: true, usage: paid })).billing).toBe(
      'possibly_billed',
    );
  });
});

describe('explain', () => {
  it('a service code: its general meaning, in both protocols', () => {
    expect(explain('Arrearage')).toMatchObject({
      action: 'stop',
      meaning: 'The account is in arrears.',
    });
    expect(explain('insufficient_quota')?.action).toBe('throttle');
    expect(explain('Throttling.AllocationQuota')?.action).toBe('throttle');
    expect(explain('invalid_api_key')?.advice).toContain('--region');
  });

  it('a code that says little: the message picks the advice', () => {
    const message = 'Range of max_tokens should be [1, 8192]';
    expect(explain('InvalidParameter', message)?.advice).toContain('max_tokens');
    expect(explain('InvalidParameter')?.advice).not.toContain('max_tokens');
  });

  it("qbatch's own codes: theirs, and the status's for an unnamed HTTP error", () => {
    expect(explain('qbatch_duplicate_custom_id')?.action).toBe('reject');
    expect(explain('qbatch_http_503')?.action).toBe('retry');
    expect(explain('qbatch_http_301')?.advice).toContain('--base-url');
    expect(explain('qbatch_http_429')?.action).toBe('throttle');
  });

  it('a code nobody knows: undefined', () => {
    expect(explain('brand_new_code')).toBeUndefined();
    expect(explain('qbatch_http_soon')).toBeUndefined();
    expect(explain('')).toBeUndefined();
  });
});

type RecordedEntry = {
  readonly file: string;
  readonly kind: string;
  readonly http_status: number | null;
};

describe('classify: conformance with the wire contract', () => {
  it('every recorded error body: the class its kind names', (context) => {
    const index = `${CONTRACT}/recorded/index.json`;
    if (!existsSync(index)) return context.skip(`${index} is not here`);
    const { entries } = JSON.parse(readFileSync(index, 'utf8')) as {
      entries: readonly RecordedEntry[];
    };
    const classes = new Map<string, string>([
      ['001-auth-error.json', 'auth'],
      ['002-parameter-error.json', 'bad_request'],
      ['073-compat-error-invalid-api-key.json', 'auth'],
      ['085-compat-error-data-inspection.json', 'content_filter'],
      ['092-compat-error-429-limit-requests.json', 'throttle_rate'],
      ['093-compat-error-400-json-word.json', 'bad_request'],
      ['095-compat-error-403-free-tier-only.json', 'quota_exhausted'],
      ['096-compat-error-400-arrearage.json', 'billing'],
    ]);
    for (const [file, expected] of classes) {
      const entry = entries.find((candidate) => candidate.file === file);
      const body = JSON.parse(readFileSync(`${CONTRACT}/recorded/${file}`, 'utf8')) as {
        code?: string;
        message?: string;
        error?: { code: string; message: string };
      };
      const { code = '', message = '' } = body.error ?? body;
      expect({ file, class: reply(entry?.http_status ?? null, code, message).class }).toEqual({
        file,
        class: expected,
      });
    }
  });
});
