import { expect, test } from 'vitest';
import { TIER_UP_FLAG } from '../../src/postpone-tier-up.ts';
import { openBench } from '../helpers/bench.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

/** Says on stderr what V8 is told, and tells it. */
const OVERHEAR = `
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flag) => {
  process.stderr.write('told V8 ' + flag + '\\n');
  setFlagsFromString(flag);
};
syncBuiltinESMExports();
`;

test.each([
  [['-c', '64'], '--heap-growing-percent=100'],
  [['-c', '1024'], '--heap-growing-percent=25'],
])('run %s: V8 is told once how much garbage it may keep', async (flags, flag) => {
  const bench = openBench();
  bench.write('overhear.mjs', OVERHEAR);
  bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
  const run = await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0', '-q', ...flags], {
    env: { NODE_OPTIONS: `--import ${bench.path('overhear.mjs')}` },
  });
  expect(run).toMatchObject({ status: 0, stderr: `told V8 ${TIER_UP_FLAG}\ntold V8 ${flag}\n` });
});

test('check: V8 is told nothing of that', async () => {
  const bench = openBench();
  bench.write('overhear.mjs', OVERHEAR);
  bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
  const run = await runCli(bench, ['check', 'a.jsonl', '-q'], {
    env: { NODE_OPTIONS: `--import ${bench.path('overhear.mjs')}` },
  });
  expect(run).toMatchObject({ status: 0, stderr: `told V8 ${TIER_UP_FLAG}\n` });
});
