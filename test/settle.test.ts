import { describe, expect, test } from 'vitest';
import type { CallResult, Transport } from '../src/call.ts';
import type { ApiFailure } from '../src/failure.ts';
import type { AttemptStart } from '../src/ledger/records.ts';
import { settleLine } from '../src/settle.ts';
import { FAKE_WALL_START_MS } from './helpers/fake-clock.ts';
import { plannedLine } from './helpers/planned-line.ts';
import {
  answerOf,
  errorOf,
  failedCall,
  replyOf,
  type Scripted,
  scriptedTransport,
} from './helpers/scripted-transport.ts';
import { KEY, surroundings, type Surroundings } from './helpers/settle-surroundings.ts';
import { usageOf } from './helpers/temp-ledger.ts';

/** A script that goes through these results and stays at the last. */
function inTurn(...results: readonly Scripted[]): (nth: number) => Scripted {
  return (nth) => results[Math.min(nth, results.length) - 1] ?? failedCall();
}

const THROTTLE = errorOf(
  429,
  'Throttling.RateQuota',
  'Requests rate limit exceeded, please try again later.',
);
const SERVER_ERROR = errorOf(
  500,
  'InternalError',
  'An internal error has occured, please try again later.',
);
const BAD_REQUEST = errorOf(400, 'InvalidParameter', 'Range of top_p should be (0.0, 1.0)');

/** What can be said of the kind of each attempt's end. */
const classes = ({ ends }: Surroundings): string[] =>
  ends().map((end) => `${end.class}${end.counted ? '' : ' free'}`);

