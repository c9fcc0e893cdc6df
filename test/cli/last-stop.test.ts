import { describe, expect, test } from 'vitest';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { type Bench } from '../helpers/bench.ts';
import { mayMount, mountSmall } from '../helpers/faulty-disk.ts';
import { UNCOUNTED } from '../helpers/request-lines.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

/** What `status` says to a program and to a person. */
async function statusOf(bench: Bench): Promise<{ json: Record<string, unknown>; text: string }> {
  const told = await runCli(bench, ['status', '--json']);
  const shown = await runCli(bench, ['status']);
  expect([told.status, shown.status]).toEqual([0, 0]);
  return { json: told.json(), text: shown.stdout };
}

describe('status, of a job whose last run stopped early', () => {
  test('a cost cap: says so, and what to raise; once the job is done it says nothing of it', async () => {
    const { bench, args } = await prepareCliJob(6);
    const ended = await runCli(bench, [...args, '-c', '1', '--max-cost', '0.0008', '--json']);
    expect(ended).toMatchObject({ status: 3 });
    const { json, text } = await statusOf(bench);
    expect(json).toMatchObject({ state: 'open', stopped: ended.json()['stopped'] });
    expect(json['stopped']).toMatchObject({ reason: 'cost', code: 3 });
    expect(text).toMatch(
      /stopped: the next call would go beyond --max-cost 0\.0008 CNY \(it reserves 0\.00\d{4}\)/,
    );
    expect(text).toMatch(/next: qbatch resume .* --max-cost AMOUNT/);

    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    expect((await statusOf(bench)).json).toMatchObject({ state: 'finished', stopped: null });
  });

  test('a --max-line that lines of the job are longer than: 78, and the command that is told works', async () => {
    const { bench, server, args } = await prepareCliJob(2);
    const long = { ...JSON.parse(bench.read('a.jsonl').split('\n')[0] ?? ''), custom_id: 'long' };
    long.input.messages[0].content = '长'.repeat(1_000);
    bench.write('a.jsonl', `${bench.read('a.jsonl')}${JSON.stringify(long)}\n`);
    const first = [...args, '-c', '1', '--max-cost', '0.0008', '--max-line', '33MiB'];
    expect(await runCli(bench, first)).toMatchObject({ status: 3 });
    expect(await runCli(bench, ['resume', ...server.flags, '--max-line', '1KiB'])).toMatchObject({
      status: 78,
    });
    const { text } = await statusOf(bench);
    expect(text).toContain('longer than --max-line 1024 allows');
    const next = /next: qbatch (.*)/.exec(text)?.[1]?.split(' ') ?? [];
    expect(next.slice(2)).toEqual(['--max-line', '33MiB']);
    expect(await runCli(bench, [...next, ...server.flags])).toMatchObject({ status: 0 });
  });

  test('rejected lines alone are left: what is told works once they are mended', async () => {
    const { bench, server, args } = await prepareCliJob(2);
    const whole = bench.read('a.jsonl');
    bench.write('a.jsonl', `${whole}{"custom_id":"bad","model":"qwen-plus"}\n`);
    const run = await runCli(bench, [...args, '--skip-invalid']);
    expect(run).toMatchObject({ status: 1 });
    const { text } = await statusOf(bench);
    const told = /next: (1 rejected line: .*, then: qbatch (.*))/.exec(text);
    expect(run.stderr).toContain(told?.[1]);
    bench.write('a.jsonl', `${whole}{"custom_id":"bad","model":"qwen-plus","prompt":"好"}\n`);
    const again = await runCli(bench, [...(told?.[2]?.split(' ') ?? []), ...server.flags]);
    expect(again).toMatchObject({ status: 0 });
    expect(bench.lines('a.results.jsonl')).toHaveLength(3);
  });

  test('a signal: says which', async () => {
    const { bench, server, args } = await prepareCliJob(6);
    server.hold();
    const run = startCli(bench, [...args, '-c', '2']);
    await run.before(server.seen(2));
    run.signal('SIGTERM');
    await run.says('stopping');
    server.release();
    expect(await run.finished).toMatchObject({ status: 143 });
    const { json, text } = await statusOf(bench);
    expect(json).toMatchObject({ state: 'open', stopped: { code: 143 } });
    expect(text).not.toContain('killed');
  });

  test.skipIf(!mayMount)('results that cannot be written: names the file, and why', async () => {
    const { bench, args } = await prepareCliJob(300, UNCOUNTED);
    mountSmall(bench, 'small', 16);
    const ended = await runCli(bench, [...args, '-c', '4', '-o', 'small/a.results.jsonl']);
    expect(ended).toMatchObject({ status: 74 });
    const { json, text } = await statusOf(bench);
    expect(json).toMatchObject({ state: 'open', stopped: { reason: 'error', code: 74 } });
    expect(text).toMatch(/stopped: cannot write \S*small\/a\.results\.jsonl: ENOSPC/);
    expect(text).not.toContain('killed');
  });

  test('kill -9: names no reason, and says that there is none; a run at work is not called killed', async () => {
    const { bench, server, args } = await prepareCliJob(6);
    server.hold();
    const run = startCli(bench, [...args, '-c', '2']);
    await run.before(server.seen(2));
    const working = await statusOf(bench);
    expect(working.json).toMatchObject({ state: 'running', stopped: null });
    expect(working.text).not.toContain('killed');
    run.signal('SIGKILL');
    await run.finished;
    server.release();
    const { json, text } = await statusOf(bench);
    expect(json).toMatchObject({ state: 'open', stopped: null });
    expect(text).toContain('the last run was killed');
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    expect((await statusOf(bench)).text).not.toContain('killed');
  });
});
