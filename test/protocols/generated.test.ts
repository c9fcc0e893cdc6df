import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { classify } from '../../src/classify.ts';
import { dashscope } from '../../src/protocols/dashscope.ts';
import { openai } from '../../src/protocols/openai.ts';
import type { Decoded, Protocol } from '../../src/protocols/protocol.ts';
import { asked } from '../helpers/asked.ts';
import { type Frame, readAnswer } from '../helpers/recorded.ts';

/* Streams made up by a generator, which knows what they say; then the same ones damaged. */

type Choice = {
  readonly content: readonly string[];
  readonly reasoning: readonly string[];
  /** Pieces of each call's arguments. */
  readonly toolCalls: readonly (readonly string[])[];
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
};

/** An answer in pieces, and how it goes over the wire. */
type Stream = {
  readonly protocol: 'dashscope' | 'openai';
  readonly choices: readonly Choice[];
  /** Native only: each frame has the whole text so far. */
  readonly whole: boolean;
  readonly lineEnd: '\n' | '\r\n' | '\r';
  readonly comments: boolean;
};

type Piece = {
  readonly index: number;
  readonly message: object;
  readonly finishReason: string | null;
};

const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  fc.constantFrom(
    '你好',
    '😀',
    '\n\n',
    'data: x',
    '"',
    '\\',
    '\u2028',
    'id:1',
    '[DONE]',
    'a',
    'aa',
  ),
);
const pieces = fc.array(text, { maxLength: 5 });
const choice: fc.Arbitrary<Choice> = fc.record({
  content: fc.array(text, { minLength: 1, maxLength: 5 }),
  reasoning: pieces,
  toolCalls: fc.array(pieces, { maxLength: 2 }),
  finishReason: fc.constantFrom('stop', 'length', 'tool_calls'),
});
const stream: fc.Arbitrary<Stream> = fc.record({
  protocol: fc.constantFrom('dashscope', 'openai'),
  choices: fc.array(choice, { minLength: 1, maxLength: 3 }),
  whole: fc.boolean(),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  comments: fc.boolean(),
});

/** Whole texts so far instead of pieces. */
function grown(parts: readonly string[]): readonly string[] {
  return parts.map((_, at) => parts.slice(0, at + 1).join(''));
}

/** The pieces of one choice in their order: reasoning, content, tool calls, the finish reason. */
function piecesOf(of: Choice, index: number, whole: boolean): readonly Piece[] {
  const texts = (parts: readonly string[]): readonly string[] => (whole ? grown(parts) : parts);
  const piece = (message: object): Piece => ({ index, message, finishReason: null });
  // A frame of a whole-text stream repeats what is finished already.
  const thought = whole ? of.reasoning.join('') : '';
  const said = whole ? of.content.join('') : '';
  return [
    ...texts(of.reasoning).map((reasoning) => piece({ content: '', reasoning_content: reasoning })),
    ...texts(of.content).map((content) => piece({ content, reasoning_content: thought })),
    ...of.toolCalls.flatMap((parts, call) => [
      piece({
        content: said,
        reasoning_content: thought,
        tool_calls: [
          {
            index: call,
            id: `call_${call}`,
            type: 'function',
            function: { name: 'f', arguments: '' },
          },
        ],
      }),
      ...texts(parts).map((part) =>
        piece({
          content: said,
          reasoning_content: thought,
          tool_calls: [{ index: call, id: '', function: { arguments: part } }],
        }),
      ),
    ]),
    {
      index,
      message: { content: said, reasoning_content: thought },
      finishReason: of.finishReason,
    },
  ];
}

/** All choices in turns, as the service sends them where `n` is more than one. */
function inTurns(lists: readonly (readonly Piece[])[]): readonly Piece[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list[at] ?? [])).flat();
}

function eventsOf(of: Stream): readonly string[] {
  const whole = of.whole && of.protocol === 'dashscope';
  const parts = inTurns(of.choices.map((one, index) => piecesOf(one, index, whole)));
  const end = of.lineEnd;
  const comment = of.comments ? `: keep-alive${end}` : '';
  if (of.protocol === 'dashscope') {
    return parts.map(({ index, message, finishReason }, at) => {
      const usage = { input_tokens: 9, output_tokens: at + 1, total_tokens: 10 + at };
      const choices = [{ index, message, finish_reason: finishReason ?? 'null' }];
      const data = JSON.stringify({ output: { choices }, usage, request_id: 'r' });
      return `${comment}id:${at + 1}${end}event:result${end}:HTTP_STATUS/200${end}data:${data}${end}${end}`;
    });
  }
  const chunk = (value: object): string =>
    `${comment}data: ${JSON.stringify({ id: 'c', ...value })}${end}${end}`;
  return [
    ...parts.map(({ index, message, finishReason }) =>
      chunk({ choices: [{ index, delta: message, finish_reason: finishReason }] }),
    ),
    chunk({
      choices: [],
      usage: { prompt_tokens: 9, completion_tokens: parts.length, total_tokens: 9 + parts.length },
    }),
    `data: [DONE]${end}${end}`,
  ];
}

