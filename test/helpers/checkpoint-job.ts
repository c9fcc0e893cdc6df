import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect } from 'vitest';
import type { Bench } from './bench.ts';
import { startCountingServer } from './counting-server.ts';
import { filesOf } from './crash-run.ts';
import { flatLine, jsonl, nativeLine, placeIds, UNCOUNTED } from './request-lines.ts';
import type { RecordedJob } from './small-job.ts';
import { runHere } from './run-here.ts';

/** 130 would do where each call is written by itself; of two that are written at one time the log grows by less. */
const LINES = 220;
const CONCURRENCY = 2;
/** Answers of a few pages of the ledger each. */
const ANSWER_CHARACTERS = 30_000;

/** A long text of its own for each line. */
function longAnswer(id: string): string {
  let text = `${id}: `;
  for (let seed = crc32(id); text.length < ANSWER_CHARACTERS; seed = crc32(String(seed)))
    text += `${seed.toString(36)} `.repeat(8);
  return text;
}

/**
 * A job whose answers are too long for the ledger's log: SQLite copies 1,000 pages of 16 KiB (its own
 * default, which the program leaves as it is) into the ledger while calls are in flight, and begins
 * the log anew. One line can never be sent.
 */
export async function openCheckpointJob(bench: Bench): Promise<RecordedJob> {
  const server = await startCountingServer();
  const ids = placeIds(LINES);
  const answers = new Map(ids.map((id) => [id, longAnswer(id)]));
  server.script = ({ id }) => ({ kind: 'answer', content: answers.get(id) ?? '' });
  bench.write(
    'job.jsonl',
    jsonl([
      ...ids.map((id) => nativeLine(id, UNCOUNTED)),
      flatLine('hot', { ...UNCOUNTED, temperature: 'hot' }),
    ]),
  );
  const kept = mkdtempSync(join(bench.home, 'kept-'));
  cpSync(bench.folder, kept, { recursive: true });
  const restore = (): void => {
    for (const name of readdirSync(bench.folder)) rmSync(bench.path(name), { force: true });
    cpSync(kept, bench.folder, { recursive: true });
    server.forget();
  };
  const options = ['--skip-invalid', '--json', '-c', String(CONCURRENCY)];
  const args = ['run', 'job.jsonl', ...options, ...server.flags];
  expect(await runHere(bench, args)).toMatchObject({ status: 1 });
  return { bench, server, situation: 'checkpoint', args, expected: filesOf(bench), restore };
}
