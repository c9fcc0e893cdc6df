import { expect, test } from 'vitest';
import { leastTokens } from '../../src/simulator/tokens.ts';

// What Qwen's own vocabulary counts of each.
test.each([
  ['a table of contents', `Chapter ${'.'.repeat(69)} 1\n`, 500, 3039],
  ['rules of a table', `${'─'.repeat(60)}\n`, 220, 2021],
  ['a long English word', ' responsibilities', 2300, 2358],
  ['a Russian word', ' необходимо', 1500, 1520],
  ['padding', `| ${' '.repeat(60)} | ${' '.repeat(60)} |\n`, 320, 1608],
  ['lines of =', `${'='.repeat(78)}\n`, 500, 530],
  ['blanks', ' ', 40_000, 9],
])('leastTokens: no more than the vocabulary counts of %s', (_name, piece, count, exact) => {
  expect(leastTokens(piece.repeat(count))).toBeLessThanOrEqual(exact);
});
