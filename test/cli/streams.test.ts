import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { hasTerminal, IN_TERMINAL } from '../helpers/in-terminal.ts';
import { jsonl } from '../helpers/request-lines.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';
import { spoolingBegun } from '../helpers/spooling-begun.ts';

const LINE = jsonl([JSON.stringify({ model: 'qwen-flash', prompt: '你好' })]);

/** A bench with a FIFO named `pipe`, and who keeps it open for writing without a word. */
function benchWithFifo(): { bench: Bench; openWriter: () => number } {
  const bench = openBench();
  execFileSync('mkfifo', [bench.path('pipe')]);
  return { bench, openWriter: () => openSync(bench.path('pipe'), 'r+') };
}

describe.runIf(process.platform === 'linux')('a FIFO as input', () => {
  test.each([
    ['run', 'SIGINT', 130],
    ['check', 'SIGTERM', 143],
    ['run', 'SIGHUP', 129],
  ] as const)('%s without a writer, %s: ends at once with %i', async (command, signal, status) => {
    const { bench } = benchWithFifo();
    const begun = spoolingBegun(bench);
    const run = startCli(bench, [command, 'pipe']);
    await run.before(begun);
    run.signal(signal);
    const ended = await run.finished;
    expect(ended).toMatchObject({ status, signal: null });
    expect(ended.stderr).toContain('stopped while the input was read');
    expect(bench.names()).toEqual(['pipe']);
  });

  test('a writer that is silent, SIGINT: ends at once', async () => {
    const { bench, openWriter } = benchWithFifo();
    const writer = openWriter();
    try {
      const begun = spoolingBegun(bench);
      const run = startCli(bench, ['run', 'pipe', '--simulate']);
      await run.before(begun);
      run.signal('SIGINT');
      expect(await run.finished).toMatchObject({ status: 130 });
    } finally {
      closeSync(writer);
    }
  });

  test.each([
    ['while it is written', 'exec "$@" <(cat a.jsonl)'],
    ['when its writer is gone', 'exec 9< <(cat a.jsonl); wait $!; exec "$@" /dev/fd/9'],
  ])('a pipe by its descriptor, %s: read whole', async (_when, script) => {
    const bench = openBench();
    bench.write('a.jsonl', LINE.repeat(100));
    const run = await runCli(bench, ['check', '--json'], { under: ['bash', '-c', script, 'bash'] });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({ lines: { total: 100, valid: 100 } });
  });
});

test.runIf(hasTerminal)('a terminal by its name, SIGTERM: ends at once', async () => {
  const bench = openBench();
  const begun = spoolingBegun(bench);
  const run = startCli(bench, ['check', '/dev/tty'], { under: IN_TERMINAL });
  await run.before(begun);
  run.signal('SIGTERM');
  expect(await run.finished).toMatchObject({ status: 143 });
});

test.runIf(process.platform === 'linux')(
  'the copy of a run that was killed: removed by the next one; that of a run that reads is not',
  async () => {
    const { bench, openWriter } = benchWithFifo();
    const begun = spoolingBegun(bench);
    const killed = startCli(bench, ['check', 'pipe']);
    const stale = await killed.before(begun);
    killed.signal('SIGKILL');
    await killed.finished;
    expect(bench.names()).toContain(stale);
    const begunAgain = spoolingBegun(bench);
    const reading = startCli(bench, ['check', 'pipe']);
    const kept = await reading.before(begunAgain);
    expect(bench.names()).toEqual(['pipe', kept]);
    expect(await runCli(bench, ['check', '-'], { stdin: LINE })).toMatchObject({ status: 0 });
    expect(bench.names()).toEqual(['pipe', kept]);
    closeSync(openWriter());
    expect(await reading.finished).toMatchObject({ status: 0 });
    expect(bench.names()).toEqual(['pipe']);
  },
);
