import { describe, expect, test } from 'vitest';

import { classify } from '../../src/classify.ts';
import { dashscope } from '../../src/protocols/dashscope.ts';
import { openai } from '../../src/protocols/openai.ts';
import type { Decoded, StreamFold } from '../../src/protocols/protocol.ts';
import { asked } from '../helpers/asked.ts';
import { firstMatch, verdictOf } from '../helpers/contract-errors.ts';
import {
  errorIn,
  type Frame,
  framesOf,
  isResearch,
  NO_RECORDINGS,
  readAnswer,
  type Recorded,
  recordedExchanges,
  RECORDINGS_PRESENT,
  wholeDeepResearch,
} from '../helpers/recorded.ts';

/* Conformance to replies recorded from the service: expectations come from another reading of each file. */

const exchanges = recordedExchanges();
const errors = exchanges.filter(({ isError }) => isError);
const replies = exchanges.filter(({ isError, streamed }) => !isError && !streamed);
const streams = exchanges.filter(({ streamed }) => streamed);
const whole = RECORDINGS_PRESENT
  ? [...streams.filter((one) => !isResearch(one)), wholeDeepResearch(exchanges)]
  : [];

const protocols = { dashscope, openai };

function decode({ protocol, status: statusCode, headers, body, model }: Recorded): Decoded {
  return protocols[protocol].decode({ statusCode, headers, body }, asked({ model }));
}

function open({ protocol, status: statusCode, headers, model }: Recorded): StreamFold {
  return protocols[protocol].fold({ statusCode, headers }, asked({ model }));
}

function fold(recorded: Recorded, ...chunks: readonly Buffer[]): Decoded {
  const stream = open(recorded);
  for (const chunk of chunks) stream.push(chunk);
  return stream.end();
}

function bodyOf(decoded: Decoded): Frame {
  if (decoded.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(decoded)}`);
  return JSON.parse(decoded.body) as Frame;
}

/** Every place inside a body where it can be split in two. */
function placesIn(body: Buffer): readonly number[] {
  return Array.from({ length: body.length - 1 }, (_, at) => at + 1);
}

function requestIdOf(recorded: Recorded): string | null {
  return framesOf(recorded)[0]?.request_id ?? recorded.headers['x-request-id'] ?? null;
}

if (!RECORDINGS_PRESENT) {
  test('recorded replies: skipped', (context) => {
    context.skip(NO_RECORDINGS);
  });
}

describe.runIf(RECORDINGS_PRESENT)('recorded replies', () => {
  test('the index lists what the cases below need', () => {
    expect(replies.length).toBeGreaterThanOrEqual(18);
    expect(errors.length).toBeGreaterThanOrEqual(9);
    expect(streams.length).toBeGreaterThanOrEqual(13);
  });

  test.each(replies)('$id ($kind): an answer, whole and unchanged', (recorded) => {
    const decoded = decode(recorded);
    const [file] = framesOf(recorded);
    expect(bodyOf(decoded)).toEqual(file);
    expect(decoded).toMatchObject({ statusCode: 200, requestId: requestIdOf(recorded) });
  });

  test.each(errors)("$id ($kind): the service's failure", (recorded) => {
    const file = JSON.parse(recorded.body.toString('utf8')) as {
      code?: string;
      error?: { code?: string; type?: string };
    };
    expect(decode(recorded)).toMatchObject({
      kind: 'failure',
      failure: {
        kind: 'http',
        statusCode: recorded.status,
        code: file.code ?? file.error?.code ?? file.error?.type,
        requestId: requestIdOf(recorded),
        body: JSON.stringify(file),
      },
    });
  });

  test.each(errors)("$id ($kind): class, action and scope as the contract's rule", (recorded) => {
    const { code, message } = errorIn(recorded);
    const rule = firstMatch({ status: recorded.status, code, message });
    const decoded = decode(recorded);
    if (rule === undefined || decoded.kind !== 'failure') throw new Error('no rule or no failure');
    expect(classify(decoded.failure)).toMatchObject(verdictOf(rule));
  });

  test.each(whole)('$id ($kind): folded whole', (recorded) => {
    const frames = framesOf(recorded);
    expect(readAnswer([bodyOf(fold(recorded, recorded.body))])).toEqual(readAnswer(frames));
  });

  test.each(streams.filter(isResearch))(
    '$id ($kind): an answer only where the answer phase finished',
    (recorded) => {
      const message = framesOf(recorded)[0]?.output?.message;
      const finished = message?.phase === 'answer' && message.status === 'finished';
      expect(fold(recorded, recorded.body)).toMatchObject(
        finished
          ? { kind: 'answer' }
          : { kind: 'failure', failure: { code: 'qbatch_truncated_stream' } },
      );
    },
  );

  test.each(whole)('$id: split at every byte, the fold is the same', (recorded) => {
    const { body } = recorded;
    const unsplit = JSON.stringify(fold(recorded, body));
    const same = (...chunks: readonly Buffer[]): boolean =>
      JSON.stringify(fold(recorded, ...chunks)) === unsplit;
    const differing = placesIn(body).filter((at) => !same(body.subarray(0, at), body.subarray(at)));
    expect(differing).toEqual([]);
    expect(same(...[...body].map((byte) => Buffer.from([byte])))).toBe(true);
  });

  test.each(whole)('$id: cut anywhere before its finish reason, never an answer', (recorded) => {
    const { body } = recorded;
    const end = /"finish_reason":"(?!null)|"status":"finished"/.exec(body.toString('latin1'));
    const before = placesIn(body).filter((at) => at <= (end?.index ?? 0));
    expect(before.length).toBeGreaterThan(100);
    expect(before.filter((at) => fold(recorded, body.subarray(0, at)).kind !== 'failure')).toEqual(
      [],
    );
  });
});
