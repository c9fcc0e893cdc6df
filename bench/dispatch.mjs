// How fast calls are made: `run` against a service without latency (or with one), next to a bare undici
// loop over the same lines with as many calls in flight. Both phases are timed by the server, from the first
// call to come until the last is answered, so neither start-up nor the survey is in them.
// node bench/dispatch.mjs [--lines 100000] [--concurrency 256] [--rounds 3] [--latency 50]
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  alternate,
  CLI,
  LINE_BYTES,
  median,
  numberOptions,
  report,
  runFlags,
  runNode,
  startServer,
  stateFlags,
  withFolder,
  writeInput,
} from './measure.mjs';

const BARE = fileURLToPath(new URL('bare-dispatch.mjs', import.meta.url));
const { lines, concurrency, rounds, latency } = numberOptions({
  lines: 100_000,
  concurrency: 256,
  rounds: 3,
  latency: 0,
});

await withFolder(async (folder) => {
  const server = await startServer(latency);
  try {
    const input = join(folder, 'requests.jsonl');
    const peakFile = join(folder, 'peak');
    await writeInput(input, lines);
    const measure = async (args) => {
      await server.reset();
      const { wallMs, peakRssBytes, cpuMs } = await runNode(args, { cwd: folder, peakFile });
      const { calls, firstAtMs, lastAtMs } = await server.seen();
      if (calls !== lines) throw new Error(`${calls} calls came, not ${lines}`);
      return { phaseMs: lastAtMs - firstAtMs, wallMs, peakRssBytes, cpuMs };
    };
    const state = join(folder, 'state');
    const ours = [CLI, 'run', input, ...stateFlags(state), ...runFlags(server.base, concurrency)];
    const [run, bare] = await alternate(rounds, [
      async () => {
        await rm(state, { recursive: true, force: true });
        await mkdir(state);
        return measure(ours);
      },
      () => measure([BARE, input, server.base, String(concurrency)]),
    ]);
    const figures = (results) => {
      const phaseMs = median(results.map((result) => result.phaseMs));
      return {
        phase_ms: phaseMs,
        calls_per_second: (lines / phaseMs) * 1000,
        wall_ms: median(results.map((result) => result.wallMs)),
        cpu_us_a_line: (median(results.map((result) => result.cpuMs)) / lines) * 1000,
        peak_rss_bytes: median(results.map((result) => result.peakRssBytes)),
      };
    };
    report({
      name: 'dispatch',
      command: `qbatch run, ${lines} lines of ${LINE_BYTES} bytes, ${concurrency} in flight, ${latency} ms`,
      rounds,
      qbatch: figures(run),
      baseline: { what: 'bare undici loop, replies parsed', ...figures(bare) },
      ratio: figures(run).phase_ms / figures(bare).phase_ms,
      whole_ratio: figures(run).wall_ms / figures(bare).wall_ms,
      ...(latency > 0 && {
        share_of_ideal: figures(run).calls_per_second / (concurrency / (latency / 1000)),
      }),
    });
  } finally {
    server.stop();
  }
});
