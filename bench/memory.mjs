// Whether memory grows with the input: the peak of `run` with few lines and with many, no latency.
// node bench/memory.mjs [--few 20000] [--many 1000000]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CLI,
  LINE_BYTES,
  numberOptions,
  report,
  runFlags,
  runNode,
  startServer,
  stateFlags,
  withFolder,
  writeInput,
} from './measure.mjs';

const CONCURRENCY = 256;
const { few, many } = numberOptions({ few: 20_000, many: 1_000_000 });

await withFolder(async (folder) => {
  const server = await startServer();
  try {
    const measure = async (lines) => {
      const state = join(folder, String(lines));
      await mkdir(state);
      const input = join(state, 'requests.jsonl');
      await writeInput(input, lines);
      const args = [CLI, 'run', input, ...stateFlags(state), ...runFlags(server.base, CONCURRENCY)];
      const { wallMs, peakRssBytes } = await runNode(args, {
        cwd: state,
        peakFile: join(state, 'peak'),
      });
      return { lines, wall_ms: wallMs, peak_rss_bytes: peakRssBytes };
    };
    const [small, large] = [await measure(few), await measure(many)];
    report({
      name: 'memory',
      command: `qbatch run, lines of ${LINE_BYTES} bytes, ${CONCURRENCY} in flight, 0 ms`,
      rounds: 1,
      qbatch: large,
      baseline: { what: 'the same with fewer lines', ...small },
      more_mib: (large.peak_rss_bytes - small.peak_rss_bytes) / 2 ** 20,
    });
  } finally {
    server.stop();
  }
});
