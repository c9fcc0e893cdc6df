// Many calls open at once: a service that answers none before all have come and 30 s have passed since.
// Needs as many open files: `ulimit -n 20000`.
// node bench/held-open.mjs [--calls 10000] [--hold 30000]
import { join } from 'node:path';
import {
  CLI,
  numberOptions,
  report,
  runFlags,
  runNode,
  startServer,
  stateFlags,
  withFolder,
  writeInput,
} from './measure.mjs';

const { calls, hold } = numberOptions({ calls: 10_000, hold: 30_000 });

await withFolder(async (folder) => {
  const server = await startServer(0, calls, hold);
  try {
    const input = join(folder, 'requests.jsonl');
    const peakFile = join(folder, 'peak');
    await writeInput(input, calls);
    const args = [CLI, 'run', input, ...stateFlags(folder), ...runFlags(server.base, calls)];
    const { stdout, wallMs, peakRssBytes } = await runNode(args, { cwd: folder, peakFile });
    const seen = await server.seen();
    if (seen.openMost !== calls) throw new Error(`${seen.openMost} calls were open, not ${calls}`);
    const { answered } = JSON.parse(stdout).lines;
    if (answered !== calls) throw new Error(`${answered} calls were answered, not ${calls}`);
    report({
      name: 'held-open',
      command: `qbatch run -c ${calls}, every call held open until all had come and ${hold} ms longer`,
      rounds: 1,
      qbatch: {
        answered,
        open_at_once: seen.openMost,
        wall_ms: wallMs,
        peak_rss_bytes: peakRssBytes,
      },
    });
  } finally {
    server.stop();
  }
});
