import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createJsonRedactor } from '../../src/json/redact-json.ts';

describe('createJsonRedactor', () => {
  const redact = createJsonRedactor(['canary-key-123']);
  const redactDigits = createJsonRedactor(['123456']);

  it.each([
    [
      '{"created":1712345678,"n":[123456,-123456e2]}',
      '{"created":1712345678,"n":[123456,-123456e2]}',
    ],
    ['{"a":"no 123456","123456":1}', '{"a":"no [redacted]","[redacted]":1}'],
    [String.raw`["\u0031\u0032345\u0036"]`, '["[redacted]"]'],
    // A character of another script, then 56.
    [String.raw`["\u123456","123456"]`, String.raw`["\u123456","[redacted]"]`],
    [String.raw`["\\u00312345\u0036 1\"23456"]`, String.raw`["\\u003[redacted] 1\"23456"]`],
    [String.raw`["\\123456\\"]`, String.raw`["\\[redacted]\\"]`],
  ])('a key of digits is taken out of strings alone: %s', (json, clean) => {
    expect(redactDigits(json)).toBe(clean);
  });

  it('a key that is a word of JSON itself: no structure is touched', () => {
    const json = '{"a":false,"b":"that is false\\nfalse","c":null}';
    expect(createJsonRedactor(['a":false'])(json)).toBe(json);
    expect(createJsonRedactor(['"c":null'])(json)).toBe(json);
    expect(createJsonRedactor(['nfalse'])(json)).toBe(json);
  });

  it('escaped in any way, as a URL writes it, and inside JSON inside a string', () => {
    const secret = 'pa"ss\\word/+é';
    const clean = createJsonRedactor([secret]);
    const inner = JSON.stringify({ key: secret });
    expect(clean(JSON.stringify([secret, encodeURIComponent(secret)]))).toBe(
      '["[redacted]","[redacted]"]',
    );
    expect(clean(JSON.stringify({ arguments: inner }))).toBe(
      JSON.stringify({ arguments: '{"key":"[redacted]"}' }),
    );
    expect(clean(String.raw`["pa\u0022ss\\word\/\u002B\u00E9"]`)).toBe('["[redacted]"]');
    expect(createJsonRedactor(['a/b/c/d'])(String.raw`["a\/b\/c\/d","a/b/c/d"]`)).toBe(
      '["[redacted]","[redacted]"]',
    );
  });

  it('leaves short values alone, and what merely looks like a key', () => {
    expect(createJsonRedactor(['EMPTY', ''])('["EMPTY"]')).toBe('["EMPTY"]');
    expect(redact('["sk-0123456789abcdefXYZ"]')).toBe('["sk-0123456789abcdefXYZ"]');
  });

  it('hands back what it was given where there is nothing to take out', () => {
    const json = '{"content":"您好\\n\\u003cb\\u003e"}';
    expect(redact(json)).toBe(json);
  });

  it('whatever key stands wherever: JSON stays JSON, its other values as they were, the key gone', () => {
    const secret = fc
      .oneof(fc.stringMatching(/^[\x21-\x7e]{6,12}$/), fc.stringMatching(/^[0-9]{6,8}$/))
      .filter((text) => !'[redacted]'.includes(text));
    /** One way or another to write the same string. */
    const written = (text: string, escaped: readonly boolean[]): string =>
      `"${Array.from({ length: text.length }, (_, at) =>
        escaped[at % escaped.length] === true
          ? `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
          : JSON.stringify(text.charAt(at)).slice(1, -1),
      ).join('')}"`;
    const escapes = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(secret, fc.jsonValue(), escapes, (value, other, escaped) => {
        const clean = createJsonRedactor([value]);
        const [others, number] = [JSON.stringify(other), '171234567812345678'];
        const strings = clean(`[${written(`<${value}>`, escaped)},${number},${others}]`);
        const [first, , third] = JSON.parse(strings) as unknown[];
        expect(first).toBe('<[redacted]>');
        expect(strings).toContain(`,${number},`);
        if (!others.includes(value)) expect(third).toEqual(JSON.parse(others));
      }),
    );
  });
});
