import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OutputLine } from '../../src/ledger/lines.ts';
import { outputText } from '../../src/output/output-line.ts';

function lineOf(fields: Partial<OutputLine> = {}): OutputLine {
  return {
    lineNo: 12,
    seq: 1,
    state: 'answered',
    customId: '评论-12',
    statusCode: 200,
    code: null,
    message: null,
    param: null,
    requestId: 'r-1',
    body: Buffer.from('{"n":1.0,"big":12345678901234567890}'),
    ...fields,
  };
}

test('outputText: an answer: the batch format, the body byte for byte', () => {
  expect(outputText('reviews', lineOf())).toBe(
    '{"id":"reviews-12","custom_id":"评论-12","response":{"status_code":200,"request_id":"r-1","body":{"n":1.0,"big":12345678901234567890}},"error":null}\n',
  );
});

test('outputText: a failure with a reply', () => {
  const line = lineOf({
    state: 'failed',
    statusCode: 400,
    code: 'InvalidParameter',
    message: 'Range of top_p',
    param: 'top_p',
    body: Buffer.from('{"code":"InvalidParameter"}'),
  });
  expect(outputText('reviews', line)).toBe(
    '{"id":"reviews-12","custom_id":"评论-12","response":{"status_code":400,"request_id":"r-1","body":{"code":"InvalidParameter"}},"error":{"code":"InvalidParameter","message":"Range of top_p","param":"top_p","line":12}}\n',
  );
});

test('outputText: a reply that was no JSON: body null; no request id: null', () => {
  const line = lineOf({
    state: 'failed',
    statusCode: 502,
    code: 'qbatch_http_502',
    message: 'Bad Gateway',
    requestId: null,
    body: null,
  });
  expect(outputText('reviews', line)).toContain(
    '"response":{"status_code":502,"request_id":null,"body":null}',
  );
});

test('outputText: a rejected line that could not be read: no response, custom_id null', () => {
  const line = lineOf({
    state: 'rejected',
    customId: null,
    statusCode: null,
    code: 'qbatch_invalid_json',
    message: 'not valid JSON',
    requestId: null,
    body: null,
  });
  expect(outputText('reviews', line)).toBe(
    '{"id":"reviews-12","custom_id":null,"response":null,"error":{"code":"qbatch_invalid_json","message":"not valid JSON","param":null,"line":12}}\n',
  );
});

test('outputText: any names and messages: one line for every reader, well-formed, and it says the same', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  fc.assert(
    fc.property(text, text, text, (job, customId, message) => {
      const line = outputText(job, lineOf({ state: 'failed', customId, message, code: message }));
      // What Python's splitlines, jq or DuckDB would stumble over.
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      expect(line).not.toMatch(/\p{Surrogate}/u);
      const value = JSON.parse(line) as {
        id: string;
        custom_id: string;
        error: { message: string };
      };
      expect([value.id, value.custom_id, value.error.message]).toEqual(
        [`${job}-12`, customId, message].map((one) => Buffer.from(one).toString()),
      );
    }),
  );
});