const protocols = { dashscope, openai };

function fold(of: Stream, chunks: readonly Buffer[]): Decoded {
  const incremental = of.protocol === 'dashscope' ? !of.whole : null;
  const want = asked({ incremental, choices: of.choices.length });
  const folding = protocols[of.protocol].fold({ statusCode: 200, headers: {} }, want);
  for (const chunk of chunks) folding.push(chunk);
  return folding.end();
}

/** Bytes in the pieces that `cuts` make, each a share of the whole. */
function splitAt(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = cuts.map((cut) => Math.floor(cut * bytes.length)).toSorted((a, b) => a - b);
  return [...places, bytes.length].map((place, at) => bytes.subarray(places[at - 1] ?? 0, place));
}

function bodyOf(decoded: Decoded): Frame {
  if (decoded.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(decoded)}`);
  return JSON.parse(decoded.body) as Frame;
}

const cut = fc.double({ min: 0, max: 1, noNaN: true });

describe('streams of every kind', () => {
  test('whatever they say, in one piece or split anywhere: that is the answer', () => {
    fc.assert(
      fc.property(stream, fc.array(cut, { maxLength: 6 }), (of, cuts) => {
        const bytes = Buffer.from(eventsOf(of).join(''));
        const decoded = fold(of, [bytes]);
        expect(readAnswer([bodyOf(decoded)])).toMatchObject({
          choices: of.choices.map((one) => ({
            content: one.content.join(''),
            reasoning: one.reasoning.join(''),
            toolCalls: one.toolCalls.map((parts, call) => ({
              id: `call_${call}`,
              name: 'f',
              arguments: parts.join(''),
            })),
            finishReason: one.finishReason,
          })),
        });
        const frames = eventsOf(of).length - (of.protocol === 'openai' ? 2 : 0);
        expect(decoded).toMatchObject({
          usage: { inputTokens: 9, outputTokens: frames, totalTokens: 9 + frames },
        });
        expect(fold(of, splitAt(bytes, cuts))).toEqual(decoded);
        expect(
          fold(
            of,
            [...bytes].map((byte) => Buffer.from([byte])),
          ),
        ).toEqual(decoded);
      }),
      { numRuns: 150 },
    );
  });

  test('cut anywhere before every choice is finished: never an answer', () => {
    fc.assert(
      fc.property(stream, cut, (of, share) => {
        const events = eventsOf(of);
        const finished = events.findLastIndex((event) => /"finish_reason":"(?!null)/.test(event));
        const before = Buffer.from(events.slice(0, finished).join(''));
        const [start = before] = splitAt(before, [share]);
        expect(fold(of, [start])).toMatchObject({
          kind: 'failure',
          failure: { kind: 'bad-response' },
        });
      }),
      { numRuns: 300 },
    );
  });

  test("an error in any of the service's shapes, before, within or after the answer: a failure", () => {
    const shapes: fc.Arbitrary<object> = fc.constantFrom(
      { code: 'InternalError', message: 'oops' },
      { code: 'InternalError', message: 'oops', output: null, choices: null, usage: null },
      { code: 'InternalError', message: 'oops', output: {}, usage: {} },
      { code: 'InternalError', message: 'oops', output: { text: null, choices: [] } },
      { code: 'InternalError', message: 'oops', choices: [] },
      { error: { code: 'InternalError', message: 'oops', type: null, param: null } },
      { error: { code: 'InternalError', message: 'oops' }, choices: [], id: 'c' },
      { error: { type: 'InternalError', code: null, message: 'oops' } },
    );
    fc.assert(
      fc.property(stream, shapes, cut, (of, error, share) => {
        const events = [...eventsOf(of)].filter((event) => !event.includes('data: [DONE]'));
        const at = Math.round(share * events.length);
        events.splice(at, 0, `data:${JSON.stringify(error)}${of.lineEnd}${of.lineEnd}`);
        expect(fold(of, [Buffer.from(events.join(''))])).toMatchObject({
          kind: 'failure',
          failure: { kind: 'http', code: 'InternalError', message: 'oops' },
        });
      }),
      { numRuns: 200 },
    );
  });

  test('damaged at random: no exception, and no answer without a finish reason', () => {
    const damage = fc.array(
      fc.record({ at: cut, remove: fc.nat(40), insert: fc.uint8Array({ maxLength: 6 }) }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(stream, damage, (of, damages) => {
        let bytes = Buffer.from(eventsOf(of).join(''));
        for (const { at, remove, insert } of damages) {
          const place = Math.floor(at * bytes.length);
          bytes = Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + remove)]);
        }
        const decoded = fold(of, [bytes]);
        if (decoded.kind === 'failure') {
          expect(['retry', 'fail', 'throttle', 'stop']).toContain(classify(decoded.failure).action);
          return;
        }
        const { choices } = readAnswer([bodyOf(decoded)]);
        expect(choices.length).toBeGreaterThan(0);
        for (const { finishReason } of choices) expect(finishReason).not.toBeNull();
      }),
      { numRuns: 400 },
    );
  });
});

/** A choice with a message in each place, a text, or a message with a text. */
function holdsAnswer(value: unknown): boolean {
  const members = (of: unknown): Readonly<Record<string, unknown>> =>
    typeof of === 'object' && of !== null ? (of as Readonly<Record<string, unknown>>) : {};
  const output = members(members(value)['output']);
  const choices = output['choices'] ?? members(value)['choices'];
  if (Array.isArray(choices) && choices.length > 0) {
    const known: readonly unknown[] = choices;
    return known.every((one) => typeof members(one)['message'] === 'object');
  }
  return (
    typeof output['text'] === 'string' || typeof members(output['message'])['content'] === 'string'
  );
}

describe('replies of every kind', () => {
  const ERROR: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.oneof(
    fc.constantFrom(
      { code: 'InvalidParameter', message: 'no' },
      { code: 'InvalidParameter', message: 'no', request_id: 'r' },
    ),
    fc.constantFrom(
      { error: { code: 'InvalidParameter', message: 'no', type: 'x', param: 'None' } },
      { error: { code: null, type: 'InvalidParameter', message: 'no' }, object: 'error' },
    ),
  );
  const NOTHING: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.constantFrom(
    {},
    { output: null },
    { output: {} },
    { output: { text: null, finish_reason: null, choices: null } },
    { output: { text: '', finish_reason: 'stop' } },
    { output: { text: '只写了一', finish_reason: 'null' } },
    { output: { choices: [] } },
    {
      output: { choices: [{ message: { role: 'assistant', content: '' }, finish_reason: 'stop' }] },
    },
    { output: { choices: [{ message: { content: [] }, finish_reason: 'null' }] } },
    { choices: [] },
    { choices: null },
    { choices: [{ index: 0, message: { content: null }, finish_reason: null }] },
    { choices: [{ index: 0, message: { content: 'Half a' }, finish_reason: null }] },
  );
  const BESIDE: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.constantFrom(
    {},
    { usage: null },
    { usage: { input_tokens: 3 } },
    { status_code: 400, id: 'chatcmpl-1' },
  );
  const protocol: fc.Arbitrary<Protocol> = fc.constantFrom(dashscope, openai);

  test("the service's error, whatever stands beside it and whatever the status: never an answer", () => {
    fc.assert(
      fc.property(
        protocol,
        fc
          .tuple(ERROR, NOTHING, BESIDE)
          .chain((parts) => fc.shuffledSubarray(parts, { minLength: 3 })),
        fc.constantFrom(200, 201, 400, 429, 500),
        fc.constantFrom('', '\uFEFF', ' \r\n'),
        (of, parts, statusCode, start) => {
          const body = Buffer.from(start + JSON.stringify(Object.assign({}, ...parts)));
          expect(of.decode({ statusCode, headers: {}, body }, asked())).toMatchObject({
            kind: 'failure',
            failure: { kind: 'http', code: 'InvalidParameter', message: 'no', statusCode },
          });
        },
      ),
      { numRuns: 400 },
    );
  });

  test('any JSON and any bytes: no exception; an answer holds a choice, a text or a message', () => {
    const key = fc.constantFrom(
      ...['output', 'choices', 'message', 'content', 'text', 'finish_reason', 'code', 'error'],
      ...['usage', 'delta', 'phase', 'status', 'tool_calls', 'role', 'index', '__proto__'],
    );
    const { tree } = fc.letrec<{ tree: unknown; leaf: unknown }>((tie) => ({
      leaf: fc.constantFrom(null, '', 'null', 'stop', 'answer', 'finished', 0, 1, -1, true, 'x'),
      tree: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        tie('leaf'),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    const body = fc.oneof(
      tree.map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(protocol, body, fc.integer({ min: 100, max: 599 }), (of, bytes, statusCode) => {
        const head = { statusCode, headers: {} };
        const folding = of.fold(head, asked());
        folding.push(Buffer.concat([Buffer.from('data:'), bytes, Buffer.from('\n\n')]));
        for (const decoded of [of.decode({ ...head, body: bytes }, asked()), folding.end()]) {
          if (decoded.kind === 'failure') {
            classify(decoded.failure);
            continue;
          }
          expect(statusCode).toBeGreaterThanOrEqual(200);
          expect(statusCode).toBeLessThan(300);
          expect(holdsAnswer(JSON.parse(decoded.body)), decoded.body).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
