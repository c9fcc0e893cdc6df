import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createRedactor, createValueRedactor, looksLikeKey, redactKeyLike } from '../src/redact.ts';

describe('createRedactor', () => {
  it.each([
    ['Bearer canary-key-123', 'Bearer [redacted]'],
    ['canary-key-123canary-key-123', '[redacted][redacted]'],
    ['密钥：canary-key-123。', '密钥：[redacted]。'],
    ['key sk-0123456789abcdefXYZ refused', 'key [redacted] refused'],
    ['sk-sp-0123456789abcdefXYZ', '[redacted]'],
    ['Incorrect key: sk-ab****ef', 'Incorrect key: sk-ab****ef'],
    ['risk-assessments1234567890 and sk-learn', 'risk-assessments1234567890 and sk-learn'],
    ['你好, world', '你好, world'],
  ])('%s', (text, clean) => {
    expect(createRedactor(['canary-key-123'])(text)).toBe(clean);
  });

  it('finds a value as JSON and URLs write it', () => {
    const secret = 'pa"ss\\word/ü';
    const redact = createRedactor([secret]);
    expect(redact(JSON.stringify({ key: secret }))).toBe('{"key":"[redacted]"}');
    expect(redact(`?key=${encodeURIComponent(secret)}`)).toBe('?key=[redacted]');
  });

  it('leaves no tail where one secret begins another', () => {
    expect(createRedactor(['secret-1', 'secret-1-long'])('secret-1-long')).toBe('[redacted]');
  });

  it('never lets a secret through, whatever stands around it', () => {
    const secret = fc
      .stringMatching(/^[\x21-\x7e]{8,40}$/)
      .filter((text) => !'[redacted]'.includes(text));
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        expect(createRedactor([value])(`${before} ${value} ${after}`)).not.toContain(` ${value} `);
      }),
    );
  });
});

describe('createValueRedactor', () => {
  it('takes out the values and leaves what merely looks like a key', () => {
    const redact = createValueRedactor(['canary-key-123']);
    expect(redact('canary-key-123 sk-0123456789abcdefXYZ')).toBe(
      '[redacted] sk-0123456789abcdefXYZ',
    );
  });

  it('finds a value in JSON that escapes it, whole or torn, before anybody cuts it', () => {
    const redact = createValueRedactor(['canary-key-123']);
    const all = Array.from(
      'canary-key-123',
      (one) => String.raw`\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ).join('');
    expect(redact(`<html>{"k":"${all}`)).toBe('<html>{"k":"[redacted]');
    expect(redact(String.raw`\u0063anary\u002Dkey-12\u0033, canary-key-123`)).toBe(
      '[redacted], [redacted]',
    );
    expect(redact(String.raw`\u0063anary-key`)).toBe(String.raw`\u0063anary-key`);
  });

  it('leaves short values alone, which are words', () => {
    expect(createValueRedactor(['EMPTY', ''])('EMPTY set')).toBe('EMPTY set');
  });
});

describe('looksLikeKey, redactKeyLike', () => {
  it('agree with each other, call after call', () => {
    for (const text of ['sk-0123456789abcdef', 'a sk-0123456789abcdef', 'sk-short', 'qwen-plus']) {
      expect(looksLikeKey(text)).toBe(text.includes('0123456789abcdef'));
      expect(looksLikeKey(text)).toBe(redactKeyLike(text) !== text);
    }
  });
});
