// How long an interrupted job takes from its start until its first call, with 99 % of its lines
// done, next to a process that reads and hashes the same input (SHA-256). Of a small input fewer are
// done: the first run must not end before its signal comes.
// node bench/resume.mjs [--lines 400000] [--percent 99] [--concurrency 256] [--rounds 3]
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
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
  startNode,
  startServer,
  stateFlags,
  withFolder,
  writeInput,
} from './measure.mjs';

const BARE = fileURLToPath(new URL('bare-resume.mjs', import.meta.url));
const TERMINATED = 143;
const LOOK_EVERY_MS = 5;
const { lines, percent, concurrency, rounds } = numberOptions({
  lines: 400_000,
  percent: 99,
  concurrency: 256,
  rounds: 3,
});
/** So many are answered when the signal comes; twice those in flight may be by the time that it is heard. */
const answeredFirst = Math.min(Math.floor((lines * percent) / 100), lines - 2 * concurrency);
if (answeredFirst < 1)
  throw new Error(
    `${lines} lines are done before a run of ${concurrency} at once can be interrupted: give --lines more than ${2 * concurrency}, or a smaller --concurrency`,
  );

/**
 * Starts the job, and terminates it once the server has answered so many calls; `mayFinish`: the
 * few lines left may be done before the signal comes.
 */
async function runUntil(server, { args, calls, mayFinish }) {
  await server.reset();
  const { child, done, startedAtMs } = startNode(args);
  let over = false;
  const ended = done.finally(() => {
    over = true;
  });
  for (let seen = await server.seen(); seen.calls < calls && !over; seen = await server.seen()) {
    await wait(LOOK_EVERY_MS);
  }
  child.kill('SIGTERM');
  const { status } = await ended;
  if (status !== TERMINATED && !(mayFinish && status === 0))
    throw new Error(
      `the job ended with ${status}, not by being terminated${status === 0 ? ': give more --lines, or a smaller --concurrency' : ''}`,
    );
  const { calls: made, firstAtMs } = await server.seen();
  return { made, firstCallMs: firstAtMs - startedAtMs };
}

await withFolder(async (folder) => {
  const server = await startServer();
  try {
    const input = join(folder, 'requests.jsonl');
    const state = join(folder, 'state');
    const saved = join(folder, 'saved');
    await writeInput(input, lines);
    await mkdir(state);
    const run = [CLI, 'run', input, ...stateFlags(state), ...runFlags(server.base, concurrency)];
    const first = await runUntil(server, {
      args: run,
      calls: answeredFirst,
      mayFinish: false,
    });
    await cp(state, saved, { recursive: true, preserveTimestamps: true });
    const [resumed, hashed] = await alternate(rounds, [
      async () => {
        await rm(state, { recursive: true });
        await cp(saved, state, { recursive: true, preserveTimestamps: true });
        return (await runUntil(server, { args: run, calls: 1, mayFinish: true })).firstCallMs;
      },
      async () => (await runNode([BARE, input])).wallMs,
    ]);
    report({
      name: 'resume',
      command: `qbatch run again, ${lines} lines of ${LINE_BYTES} bytes, ${first.made} of them answered`,
      rounds,
      qbatch: { first_call_ms: median(resumed) },
      baseline: { what: 'read and SHA-256 the input', wall_ms: median(hashed) },
      ratio: median(resumed) / median(hashed),
    });
  } finally {
    server.stop();
  }
});
