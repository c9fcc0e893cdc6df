import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { heapGrowthFlag } from '../src/bound-garbage.ts';

test.each([
  [1, 100],
  [64, 100],
  [256, 100],
  [512, 50],
  [1000, 26],
  [2560, 10],
  [10_000, 10],
])('heapGrowthFlag: %d calls in flight: %d percent', (calls, percent) => {
  expect(heapGrowthFlag(calls)).toBe(`--heap-growing-percent=${percent}`);
});

/**
 * What a heap in which 64 MiB live grows to while objects that live for a while come and go: its
 * largest size, in MiB, since the garbage began.
 */
const CHURN = `
  if (process.argv[1] !== '') require('node:v8').setFlagsFromString(process.argv[1]);
  const kept = Array.from({ length: 2048 }, () => new Array(4096).fill(1.5));
  let most = 0;
  for (let at = 0; at < 15_000; at += 1) {
    kept[at % 512] = new Array(4096).fill(at + 0.5);
    if (at % 64 === 0) most = Math.max(most, process.memoryUsage().heapTotal);
  }
  console.log(kept.length, most / 2 ** 20);
`;

function heapMost(flag: string): number {
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', CHURN, '--', flag], {
    encoding: 'utf8',
  });
  // V8 says there that it does not know a flag.
  expect(stderr).toBe('');
  const [kept, most] = stdout.trim().split(' ').map(Number);
  expect(kept).toBe(2048);
  return most ?? Number.NaN;
}

test('heapGrowthFlag: set while a process runs, its heap stays within some times what lives', () => {
  // Without it 370 to 410 MiB with Node.js 20 and 22; 24 grows to 206 with and without.
  expect(heapMost(heapGrowthFlag(10_000))).toBeLessThan(220);
});