describe('settleLine: answers', () => {
  test('a reply takes up room until its record is durable', async () => {
    const at = surroundings(inTurn(SERVER_ERROR, answerOf('好评')));
    const releasedAtCommit: number[] = [];
    const { ended } = at.context.journal;
    const journal = {
      ...at.context.journal,
      async ended(...record: Parameters<typeof ended>) {
        await at.clock.advance(10);
        releasedAtCommit.push(at.transport.released.length);
        await ended(...record);
      },
    };
    Object.assign(at.context, { journal });
    await at.run();
    expect(releasedAtCommit).toEqual([0, 1]);
    expect(at.transport.released.map(({ kind }) => kind)).toEqual(['reply', 'reply']);
  });

  test('an answer: start and end are written down, with usage, cost and request id', async () => {
    const at = surroundings(() => answerOf('好评', { input: 21, output: 4 }));
    await at.run(plannedLine(7, { metadata: '{"team":"客服"}' }));
    expect(at.records[0]).toEqual({
      started: {
        lineNo: 7,
        attempt: 1,
        customId: '评论-7',
        model: 'qwen-plus',
        startedAt: FAKE_WALL_START_MS,
        estimatedTokens: 300,
        estimatedPico: 1_000_000,
      },
    });
    expect(at.ends()).toEqual([
      {
        lineNo: 7,
        attempt: 1,
        endedAt: FAKE_WALL_START_MS,
        class: 'answered',
        counted: true,
        statusCode: 200,
        code: null,
        requestId: '4909100c-7b5a-9f92-bfe5-000000000001',
        usage: usageOf({ inputTokens: 21, outputTokens: 4, totalTokens: 25 }),
        costPico: 61,
      },
    ]);
    expect(at.settled()).toMatchObject([
      {
        lineNo: 7,
        state: 'answered',
        customId: '评论-7',
        attempts: 1,
        statusCode: 200,
        code: null,
        metadata: '{"team":"客服"}',
      },
    ]);
    expect(at.settled()[0]?.body).toContain('"content":"好评"');
    expect(at.limiter.inFlight).toBe(0);
  });

  test('a call leaves only after its start was written down', async () => {
    let durable: (isWritten: boolean) => void = () => undefined;
    const at = surroundings(() => answerOf('好评'));
    const held = settleLine(plannedLine(7), {
      ...at.context,
      journal: {
        ...at.context.journal,
        started: (start) => {
          at.records.push({ started: start });
          return new Promise((resolve) => {
            durable = resolve;
          });
        },
      },
    });
    await at.clock.advance(1000);
    expect(at.records).toHaveLength(1);
    expect(at.transport.sent).toHaveLength(0);
    durable(true);
    await held;
    expect(at.transport.sent).toHaveLength(1);
  });

  test('the slot goes on with the end record, before that is durable', async () => {
    const at = surroundings(() => answerOf('好评'));
    const atEnd: number[] = [];
    const held = settleLine(plannedLine(7), {
      ...at.context,
      journal: {
        ...at.context.journal,
        ended: () => {
          atEnd.push(at.limiter.inFlight);
          return new Promise(() => undefined);
        },
      },
    });
    await at.clock.advance(1000);
    expect(atEnd).toEqual([1]);
    expect(at.limiter.inFlight).toBe(0);
    expect(await Promise.race([held, Promise.resolve('not durable')])).toBe('not durable');
  });

  test('the record of the start cannot be written: nothing is sent, the slot comes back', async () => {
    const at = surroundings(() => answerOf('好评'));
    const failing = {
      ...at.context,
      journal: { ...at.context.journal, started: () => Promise.reject(new Error('disk full')) },
    };
    await expect(settleLine(plannedLine(7), failing)).rejects.toThrow('disk full');
    expect(at.transport.sent).toHaveLength(0);
    expect(at.limiter.inFlight).toBe(0);
  });

  test('no room for the record of the start, and the run stops: nothing is sent, the line stays open, the slot comes back', async () => {
    const at = surroundings(() => answerOf('好评'));
    const full = {
      ...at.context,
      stop: AbortSignal.abort(),
      journal: { ...at.context.journal, started: () => Promise.resolve(false) },
    };
    await settleLine(plannedLine(7), full);
    expect(at.transport.sent).toHaveLength(0);
    expect(at.records).toEqual([]);
    expect(at.limiter.inFlight).toBe(0);
  });

  test('the record of the start was kept out, and the run goes on: the line asks for leave again, and nothing is counted', async () => {
    const at = surroundings(() => answerOf('好评'));
    const tried: number[] = [];
    const inFlight: number[] = [];
    const { started } = at.context.journal;
    Object.assign(at.context.journal, {
      started: (start: AttemptStart) => {
        tried.push(start.attempt);
        inFlight.push(at.limiter.inFlight);
        return tried.length < 3 ? Promise.resolve(false) : started(start);
      },
    });
    await at.run();
    expect(tried).toEqual([1, 1, 1]);
    expect(inFlight).toEqual([1, 1, 1]);
    expect(at.transport.sent).toHaveLength(1);
    expect(at.settled()).toMatchObject([{ state: 'answered', attempts: 1 }]);
    expect(at.limiter.inFlight).toBe(0);
  });

  test('attempts of earlier runs: numbers go on from theirs', async () => {
    const at = surroundings(() => answerOf('好评'));
    await at.run(plannedLine(7, { prior: { last: 3, counted: 2, ambiguous: 1, tooSlow: false } }));
    expect(at.ends()).toMatchObject([{ attempt: 4 }]);
    expect(at.settled()).toMatchObject([{ attempts: 4 }]);
  });

  test('an answer without usage: no cost is made up', async () => {
    const at = surroundings(() =>
      replyOf(200, { output: { text: '好评', finish_reason: 'stop' }, request_id: 'r-1' }),
    );
    await at.run();
    expect(at.ends()).toMatchObject([{ class: 'answered', usage: null, costPico: null }]);
  });
});

