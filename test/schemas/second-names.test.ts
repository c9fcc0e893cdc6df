import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/models/catalog.ts';
import { estimateTokens } from '../../src/models/tokens.ts';
import { callOf, parseText } from '../helpers/parse-text.ts';
import { pngOf } from '../helpers/png-of.ts';

/*
 * A snapshot's second name (`qwen-plus-0112`) is another word for the same model: whatever is said
 * of the one has to be said of the other.
 */

const catalog = loadCatalog();
const SECOND_NAMES = catalog
  .ids()
  .flatMap((id) => (catalog.record(id)?.also ?? []).map((other): [string, string] => [other, id]));

const URL = 'https://example.com/a.png';
const FRAMES = Array.from({ length: 100 }, () => URL);
const seen = (...parts: readonly unknown[]): object => ({
  messages: [{ role: 'user', content: [...parts, { text: '这是什么？' }] }],
});
const said = (parameters: object): object => ({
  messages: [{ role: 'user', content: '你好' }],
  ...parameters,
});

/** Lines without a model that many families judge differently. */
const LINES: readonly object[] = [
  said({ max_tokens: 5000 }),
  said({ max_input_tokens: 5000 }),
  said({ enable_thinking: true, incremental_output: false, result_format: 'text' }),
  said({ repetition_penalty: 1.5, n: 2, logprobs: true, enable_search: true }),
  said({ tools: [{ type: 'function', function: { name: 'now', description: '现在' } }] }),
  seen({ image: URL, min_pixels: 4, max_pixels: 20_000_000 }),
  seen({ video: FRAMES }),
  seen({ video: 'https://example.com/a.mp4', max_frames: 513 }),
];

/** The line's verdict and problems, with the model's name taken out of the messages. */
function judged(line: object, model: string, own = catalog): unknown {
  const { kind, problems } = parseText({ model, ...line }, { catalog: own });
  return [
    kind,
    problems.map(({ message, ...rest }) => ({ ...rest, message: message.replaceAll(model, '_') })),
  ];
}

const imageTokens = (model: string, own = catalog): number =>
  estimateTokens({
    messages: [{ role: 'user', content: [{ image: pngOf(800, 800) }] }],
    maxTokens: null,
    thinking: null,
    profile: own.profile(model),
  }).inputTokens;

describe('the second names of models', () => {
  test('there are 41, and each profile is that of the id, under the name that was asked for', () => {
    expect(SECOND_NAMES).toHaveLength(41);
    for (const [other, id] of SECOND_NAMES) {
      expect(catalog.profile(other)).toEqual({ ...catalog.profile(id), id: other });
      expect(catalog.profile(other).canonicalId).toBe(id);
    }
  });

  test.each(SECOND_NAMES)('%s is judged and counted as %s', (other, id) => {
    for (const line of LINES) expect(judged(line, other)).toEqual(judged(line, id));
    expect(imageTokens(other)).toBe(imageTokens(id));
  });

  test('the name is sent as it was written', () => {
    const line = { model: 'qwen-plus-0728', ...said({ max_input_tokens: 5000 }) };
    expect(JSON.parse(callOf(line).body)).toMatchObject({ model: 'qwen-plus-0728' });
  });
});

describe('what the documentation says of a snapshot, by its second name', () => {
  const outline = (line: object): string[] =>
    parseText(line).problems.map(({ severity, path }) => `${severity} ${path}`);

  test.each(['qwen-vl-ocr-0413', 'qwen-vl-ocr-0828'])(
    '%s: max_tokens above 4,096 works for accounts that were raised',
    (model) => {
      expect(outline({ model, max_tokens: 5000, ...seen({ image: URL }) })).toEqual([
        'warning max_tokens',
      ]);
      expect(outline({ model, max_tokens: 8193, ...seen({ image: URL }) })).toEqual([
        'error max_tokens',
      ]);
    },
  );

  test('qwen-plus-0728 takes max_input_tokens', () => {
    expect(outline({ model: 'qwen-plus-0728', ...said({ max_input_tokens: 5000 }) })).toEqual([]);
  });

  test.each(['qwen-vl-max-1119', 'qwen-vl-max-1230', 'qwen-vl-plus-0102'])(
    '%s: a list of more than 80 frames',
    (model) => {
      expect(outline({ model, ...seen({ video: FRAMES }) })).toEqual([
        'warning messages[0].content[0].video',
      ]);
    },
  );

  // 25 x 25 squares of 32 pixels, the two marks, and eight tokens of the chat template.
  test.each(['qwen-vl-max-0813', 'qwen-vl-plus-0815', 'qwen-vl-plus-0710', 'qwen-vl-ocr-1120'])(
    '%s: an image of 800 x 800 has 627 tokens',
    (model) => {
      expect(imageTokens(model)).toBe(627 + 8);
    },
  );
});

describe("names of the user's catalog", () => {
  const own = loadCatalog({
    models: [
      { id: 'our-reader', alias_of: 'qwen-vl-ocr-0413' },
      { id: 'our-reader-2', alias_of: 'our-reader' },
      { id: 'qwen-vl-max-0813', limits: { max_output: 4096 } },
      { id: 'our-thinker', alias_of: 'qwen3.8-max' },
    ],
  });

  test('an alias, and an alias of an alias, are judged and counted as the model they share', () => {
    for (const model of ['our-reader', 'our-reader-2']) {
      expect(own.profile(model).canonicalId).toBe('qwen-vl-ocr-2025-04-13');
      for (const line of LINES)
        expect(judged(line, model, own)).toEqual(judged(line, 'qwen-vl-ocr-2025-04-13'));
      expect(imageTokens(model, own)).toBe(imageTokens('qwen-vl-ocr-2025-04-13'));
    }
  });

  test('an entry for a second name stays the same model', () => {
    expect(own.profile('qwen-vl-max-0813')).toMatchObject({
      id: 'qwen-vl-max-0813',
      canonicalId: 'qwen-vl-max-2025-08-13',
      maxOutput: 4096,
    });
    expect(imageTokens('qwen-vl-max-0813', own)).toBe(627 + 8);
  });

  test('what follows from the name of the model follows for its alias', () => {
    expect(own.profile('our-thinker').thinkingDefault).toBe(true);
  });
});
