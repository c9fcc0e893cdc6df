import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { maxDepth, memberText, scanArray, scanObject } from '../../src/json/json-scan.ts';

/** JSON texts with every kind of value, spacing between 0 and 3, and awkward keys. */
const awkwardKey = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', '"', '\\', '\\"', '1', '', '城市', '😀'),
);
const jsonText = fc
  .tuple(
    fc.oneof(
      fc.dictionary(awkwardKey, fc.jsonValue()),
      fc.dictionary(awkwardKey, fc.string({ unit: 'binary' })),
    ),
    fc.constantFrom('', ' ', '\t', '  '),
  )
  .map(([value, indent]) => JSON.stringify(value, null, indent));

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('scanObject', () => {
  test('any JSON object: the spans are those of the values that JSON.parse finds', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const parsed: Record<string, unknown> = JSON.parse(text);
        const scan = scanObject(text);
        const found = scan.members.map(({ key, valueStart, valueEnd }) => [
          key,
          JSON.parse(text.slice(valueStart, valueEnd)),
        ]);
        expect(new Map(found as [string, unknown][])).toEqual(new Map(Object.entries(parsed)));
        expect(scan.end).toBe(text.length);
        expect(scan.duplicate).toBeNull();
        expect(scan.depth).toBe(depthOf(parsed));
      }),
    );
  });

  test('white space everywhere: left out of the spans', () => {
    const text = ' \r\n{ "top_p" :\t0.80 , "stop":[ "，" , "]" ]\n}  ';
    const scan = scanObject(text);
    expect(scan.members.map((member) => text.slice(member.valueStart, member.valueEnd))).toEqual([
      '0.80',
      '[ "，" , "]" ]',
    ]);
    expect(scan.end).toBe(text.lastIndexOf('}') + 1);
  });

  test('numbers that JSON.parse would change: raw text as written', () => {
    const text = '{"a":1e400,"b":-0,"c":1.0,"d":12345678901234567890,"e":null,"f":true}';
    const scan = scanObject(text);
    expect(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => memberText(text, scan, key))).toEqual([
      '1e400',
      '-0',
      '1.0',
      '12345678901234567890',
      'null',
      'true',
    ]);
    expect(memberText(text, scan, 'g')).toBeNull();
  });

  test('a key twice, once escaped: found as a duplicate, and the last value counts', () => {
    const text = '{"model":"qwen-plus","input":{},"mod\\u0065l":"qwen-max"}';
    const scan = scanObject(text);
    expect(scan.duplicate).toBe('model');
    expect(memberText(text, scan, 'model')).toBe('"qwen-max"');
  });

  test('a duplicate among many keys: the first repeated one', () => {
    const keys = [...Array.from({ length: 30 }, (_, index) => `k${index}`), 'k7', 'k3'];
    const text = `{${keys.map((key) => `"${key}":0`).join(',')}}`;
    expect(scanObject(text).duplicate).toBe('k7');
  });

  test('__proto__ as a key, twice: a plain key and a duplicate', () => {
    const text = '{"__proto__":{"admin":true},"__proto__":1}';
    const scan = scanObject(text);
    expect(scan.members.map((member) => member.key)).toEqual(['__proto__', '__proto__']);
    expect(scan.duplicate).toBe('__proto__');
  });

  test('strings full of quotes, backslashes and braces: skipped as strings', () => {
    const content = 'C:\\dir\\ said "{[\\"\\\\" 他说：“好”\\';
    const text = JSON.stringify({ content, next: 1 });
    const scan = scanObject(text);
    expect(JSON.parse(memberText(text, scan, 'content') ?? '')).toBe(content);
    expect(memberText(text, scan, 'next')).toBe('1');
    expect(scan.depth).toBe(1);
  });

  test('a start inside the text: the object there and where it ends', () => {
    const text = '[{"a":1},{"role":"user","content":"你好"}]';
    const start = text.indexOf('{"role"');
    const scan = scanObject(text, start);
    expect(scan.members.map((member) => member.key)).toEqual(['role', 'content']);
    expect(text.slice(start, scan.end)).toBe('{"role":"user","content":"你好"}');
  });

  test('200,000 levels: measured without recursion', () => {
    const levels = 200_000;
    const text = `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(scanObject(text).depth).toBe(levels + 1);
    expect(maxDepth(text, 512)).toBe(513);
  });

  test('no object there: an assertion, not a wrong answer', () => {
    expect(() => scanObject('[1]')).toThrow('no object');
    expect(() => scanArray('{}')).toThrow('no array');
  });
});

describe('scanArray', () => {
  test('any JSON array: the spans are those of its elements', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom('', '  '), (values, indent) => {
        const text = JSON.stringify(values, null, indent);
        const found = scanArray(text).map(({ start, end }) => JSON.parse(text.slice(start, end)));
        expect(found).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe('maxDepth', () => {
  test('any JSON text: the depth of its value, up to one past the limit', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 8 }), (value, limit) => {
        const depth = depthOf(value);
        expect(maxDepth(JSON.stringify(value), limit)).toBe(Math.min(depth, limit + 1));
      }),
    );
  });

  test('brackets inside strings: not counted', () => {
    expect(maxDepth('{"content":"[[[{{{ \\"[["}', 512)).toBe(1);
    expect(maxDepth('"[["', 512)).toBe(0);
  });
});