describe('settleLine: failures of a line', () => {
  test("bad request: fails at once, with the service's words and body", async () => {
    const at = surroundings(() => BAD_REQUEST);
    await at.run();
    expect(classes(at)).toEqual(['rejected']);
    expect(at.settled()).toMatchObject([
      {
        state: 'failed',
        statusCode: 400,
        code: 'InvalidParameter',
        message: 'Range of top_p should be (0.0, 1.0)',
        requestId: 'ec8a1e2f-0000-9f92-bfe5-000000000002',
        attempts: 1,
      },
    ]);
    expect(JSON.parse(at.settled()[0]?.body ?? '')).toMatchObject({ code: 'InvalidParameter' });
  });

  test('server errors: retried up to maxAttempts, each one counted, then the line fails with the last', async () => {
    const at = surroundings(() => SERVER_ERROR, { maxAttempts: 3 });
    await at.run();
    expect(classes(at)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(
      at.records.filter((record) => 'ended' in record && record.settled !== null),
    ).toHaveLength(1);
    expect(at.settled()).toMatchObject([{ state: 'failed', code: 'InternalError', attempts: 3 }]);
  });

  test('server error, then an answer: answered, both attempts on record', async () => {
    const at = surroundings(inTurn(SERVER_ERROR, answerOf('差评')));
    await at.run();
    expect(classes(at)).toEqual(['rejected', 'answered']);
    expect(at.settled()).toMatchObject([{ state: 'answered', attempts: 2 }]);
  });

  test('attempts of earlier runs count against maxAttempts', async () => {
    const at = surroundings(() => SERVER_ERROR, { maxAttempts: 3 });
    await at.run(plannedLine(7, { prior: { last: 5, counted: 2, ambiguous: 0, tooSlow: false } }));
    expect(at.ends()).toMatchObject([{ attempt: 6 }]);
    expect(at.settled()).toMatchObject([{ state: 'failed', attempts: 6 }]);
  });

  test('Retry-After: the next attempt does not leave before it', async () => {
    const times: number[] = [];
    const at: Surroundings = surroundings((nth) => {
      times.push(at.clock.monotonicMs());
      return nth === 1
        ? errorOf(503, 'ModelUnavailable', 'Model is unavailable, please try again later.', {
            'retry-after': '7',
          })
        : answerOf('中评');
    });
    await at.run();
    expect(times).toHaveLength(2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(7000);
  });

  test('short of capacity for batch-like traffic: four attempts outlast half a minute of it', async () => {
    const times: number[] = [];
    const at: Surroundings = surroundings(
      () => {
        times.push(at.clock.monotonicMs());
        return errorOf(
          429,
          'Throttling.AllocationQuota',
          'Too many requests. Batch requests are being throttled due to system capacity limits. Please try again later.',
        );
      },
      { maxAttempts: 4 },
    );
    await at.run();
    expect(times).toHaveLength(4);
    expect((times[3] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(35_000);
    expect(at.settled()).toMatchObject([{ state: 'failed', attempts: 4 }]);
  });

  test.each([
    [500, 'ModelServingError', 'Too many requests. Your requests are being throttled.'],
    [503, 'ModelServingError', 'Too many requests.'],
    [503, 'ModelUnavailable', 'Model is unavailable, please try again later.'],
    [500, 'ServiceUnavailable', 'The service is unavailable.'],
    [503, 'Overloaded', 'No code of the service: a gateway says so.'],
  ])(
    'out of capacity (%i %s): one retry within a second, six attempts outlast a minute',
    async (status, code, message) => {
      const times: number[] = [];
      const at: Surroundings = surroundings(() => {
        times.push(at.clock.monotonicMs());
        return errorOf(status, code, message);
      });
      await at.run();
      expect(times).toHaveLength(6);
      expect((times[1] ?? Infinity) - (times[0] ?? 0)).toBeLessThan(1000);
      expect((times[5] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(60_000);
      expect(at.settled()).toMatchObject([{ state: 'failed', code, attempts: 6 }]);
    },
  );

  test('throttles: any number of them, none counted', async () => {
    const at = surroundings(
      inTurn(...Array.from({ length: 9 }, () => THROTTLE), answerOf('好评')),
      { maxAttempts: 2 },
    );
    await at.run();
    expect(classes(at)).toEqual([...Array.from({ length: 9 }, () => 'rejected free'), 'answered']);
    expect(at.settled()).toMatchObject([{ state: 'answered', attempts: 10 }]);
    expect(at.events.filter(({ event }) => event === 'model-slowed')).toHaveLength(9);
  });

  test('throttles before a server error: only the server error counts', async () => {
    const at = surroundings(inTurn(THROTTLE, THROTTLE, THROTTLE, SERVER_ERROR, answerOf('好评')), {
      maxAttempts: 2,
    });
    await at.run();
    expect(classes(at)).toEqual([
      'rejected free',
      'rejected free',
      'rejected free',
      'rejected',
      'answered',
    ]);
  });

  test('content filter: fails at once', async () => {
    const at = surroundings(() =>
      errorOf(400, 'DataInspectionFailed', 'Input data may contain inappropriate content.'),
    );
    await at.run();
    expect(classes(at)).toEqual(['rejected']);
    expect(at.settled()).toMatchObject([{ state: 'failed', code: 'DataInspectionFailed' }]);
  });

  test('3xx: not followed, the line fails', async () => {
    const at = surroundings(() => replyOf(302, '', { location: 'https://example.com/' }));
    await at.run();
    expect(at.settled()).toMatchObject([{ state: 'failed', code: 'qbatch_http_302' }]);
    expect(at.transport.sent).toHaveLength(1);
  });
});

describe('settleLine: what may have been billed', () => {
  test('a lost connection: at most two such attempts, possibly billed, then the line fails', async () => {
    const at = surroundings(() => failedCall());
    await at.run();
    expect(classes(at)).toEqual(['possibly_billed', 'possibly_billed']);
    expect(at.settled()).toMatchObject([
      {
        state: 'failed',
        code: 'qbatch_connection_error',
        statusCode: null,
        body: null,
        attempts: 2,
      },
    ]);
  });

  test('a connection that broke without a byte of a reply: the next call goes over one of its own, and only that', async () => {
    const at = surroundings(
      (nth) =>
        [
          failedCall({ neverSent: true }),
          failedCall(),
          errorOf(500, 'InternalError', 'An internal error has occured'),
          failedCall({ statusCode: 200 }),
        ][nth - 1] ?? answerOf('好评'),
    );
    await at.run();
    expect(at.transport.sent.map(({ ownConnection }) => ownConnection ?? false)).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  test('408 without a code of the service, as a server says that closes a kept connection: the next call goes over one of its own', async () => {
    const second = async (code: string): Promise<boolean | undefined> => {
      const at = surroundings((nth) => (nth === 1 ? errorOf(408, code, '') : answerOf('好评')));
      await at.run();
      expect(at.transport.sent).toHaveLength(2);
      return at.transport.sent[1]?.ownConnection;
    };
    expect(await second('')).toBe(true);
    expect(await second('RequestTimeOut')).toBeUndefined();
  });

  test('one such attempt in an earlier run: only one more', async () => {
    const at = surroundings(() => failedCall());
    await at.run(plannedLine(7, { prior: { last: 1, counted: 1, ambiguous: 1, tooSlow: false } }));
    expect(classes(at)).toEqual(['possibly_billed']);
    expect(at.settled()).toMatchObject([{ state: 'failed', attempts: 2 }]);
  });

  test('--on-ambiguous fail: the first one is the last', async () => {
    const at = surroundings(
      inTurn(
        failedCall({
          kind: 'timeout',
          code: 'qbatch_timeout',
          message: 'no whole reply within the time limit (--timeout)',
        }),
        answerOf('好评'),
      ),
      { onAmbiguous: 'fail' },
    );
    await at.run();
    expect(classes(at)).toEqual(['possibly_billed']);
    expect(at.settled()).toMatchObject([{ state: 'failed', code: 'qbatch_timeout' }]);
  });

  test('--on-ambiguous fail: a call of an earlier run that may have been billed is not made again', async () => {
    const prior = { last: 1, counted: 1, ambiguous: 1, tooSlow: false };
    const at = surroundings(() => answerOf('好评'), { onAmbiguous: 'fail' });
    await at.run(plannedLine(7, { prior }));
    expect(at.transport.sent).toHaveLength(0);
    expect(at.settled()).toMatchObject([
      { state: 'failed', code: 'qbatch_interrupted', attempts: 1, statusCode: null },
    ]);
    const again = surroundings(() => answerOf('好评'), { onAmbiguous: 'fail' });
    await again.run(plannedLine(7, { prior: { ...prior, counted: 0, ambiguous: 0 } }));
    expect(again.settled()).toMatchObject([{ state: 'answered' }]);
  });

  test('maxAttempts 1: a lost connection is not tried again', async () => {
    const at = surroundings(inTurn(failedCall(), answerOf('好评')), { maxAttempts: 1 });
    await at.run();
    expect(classes(at)).toEqual(['possibly_billed']);
    expect(at.settled()).toMatchObject([{ state: 'failed' }]);
  });

  test('an empty 200: possibly billed, tried again', async () => {
    const at = surroundings(inTurn(replyOf(200, ''), answerOf('好评')));
    await at.run();
    expect(at.ends()).toMatchObject([
      { class: 'possibly_billed', code: 'qbatch_bad_response', counted: true },
      { class: 'answered' },
    ]);
  });

  test("usage inside a failed answer: on the attempt's record, with its cost", async () => {
    const partial = replyOf(
      200,
      {
        output: {
          choices: [{ finish_reason: 'null', message: { role: 'assistant', content: '这条评' } }],
        },
        usage: { input_tokens: 20, output_tokens: 3, total_tokens: 23 },
        request_id: 'r-2',
      },
      { 'x-dashscope-partialresponse': 'true' },
    );
    const at = surroundings(inTurn(partial, answerOf('好评')));
    await at.run();
    expect(at.ends()).toMatchObject([
      {
        class: 'possibly_billed',
        code: 'qbatch_partial_response',
        usage: { inputTokens: 20, outputTokens: 3, totalTokens: 23 },
        costPico: 50,
      },
      { class: 'answered' },
    ]);
  });

  const CUT_SHORT = replyOf(
    200,
    { output: { text: '这条评', finish_reason: 'null' } },
    { 'x-dashscope-partialresponse': 'true' },
  );
  const TIMED_OUT = errorOf(500, 'RequestTimeOut', 'Request timed out, please try again later.');

  test.each([
    ['a part of an answer', CUT_SHORT],
    ["the service's time limit", TIMED_OUT],
  ])('%s: asked for again as a stream, which has no such limit', async (_, first) => {
    const at = surroundings(inTurn(first, answerOf('好评')));
    await at.run();
    expect(classes(at)).toEqual(['possibly_billed', 'answered']);
    expect(at.transport.sent.map(({ stream }) => stream)).toEqual([false, true]);
    expect(at.transport.sent[1]).toMatchObject({
      body: at.transport.sent[0]?.body,
      headers: { 'x-dashscope-sse': 'enable', accept: 'text/event-stream' },
    });
  });

  test('a part of an answer where the request wants no stream: failed at once, with what to do', async () => {
    const at = surroundings(inTurn(CUT_SHORT, answerOf('好评')));
    await at.run(plannedLine(7, { mayStream: false }));
    expect(classes(at)).toEqual(['possibly_billed']);
    expect(at.settled()).toMatchObject([
      {
        state: 'failed',
        code: 'qbatch_partial_response',
        message: expect.stringMatching(
          /partial response\); the line wants no stream .* leave that out/,
        ) as unknown,
        attempts: 1,
      },
    ]);
  });

  test.each([
    ["the service's time limit, or a slow service", TIMED_OUT],
    [
      'an answer without its finish reason',
      replyOf(200, { output: { text: '这条评', finish_reason: 'null' } }),
    ],
  ])('%s, where the request wants no stream: asked for again as it is', async (_, first) => {
    const at = surroundings(inTurn(first, answerOf('好评')));
    await at.run(plannedLine(7, { mayStream: false }));
    expect(classes(at)).toEqual(['possibly_billed', 'answered']);
    expect(at.transport.sent[1]).toEqual(at.transport.sent[0]);
  });

  test('a part of an answer from a stream that the line asked for: asked for again', async () => {
    const at = surroundings(inTurn(CUT_SHORT, answerOf('好评')));
    const { call } = plannedLine(7);
    await at.run(plannedLine(7, { call: { ...call, stream: true }, mayStream: false }));
    expect(classes(at)).toEqual(['possibly_billed', 'answered']);
  });

  test('too slow in an earlier run: a stream from the start', async () => {
    const at = surroundings(() => answerOf('好评'));
    await at.run(plannedLine(7, { prior: { last: 1, counted: 1, ambiguous: 1, tooSlow: true } }));
    expect(at.transport.sent.map(({ stream }) => stream)).toEqual([true]);
  });

  test('another failure: no reason to stream', async () => {
    const at = surroundings(inTurn(SERVER_ERROR, answerOf('好评')));
    await at.run();
    expect(at.transport.sent.map(({ stream }) => stream)).toEqual([false, false]);
  });

  test('the budget is charged with the estimate of a call whose fate is unknown', async () => {
    const at = surroundings(inTurn(failedCall()), { capPico: 2_500_000, onAmbiguous: 'fail' });
    await at.run();
    expect(at.budget.fits(1_500_000)).toBe(true);
    expect(at.budget.fits(1_500_001)).toBe(false);
    // Apart from what is certain.
    expect(at.budget.possiblyBilledPico).toBe(1_000_000);
  });

  test('the budget is charged with what an answer really cost', async () => {
    const at = surroundings(() => answerOf('好评', { input: 100, output: 40 }), {
      capPico: 2_000_000,
    });
    await at.run();
    expect(at.budget.fits(2_000_000 - 500)).toBe(true);
    expect(at.budget.fits(2_000_000 - 499)).toBe(false);
    expect(at.budget.possiblyBilledPico).toBe(0);
  });
});

describe('settleLine: calls that were never sent', () => {
  const REFUSED: CallResult = failedCall({
    neverSent: true,
    message: 'no connection: connect ECONNREFUSED 127.0.0.1:9',
  });

  test('refused connections: free, and tried again until one is taken', async () => {
    const at = surroundings(inTurn(REFUSED, REFUSED, REFUSED, REFUSED, answerOf('好评')), {
      maxAttempts: 1,
    });
    await at.run();
    expect(classes(at)).toEqual([
      'never_sent free',
      'never_sent free',
      'never_sent free',
      'never_sent free',
      'answered',
    ]);
  });

  test('a stream that has begun, without a token yet: the service is reached', async () => {
    const transport = scriptedTransport((_call, nth, openFold) => {
      if (nth < 4) return REFUSED;
      openFold({ statusCode: 200, headers: { 'content-type': 'text/event-stream' } });
      return 'hang';
    });
    const at = surroundings(() => 'hang', { transport });
    const run = at.run();
    await at.clock.advance(10_000);
    expect(transport.sent).toHaveLength(4);
    expect(at.limiter.unreachable('connect ECONNREFUSED')).toBe(250);
    at.stop.abort();
    transport.dropAll();
    await run;
  });

  test('a call that has a connection, without a reply yet: the others follow', async () => {
    const transport = scriptedTransport(() => 'hang');
    const send = transport.send.bind(transport);
    Object.assign(transport, {
      send: ((call, openFold, onSent) => {
        onSent?.();
        return send(call, openFold);
      }) satisfies Transport['send'],
    });
    const at = surroundings(() => 'hang', { transport, slots: 20 });
    at.limiter.unreachable('connect ECONNREFUSED');
    const runs = Array.from({ length: 20 }, (_, index) => at.run(plannedLine(index + 1)));
    await at.clock.advance(3000);
    expect(transport.sent).toHaveLength(20);
    at.stop.abort();
    transport.dropAll();
    await Promise.all(runs);
  });

  test('the whole service pauses, longer each time', async () => {
    const times: number[] = [];
    const at: Surroundings = surroundings((nth) => {
      times.push(at.clock.monotonicMs());
      return nth <= 4 ? REFUSED : answerOf('好评');
    });
    await at.run();
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(waits).toEqual([250, 500, 1000, 2000]);
  });
});

describe('settleLine: stops', () => {
  test('account refused: the line that met it stays open', async () => {
    const at = surroundings(() => errorOf(401, 'InvalidApiKey', 'Invalid API-key provided.'));
    await at.run();
    expect(at.stops).toMatchObject([
      { verdict: { scope: 'account', class: 'auth' }, failure: { code: 'InvalidApiKey' } },
    ]);
    expect(classes(at)).toEqual(['rejected free']);
    expect(at.settled()).toEqual([]);
  });

  test("model refused and the run says that its lines fail: the line fails with the service's reply", async () => {
    const at = surroundings(
      () =>
        errorOf(
          404,
          'ModelNotFound',
          'The model qwen-plos does not exist or you do not have access to it.',
        ),
      { onStop: () => 'fail' },
    );
    await at.run();
    expect(at.settled()).toMatchObject([
      { state: 'failed', statusCode: 404, code: 'ModelNotFound' },
    ]);
  });

  const PARKED_FAILURE: ApiFailure = {
    kind: 'http',
    statusCode: 404,
    code: 'ModelNotFound',
    message: 'The model qwen-plos does not exist or you do not have access to it.',
    param: null,
    requestId: 'r-3',
    retryAfterMs: null,
    neverSent: false,
    body: '{"code":"ModelNotFound"}',
    usage: null,
  };

  test('a line of a model that does not exist: fails unsent, without response', async () => {
    const at = surroundings(() => answerOf('好评'));
    at.parked.park('qwen-plos', { lines: 'fail', failure: PARKED_FAILURE });
    at.limiter.park('qwen-plos');
    await at.run(plannedLine(7, { model: 'qwen-plos' }));
    expect(at.transport.sent).toHaveLength(0);
    expect(at.ends()).toEqual([]);
    expect(at.settled()).toMatchObject([
      {
        state: 'failed',
        code: 'ModelNotFound',
        statusCode: null,
        requestId: null,
        body: null,
        attempts: 0,
      },
    ]);
  });

  test('a line of a parked model that exists: stays open', async () => {
    const at = surroundings(() => answerOf('好评'));
    at.parked.park('qwen-plus', {
      lines: 'stay open',
      failure: { ...PARKED_FAILURE, code: 'Model.AccessDenied' },
      why: { reason: 'access', code: 77, message: 'qwen-plus, no access' },
    });
    at.limiter.park('qwen-plus');
    await at.run();
    expect(at.records).toEqual([]);
  });

  test('a stopping run: lines of a model that does not exist stay open too', async () => {
    const at = surroundings(() => answerOf('好评'));
    at.parked.park('qwen-plos', { lines: 'fail', failure: PARKED_FAILURE });
    at.stop.abort();
    await at.run(plannedLine(7, { model: 'qwen-plos' }));
    expect(at.records).toEqual([]);
  });

  test('stop while waiting for leave: nothing is sent or written', async () => {
    const at = surroundings(() => answerOf('好评'));
    at.stop.abort();
    await at.run();
    expect(at.records).toEqual([]);
    expect(at.transport.sent).toHaveLength(0);
  });

  test('stop during the pause before a retry: no retry, the line stays open', async () => {
    const at: Surroundings = surroundings((nth) => {
      if (nth === 1)
        setImmediate(() => {
          at.stop.abort();
        });
      return SERVER_ERROR;
    });
    await at.run();
    expect(at.transport.sent).toHaveLength(1);
    expect(at.settled()).toEqual([]);
  });

  test('stop while a call is in flight: it is waited for and settles', async () => {
    const at: Surroundings = surroundings(async () => {
      at.stop.abort();
      await Promise.resolve();
      return answerOf('好评');
    });
    await at.run();
    expect(at.settled()).toMatchObject([{ state: 'answered' }]);
  });

  test('calls dropped in flight: possibly billed, not counted, the line stays open', async () => {
    const at: Surroundings = surroundings(() => {
      setImmediate(() => {
        at.stop.abort();
        at.abort.abort();
      });
      return 'hang';
    });
    await at.run();
    expect(at.ends()).toMatchObject([
      { class: 'possibly_billed', counted: false, code: 'qbatch_interrupted' },
    ]);
    expect(at.settled()).toEqual([]);
    expect(at.limiter.inFlight).toBe(0);
  });

  test('--on-ambiguous fail: calls dropped in flight are the last of their lines, those not sent are none', async () => {
    const at: Surroundings = surroundings(
      () => {
        setImmediate(() => {
          at.stop.abort();
          at.abort.abort();
        });
        return 'hang';
      },
      { onAmbiguous: 'fail' },
    );
    await at.run();
    expect(at.ends()).toMatchObject([{ class: 'possibly_billed', counted: true }]);
    expect(at.settled()).toMatchObject([{ state: 'failed', code: 'qbatch_interrupted' }]);
  });

  test('calls dropped between the start record and the sending: never sent', async () => {
    const at = surroundings(() => answerOf('好评'));
    const held = settleLine(plannedLine(7), {
      ...at.context,
      journal: {
        ...at.context.journal,
        started: (start) => {
          at.abort.abort();
          return at.context.journal.started(start);
        },
      },
    });
    await held;
    expect(at.transport.sent).toHaveLength(0);
    expect(at.ends()).toMatchObject([{ class: 'never_sent', counted: false }]);
    expect(at.settled()).toEqual([]);
  });
});

function rawReply(body: Buffer): CallResult {
  return { kind: 'reply', reply: { statusCode: 200, headers: {}, body } };
}

describe('settleLine: the key', () => {
  test('echoed in an error: taken out of code, message, param, request id and body', async () => {
    const at = surroundings(() => ({
      kind: 'reply',
      reply: {
        statusCode: 400,
        headers: { 'content-type': 'application/json', 'x-request-id': `req ${KEY}` },
        body: Buffer.from(
          JSON.stringify({
            error: {
              code: `bad ${KEY}`,
              message: `bad header: Bearer ${KEY}`,
              param: `authorization ${KEY}`,
              type: 'invalid_request_error',
            },
          }),
        ),
      },
    }));
    await at.run(plannedLine(7, { call: { ...plannedLine(7).call, protocol: 'openai' } }));
    expect(at.settled()).toHaveLength(1);
    expect(at.settled()[0]?.message).toContain('[redacted]');
    expect(JSON.stringify([at.records, at.events])).not.toContain(KEY);
  });

  // 16 characters of the key before each place where a text is cut: half a key is not known again.
  const before = (limitChars: number): string => 'x'.repeat(limitChars - 16);
  test.each<[string, CallResult]>([
    ['a page', replyOf(502, `${before(500)}${KEY} is no key</html>`)],
    ['bytes that are no text', rawReply(Buffer.from(`${before(500)}${KEY}\xFF`, 'latin1'))],
    ['JSON that is no answer', replyOf(200, { text: `${before(500 - '{"text":"'.length)}${KEY}` })],
    ['a code', errorOf(400, `${before(200)}${KEY}`, 'bad')],
    ['a message', errorOf(400, 'InvalidParameter', `${before(10_000)}${KEY}`)],
    ['a parameter', replyOf(400, { error: { code: 'a', param: `${before(200)}${KEY}` } })],
    ['a redirect', replyOf(307, '', { location: `${before(200)}${KEY}` })],
    ['an event', replyOf(200, `data: ${before(500)}${KEY}\n\n`)],
  ])('echoed across the place where %s is cut: no part of it is stored', async (_name, result) => {
    const at = surroundings(() => result, { maxAttempts: 1 });
    await at.run();
    expect(at.settled()).toHaveLength(1);
    expect(JSON.stringify([at.records, at.events])).not.toContain(KEY.slice(0, 16));
  });

  test('echoed across the place where an event of a stream is cut: no part of it is stored', async () => {
    const at = surroundings(() => 'hang');
    const head = { statusCode: 200, headers: { 'content-type': 'text/event-stream' } };
    const transport = scriptedTransport((_call, _nth, openFold) => {
      const fold = openFold(head);
      fold.push(Buffer.from(`data: ${before(500)}${KEY}\n\n`));
      return { kind: 'stream', fold };
    });
    await settleLine(plannedLine(1), { ...at.context, transport, maxAttempts: 1 });
    expect(at.settled()).toMatchObject([{ code: 'qbatch_bad_response' }]);
    expect(JSON.stringify([at.records, at.events])).not.toContain(KEY.slice(0, 16));
  });

  test('echoed in an answer: taken out of the stored body', async () => {
    const at = surroundings(() => answerOf(`您的密钥是 ${KEY}`));
    await at.run();
    expect(at.settled()[0]?.body).toContain('您的密钥是 [redacted]');
    expect(JSON.stringify(at.records)).not.toContain(KEY);
  });
});
