import { describe, expect, test } from 'vitest';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { hasTerminal, IN_TERMINAL } from '../helpers/in-terminal.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

describe.runIf(hasTerminal)('a signal while a question stands on the terminal', () => {
  test.each([
    ['SIGTERM', 143, ['--fresh']],
    ['SIGINT', 130, ['--confirm-cost', '0']],
    ['SIGHUP', 129, ['--confirm-cost', '0.0001', '--sample', '5']],
  ] as const)('%s: %i at once, nothing sent (%j)', async (signal, status, flags) => {
    const { bench, server, args } = await prepareCliJob(20);
    const run = startCli(bench, [...args, ...flags], { under: IN_TERMINAL });
    await run.says('[y/N]');
    run.signal(signal);
    const ended = await run.finished;
    expect(ended.status).toBe(status);
    expect(ended.stderr).toContain('stopped before anything was sent');
    expect(ended.stderr).not.toContain('not confirmed');
    expect(server.calls).toHaveLength(0);
    expect(bench.names()).toEqual(['a.jsonl']);
  });

  test('Ctrl-C typed at it ends the run as the signal does: 130, not a no', async () => {
    const { bench, server, args } = await prepareCliJob(2);
    const run = startCli(bench, [...args, '--confirm-cost', '0'], { under: IN_TERMINAL });
    await run.says('[y/N]');
    run.signal('SIGUSR2');
    const ended = await run.finished;
    expect(ended.status).toBe(130);
    expect(ended.stderr).toContain('stopped before anything was sent');
    expect(server.calls).toHaveLength(0);
    expect(bench.names()).toEqual(['a.jsonl']);
  });

  test('after the sample: its answers are kept, and the same command goes on', async () => {
    const { bench, server, args, ids } = await prepareCliJob(30, { mixed: true });
    // As in stops.test.ts: the sample may be sent, the rest is asked for.
    const flags = ['--sample', '3', '--confirm-cost', '0.004', '-c', '1'];
    const run = startCli(bench, [...args, ...flags], { under: IN_TERMINAL });
    await run.says('[y/N]');
    run.signal('SIGTERM');
    const ended = await run.finished;
    expect(ended.status).toBe(143);
    expect(ended.stderr).toMatch(/3 answered, .* 27 open of 30 lines/);
    expect(server.calls).toHaveLength(3);
    expect(await runCli(bench, [...args, ...flags, '-y'])).toMatchObject({ status: 0 });
    expect([...server.counts().values()]).toEqual(ids.map(() => 1));
  });

  test('an answer is still an answer', async () => {
    const { bench, server, args } = await prepareCliJob(2);
    const asking = [...args, '--confirm-cost', '0'];
    const no = startCli(bench, asking, { under: IN_TERMINAL, stdin: 'n\n' });
    expect(await no.finished).toMatchObject({ status: 3 });
    expect(server.calls).toHaveLength(0);
    const yes = startCli(bench, asking, { under: IN_TERMINAL, stdin: 'y\n' });
    expect(await yes.finished).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(2);
  });
});
