import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { compactJson, printable } from '../../src/json/compact-json.ts';

const LINE_BREAKERS = /[\u007F-\u009F\u2028\u2029\r\n\t]/;

/** What JSON.parse gives, with lone surrogates replaced, keys too. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('utf8');
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [wellFormed(key), wellFormed(inner)]),
  );
}

/** JSON string literals of raw and escaped halves of surrogate pairs, backslashes and plain text. */
const pieces = fc.constantFrom(
  '\\ud83d',
  '\\uDE00',
  '\ud83d',
  '\ude00',
  '\\\\',
  '\\\\ud83d',
  '\\"',
  '\\n',
  '\\u0041',
  '\u2028',
  '\u2029',
  '\u007f',
  '\u0085',
  '\u009f',
  ', : [ {  } ]',
  '杭州',
  'a',
);
const awkwardString = fc.array(pieces, { maxLength: 8 }).map((parts) => `"${parts.join('')}"`);

describe('compactJson', () => {
  test('an awkward string: the same value with lone surrogates replaced, and strict readers agree', () => {
    fc.assert(
      fc.property(awkwardString, awkwardString, (key, value) => {
        const text = ` { ${key} :\n[ ${value} , 1.0 ] } `;
        const compact = compactJson(text) ?? '';
        expect(JSON.parse(compact)).toEqual(wellFormed(JSON.parse(text)));
        expect(Buffer.from(compact, 'utf8').toString('utf8')).toBe(compact);
        expect(compact).not.toMatch(LINE_BREAKERS);
        expect(compactJson(compact)).toBe(compact);
      }),
      { numRuns: 500 },
    );
  });

  test('any indented JSON: what JSON.stringify writes without indentation', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ noUnicodeString: true }),
        fc.constantFrom(1, 2, '\t'),
        (value, indent) => {
          expect(compactJson(JSON.stringify(value, null, indent))).toBe(
            JSON.stringify(value).replaceAll('\u007f', '\\u007f'),
          );
        },
      ),
    );
  });

  test('numbers, key order, duplicate keys, escapes: byte for byte', () => {
    const text =
      '{"b":1e400,"a":-0,"2":1.0,"1":12345678901234567890,"a":0.10e+05,"s":"\\u4f60\\/\\ud83d\\ude00"}';
    expect(compactJson(text)).toBe(text);
  });

  test('spaces inside strings: kept, around them: dropped', () => {
    expect(compactJson('{ "content" : "a , b : \\" c"\r\n, "n" : [ 1 , 2 ] }')).toBe(
      '{"content":"a , b : \\" c","n":[1,2]}',
    );
  });

  test('separators and controls in strings and keys: written as escapes', () => {
    expect(compactJson('{"k\u2028":"x\u2029y\u007f\u0080\u009f"}')).toBe(
      '{"k\\u2028":"x\\u2029y\\u007f\\u0080\\u009f"}',
    );
  });

  test('an escaped backslash before ud800: no surrogate', () => {
    expect(compactJson('"\\\\ud800"')).toBe('"\\\\ud800"');
  });

  test('lone surrogates, raw or escaped: U+FFFD', () => {
    expect(compactJson('["\\ud800","\\uDC00x","\ud800","\\ud800\\n"]')).toBe(
      '["\ufffd","\ufffdx","\ufffd","\ufffd\\n"]',
    );
  });

  test('no JSON: null', () => {
    for (const text of ['', ' ', '{"a":1', "{'a':1}", '{"a":NaN}', '<html>', '{}{}', '\ufeff{}']) {
      expect(compactJson(text), JSON.stringify(text)).toBeNull();
    }
  });
});

describe('printable', () => {
  test('terminal sequences: gone, with what they carry', () => {
    expect(printable('\u001b[31mred\u001b[0m \u001b]0;title\u0007ok \u009b2Jx', 100)).toBe(
      'red ok x',
    );
    expect(printable('\u001b]8;;https://a.example\u001b\\link\u001b]8;;\u001b\\', 100)).toBe(
      'link',
    );
    expect(printable('\u001bP1;2|data\u001b\\after', 100)).toBe('after');
  });

  test('an unterminated terminal string: its text is shown, its introducer is not', () => {
    expect(printable('\u001b]0;rest of the message', 100)).toBe('0;rest of the message');
  });

  test('line breaks and tabs: one space; controls and bidi marks: nothing', () => {
    expect(printable('第一行\r\n\t第二行\u2028x\u0000\u202e\u2066y\u0007', 100)).toBe(
      '第一行 第二行 xy',
    );
  });

  test('the limit: never half a character', () => {
    expect(printable('ab😀', 3)).toBe('ab');
    expect(printable('ab😀', 4)).toBe('ab😀');
    expect(printable('千问', 1)).toBe('千');
  });

  test('any text: no control, no escape, within the limit, well formed', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.constantFrom('\u001b[', '\u001b', '\u009b', '\ud800'),
          ),
        ),
        fc.integer({ min: 1, max: 60 }),
        (parts, limit) => {
          const shown = printable(parts.join(''), limit);
          expect(shown.length).toBeLessThanOrEqual(limit);
          expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
          expect(Buffer.from(shown, 'utf8').toString('utf8')).toBe(shown);
        },
      ),
    );
  });
});
