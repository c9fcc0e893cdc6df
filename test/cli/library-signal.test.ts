import { expect, test } from 'vitest';
import type * as Library from '../../src/index.ts';
import { CANARY_KEY, openBench } from '../helpers/bench.ts';
import { BAD_REQUEST } from '../helpers/cli-job.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';

// What programs import: the built library, in this process.
const built = new URL('../../dist/index.js', import.meta.url).href;
const { runBatch } = (await import(built)) as typeof Library;

test('a signal while a limit is stopping the job: the calls in flight, which are paid, are waited for', async () => {
  const bench = openBench();
  const ids = placeIds(6);
  bench.write('a.jsonl', jsonl(ids.map((id) => nativeLine(id))));
  const server = await startCountingServer();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  server.script = ({ id }) => (id === ids[0] ? BAD_REQUEST : { kind: 'answer' });
  // The failure that stops it comes when two others are in flight.
  server.beforeReply = ({ id }) => (id === ids[0] ? server.seen(3) : released);
  const stop = new AbortController();
  const ended = await runBatch({
    cwd: bench.path('.'),
    env: { HOME: bench.home, DASHSCOPE_API_KEY: CANARY_KEY },
    input: 'a.jsonl',
    flags: { 'base-url': server.origin, concurrency: 3, 'max-failures': '1' },
    signal: stop.signal,
    onEvent: (event) => {
      if (event.event !== 'stopping') return;
      stop.abort();
      release();
    },
  });
  expect(ended).toMatchObject({
    exitCode: 3,
    summary: {
      lines: { answered: 2, failed: 1 },
      possibly_billed: { attempts: 0 },
      stopped: { reason: 'failures' },
    },
  });
});
