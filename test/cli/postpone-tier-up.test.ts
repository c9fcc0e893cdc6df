import { expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

/** Says on stdout what V8 compiles of WebAssembly, and with which compiler. */
const OVERHEAR = `
import { setFlagsFromString } from 'node:v8';
setFlagsFromString('--trace-wasm-compilation-times');
`;

test('a run of a few calls: the HTTP parser is compiled once', async () => {
  const bench = openBench();
  bench.write('overhear.mjs', OVERHEAR);
  bench.write('a.jsonl', jsonl(placeIds(20).map((id) => nativeLine(id))));
  const run = await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0', '-q'], {
    env: { NODE_OPTIONS: `--import ${bench.path('overhear.mjs')}` },
  });
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(run.stdout).toContain('using Liftoff');
  expect(run.stdout).not.toContain('using TurboFan');
});
