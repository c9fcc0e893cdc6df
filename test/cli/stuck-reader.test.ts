import { execFileSync } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Bench } from '../helpers/bench.ts';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { UNCOUNTED } from '../helpers/request-lines.ts';
import { runCli, type RunningCli, startCli } from '../helpers/spawn-cli.ts';

/** More than any pipe holds. */
const LONG = '长'.repeat(500_000);

const readers = new Set<FileHandle>();

afterEach(async () => {
  for (const reader of readers) await reader.close();
  readers.clear();
});

/** Starts the program with a stdout (1) or stderr (2) that somebody has open and does not read. */
async function startUnread(
  bench: Bench,
  args: readonly string[],
  stream: 1 | 2,
): Promise<{ run: RunningCli; reader: FileHandle }> {
  execFileSync('mkfifo', [bench.path('unread')]);
  const reader = await open(bench.path('unread'), 'r+');
  readers.add(reader);
  const under = ['bash', '-c', `exec "$@" ${stream}>unread`, 'bash'];
  return { run: startCli(bench, args, { under }), reader };
}

describe.runIf(process.platform === 'linux')('a reader that does not read', () => {
  test('a second signal ends the run; what is settled is kept, and printed by the same command', async () => {
    const { bench, server, args, ids } = await prepareCliJob(4);
    server.script = ({ id }) =>
      id === ids[0] ? { kind: 'answer', content: LONG } : { kind: 'hang' };
    const printing = [...args, '-o', '-'];
    const { run, reader } = await startUnread(bench, [...printing, '-c', '2'], 1);
    // What is printed is settled.
    await run.before(reader.read(Buffer.alloc(1)));
    run.signal('SIGINT');
    await run.says('stopping');
    run.signal('SIGINT');
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 130, signal: null });
    expect(ended.stderr).toContain('stopped while stdout was written');
    server.script = () => ({ kind: 'answer' });
    const again = await runCli(bench, printing);
    expect(again).toMatchObject({ status: 0 });
    const printed = again.stdout.trimEnd().split('\n');
    expect(printed.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)).toEqual(
      ids,
    );
    expect(printed[0]).toContain(LONG);
    expect(server.counts().get(ids[0] ?? '')).toBe(1);
  });

  test('two signals end a command that prints what is there', async () => {
    const { bench, server, args } = await prepareCliJob(1);
    server.script = () => ({ kind: 'answer', content: LONG });
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    const { run, reader } = await startUnread(bench, ['export', 'a'], 1);
    await run.before(reader.read(Buffer.alloc(1)));
    // Two of one kind could arrive as one.
    run.signal('SIGINT');
    run.signal('SIGTERM');
    const { status } = await run.finished;
    expect([130, 143]).toContain(status);
  });

  test('two signals end a run that is over and still has stderr to write', async () => {
    const { bench, args } = await prepareCliJob(1000, UNCOUNTED);
    const { run } = await startUnread(bench, [...args, '--progress', 'json', '--json'], 2);
    await run.prints(/"schema":1/);
    run.signal('SIGINT');
    run.signal('SIGTERM');
    expect(await run.finished).toMatchObject({ status: 0, signal: null });
  });
});
