import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { printable } from '../src/json/compact-json.ts';
import { shellWord } from '../src/shell-word.ts';

test.each([
  'in.jsonl',
  '中文.jsonl',
  "it's my in.jsonl",
  'a$b`c"d\\e!.jsonl',
  '~x.jsonl',
  'a\nb.jsonl',
  "a\t'b\\1.jsonl",
  'a\u001B[31mb.jsonl',
  'a\u202Eb.jsonl',
  'a\u200B7.jsonl',
  'a\u2028b\u0085c.jsonl',
])('%j: bash takes back what was printed', (word) => {
  const printed = printable(shellWord(word), 1000);
  const { stdout } = spawnSync('bash', ['-c', `printf %s ${printed}`], { encoding: 'utf8' });
  expect(stdout).toBe(word);
});
