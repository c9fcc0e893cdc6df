import { expect, test } from 'vitest';
import { oneLine } from '../../src/reporters/one-line.ts';
import { HOSTILE, TERMINAL_CONTROL } from './sample-events.ts';

test('oneLine: line breaks and runs of space become one space, both sides stay apart', () => {
  expect(oneLine('  账户欠费\r\n\t请充值\u2028后再试  ')).toBe('账户欠费 请充值 后再试');
});

test('oneLine: hostile text, the words stay and nothing that a terminal obeys', () => {
  const shown = oneLine(HOSTILE);
  expect(shown).not.toMatch(TERMINAL_CONTROL);
  expect(shown).toMatch(/^ok.*red.*evil.*second line.*end$/u);
});

test('oneLine: too long, cut with a mark, never half a character', () => {
  expect(oneLine('abcdefghij', 10)).toBe('abcdefghij');
  expect(oneLine('abcdefghijk', 10)).toBe('abcdefg...');
  expect(oneLine('👍'.repeat(10), 10)).toBe('👍👍👍...');
});
