import { describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { jsonl } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { type Finished, runCli, startCli } from '../helpers/spawn-cli.ts';

const REFUSED = '[[simulate: error=DataInspectionFailed]] 写一句话。';

function line(prompt: string): string {
  return jsonl([JSON.stringify({ model: 'qwen-flash', prompt })]);
}

function notices({ stderr }: Finished): unknown[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one) as Record<string, unknown>)
    .filter(({ event }) => event === 'notice');
}

describe('what a run has to say besides its progress reaches programs and -q too', () => {
  test('an input without lines: warned of', async () => {
    const bench = openBench();
    bench.write('a.jsonl', '\n');
    const args = ['run', 'a.jsonl', '--simulate'];
    const message = 'a.jsonl has no lines; nothing to do';
    const events = await runCli(bench, [...args, '--progress', 'json']);
    expect(events.status).toBe(0);
    expect(notices(events)).toMatchObject([
      { severity: 'warning', message: expect.stringContaining(message) as string },
    ]);
    const quiet = await runCli(bench, [...args, '-q']);
    expect(quiet.stderr).toMatch(new RegExp(`^warning: \\S*${message}\n$`));
    expect(await runCli(bench, [...args, '--progress', 'none'])).toMatchObject({ stderr: '' });
  });

  test('retry of a code that no failed line has: warned of; of a job without failures: a note', async () => {
    const bench = openBench();
    bench.write('a.jsonl', line(REFUSED));
    bench.write('b.jsonl', line('写一句话。'));
    await runHere(bench, ['run', 'a.jsonl', '--simulate=latency=0', '-q']);
    await runHere(bench, ['run', 'b.jsonl', '--simulate=latency=0', '-q']);
    const wrong = ['retry', 'a.jsonl', '--code', 'DataInspection'];
    const message = 'job a has no failed lines with DataInspection; those that failed have DataIn';
    expect(notices(await runHere(bench, [...wrong, '--progress', 'json']))).toMatchObject([
      { severity: 'warning', message: expect.stringContaining(message) as string },
    ]);
    expect((await runHere(bench, [...wrong, '-q'])).stderr).toContain(`warning: ${message}`);
    const events = await runHere(bench, ['retry', 'b.jsonl', '--progress', 'json']);
    expect(notices(events)).toMatchObject([
      { severity: 'note', message: 'job b has no failed lines' },
    ]);
    expect(await runHere(bench, ['retry', 'b.jsonl', '-q'])).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  test('lines that are left out, and warnings: one event with all that was found', async () => {
    const bench = openBench();
    const body = { model: 'qwen-flash', messages: [{ role: 'user', content: '写一句话。' }] };
    bench.write(
      'a.jsonl',
      jsonl([
        JSON.stringify({ custom_id: '甲', ...body, temperature: 9 }),
        JSON.stringify({ custom_id: '乙', ...body, tone: 1 }),
      ]),
    );
    const args = ['run', 'a.jsonl', '--simulate=latency=0', '--skip-invalid'];
    const events = await runHere(bench, [...args, '--progress', 'json']);
    expect(events.status).toBe(1);
    expect(notices(events)).toMatchObject([
      {
        severity: 'warning',
        message: 'a.jsonl: 1 error, 1 warning',
        problems: [
          { severity: 'error', line: 1, custom_id: '甲', path: 'temperature' },
          { severity: 'warning', line: 2, custom_id: '乙', code: 'qbatch_unknown_parameter' },
        ],
        problem_counts: { error: 1, warning: 1, note: 0 },
      },
    ]);
    const again = await runHere(bench, [...args, '--progress', 'json']);
    expect(notices(again)).toEqual([]);
  });

  test('a cap or prices that the last run had and this one has not: warned of while lines are open', async () => {
    const bench = openBench();
    bench.write('a.jsonl', line('写一句话。'));
    const price = { input: 1, output: 1 };
    const pricing = [{ scope: 'cn', currency: 'CNY', tiers: [{ lte: null, ...price }] }];
    bench.write('our prices.json', JSON.stringify({ models: [{ id: 'qwen-flash', pricing }] }));
    const run = ['run', 'a.jsonl', '--simulate=latency=0', '-q'];
    const capped = [...run, '--max-cost', '0', '--catalog', 'our prices.json'];
    expect((await runHere(bench, capped)).status).toBe(3);
    expect((await runHere(bench, capped)).stderr).not.toContain('warning');
    const env = { QBATCH_CATALOG: 'our prices.json' };
    const capByFile = { env: { ...env, QBATCH_MAX_COST: '0' } };
    const resume = ['resume', 'a.jsonl', '-q'];
    expect((await runHere(bench, resume, capByFile)).stderr).not.toContain('warning');
    expect((await runHere(bench, capped)).status).toBe(3);
    expect((await runHere(bench, resume, { env })).stderr).toBe(
      'warning: the last run of this job had --max-cost 0, and this run has not: a run takes neither a cap nor prices from the one before it\n',
    );
    expect((await runHere(bench, resume)).stderr).toBe('');
  });

  test('a simulator that takes minutes, which hardly anybody means: said before the first answer', async () => {
    const bench = openBench();
    bench.write('a.jsonl', line('写一句话。'));
    const run = startCli(bench, ['run', 'a.jsonl', '--simulate=latency=500', '--progress', 'json']);
    await run.tells(/latency=500 means seconds; for milliseconds write latency=500ms/);
    run.signal('SIGKILL');
    await run.finished;
  });

  test('the finance host is unconfirmed: said as an event', async () => {
    const bench = openBench();
    bench.write('a.jsonl', line('写一句话。'));
    const args = ['run', 'a.jsonl', '--region', 'finance', '--max-unreachable', '100ms'];
    // Nothing listens there: the host itself is not asked.
    const env = { HTTPS_PROXY: 'http://127.0.0.1:9', DASHSCOPE_API_KEY: 'any-key' };
    const events = await runHere(bench, [...args, '--progress', 'json'], { env });
    expect(events.status).toBe(69);
    expect(notices(events)).toMatchObject([
      { severity: 'note', message: expect.stringContaining('not officially confirmed') as string },
    ]);
  });

  test('the finance host is unconfirmed: check and a dry run say so too, on stderr alone', async () => {
    const bench = openBench();
    bench.write('a.jsonl', line('写一句话。'));
    for (const look of [
      ['check', 'a.jsonl'],
      ['run', 'a.jsonl', '-n'],
    ]) {
      const at = [...look, '--region', 'finance'];
      const text = await runHere(bench, [...at, '--json']);
      expect(text.status).toBe(0);
      expect(text.stderr).toMatch(
        /^the host of the finance region, \S+, is not officially confirmed\n$/,
      );
      for (const silent of [['-q'], ['--progress', 'json'], ['--simulate=rpm=60']])
        expect((await runHere(bench, [...at, ...silent])).stderr).toBe('');
    }
  });
});
