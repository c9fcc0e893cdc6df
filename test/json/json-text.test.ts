import { describe, expect, test } from 'vitest';
import { jsonText } from '../../src/json/json-text.ts';

describe('jsonText', () => {
  test('jsonText: separators, controls and bidi are escaped and come back the same', () => {
    const text = '行\u2028段\u2029\u007F\u0085\u009B\u202E\u2066 \\ud800 \\\\ "\n\u0000 👍';
    const written = jsonText({ [text]: text });
    expect(written).not.toMatch(/[\p{Cc}\u2028\u2029\u202E\u2066]/u);
    expect(JSON.parse(written)).toEqual({ [text]: text });
  });

  test('jsonText: a lone surrogate becomes U+FFFD, a pair stays', () => {
    expect(jsonText(['\uD83D', 'a\\\uDC00b', '\uD83D\uDC4D'])).toBe(
      '["\uFFFD","a\\\\\uFFFDb","👍"]',
    );
  });
});
