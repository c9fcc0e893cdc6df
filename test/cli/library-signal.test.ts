import { expect, test } from 'vitest';
import type * as Library from '../../src/index.ts';
import { CANARY_KEY, openBench } from '../helpers/bench.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';

// What programs import: the built library, in this process.
const built = new URL('../../dist/index.js', import.meta.url).href;
const { runBatch } = (await import(built)) as typeof Library;

test('a signal while a limit is stopping the job: the calls in flight, which are paid, are waited for', async () => {
  const bench = openBench();
  bench.write('a.jsonl', jsonl(placeIds(6).map((id) => nativeLine(id))));
  const server = await startCountingServer();
  server.hold();
  const stop = new AbortController();
  const ended = await runBatch({
    cwd: bench.path('.'),
    env: { HOME: bench.home, DASHSCOPE_API_KEY: CANARY_KEY },
    input: 'a.jsonl',
    flags: { 'base-url': server.origin, concurrency: 2, 'max-duration': '300ms' },
    signal: stop.signal,
    onEvent: (event) => {
      if (event.event !== 'stopping') return;
      stop.abort();
      server.release();
    },
  });
  expect(ended).toMatchObject({
    exitCode: 3,
    summary: {
      lines: { answered: server.calls.length },
      possibly_billed: { attempts: 0 },
      stopped: { reason: 'duration' },
    },
  });
  expect(server.calls.length).toBeGreaterThan(0);
});
