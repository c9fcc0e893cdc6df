import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tokenDifference } from '../../src/ledger/verify-usage.ts';
import { dashscope } from '../../src/protocols/dashscope.ts';
import { openai } from '../../src/protocols/openai.ts';
import type { Decoded } from '../../src/protocols/protocol.ts';
import { UNKNOWN_USAGE } from '../../src/usage.ts';
import { asked } from '../helpers/asked.ts';

/** Whatever a service may say of tokens: right, partial, empty, odd, twice. */
const count = fc.oneof(
  fc.nat(10_000),
  fc.constantFrom(-1, 0.5, '7', null, 1e13, 1e2, Number.MAX_SAFE_INTEGER),
);
const usageText = fc.oneof(
  fc
    .record(
      {
        input_tokens: count,
        output_tokens: count,
        prompt_tokens: count,
        completion_tokens: count,
        total_tokens: count,
        cached_tokens: count,
        plugins: fc.constant({ search: { count: 1 } }),
        prompt_tokens_details: fc.record({ cached_tokens: count }),
        output_tokens_details: fc.record({ reasoning_tokens: count }),
      },
      { requiredKeys: [] },
    )
    .map((usage) => JSON.stringify(usage)),
  fc.constantFrom('null', '{}', '[]', '7', '{"input_tokens":1,"input_tokens":2,"output_tokens":3}'),
);
/** The members of one frame or reply: none, one or two of them `usage`. */
const usages = fc.array(usageText, { maxLength: 2 });

function members(texts: readonly string[]): string {
  return texts.map((text) => `,"usage":${text}`).join('');
}

function expectSame(decoded: Decoded): void {
  expect(decoded.kind).toBe('answer');
  if (decoded.kind !== 'answer') return;
  expect(tokenDifference(Buffer.from(decoded.body), decoded.usage ?? UNKNOWN_USAGE)).toBeNull();
}

test('tokenDifference: whatever a reply says of tokens, what is recorded of it agrees with what is stored', () => {
  fc.assert(
    fc.property(usages, fc.constantFrom(openai, dashscope), (texts, protocol) => {
      const choice =
        '{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}';
      const whole =
        protocol === openai
          ? `{"choices":[${choice}]${members(texts)}}`
          : `{"output":{"choices":[${choice}]}${members(texts)}}`;
      const headers = { 'content-type': 'application/json' };
      expectSame(protocol.decode({ statusCode: 200, headers, body: Buffer.from(whole) }, asked()));
    }),
    { numRuns: 500 },
  );
});

test('tokenDifference: whatever the frames of a stream say of tokens, the same', () => {
  const frames = fc.array(usages, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(frames, fc.constantFrom(openai, dashscope), (all, protocol) => {
      const reason = (index: number): string =>
        index < all.length - 1 ? (protocol === openai ? 'null' : '"null"') : '"stop"';
      const text = all
        .map((texts, index) => {
          const choice = (part: string): string =>
            `"choices":[{"index":0,"${part}":{"role":"assistant","content":"x"},"finish_reason":${reason(index)}}]`;
          return protocol === openai
            ? `data: {${choice('delta')}${members(texts)}}\n\n`
            : `data: {"output":{${choice('message')}}${members(texts)}}\n\n`;
        })
        .join('');
      const head = { statusCode: 200, headers: { 'content-type': 'text/event-stream' } };
      const fold = protocol.fold(head, asked({ incremental: true }));
      fold.push(Buffer.from(text));
      expectSame(fold.end());
    }),
    { numRuns: 500 },
  );
});

test('tokenDifference: an answer that is no JSON says nothing', () => {
  expect(tokenDifference(Buffer.from('[redacted'), UNKNOWN_USAGE)).toBeNull();
});
