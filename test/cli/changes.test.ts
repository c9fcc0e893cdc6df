import { describe, expect, test } from 'vitest';
import { customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { answerText } from '../helpers/counting-server.ts';
import { flatLine, jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

describe('a changed input', () => {
  test('--confirm-cost asks for the lines that are left, not for those that keep their answers', async () => {
    const { bench, args, ids } = await prepareCliJob(40);
    const price = await runHere(bench, ['check', 'a.jsonl', '--json']);
    const { expected } = price.json()['cost'] as { expected: string };
    expect(Number(expected)).toBeGreaterThan(0);
    // Half of what the whole costs: enough for one line, not for all.
    const cap = ['--confirm-cost', (Number(expected) / 2).toFixed(9)];
    expect(await runHere(bench, [...args, ...cap])).toMatchObject({ status: 3 });
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    bench.write('a.jsonl', jsonl([...ids.map((id) => nativeLine(id)), nativeLine('Wuhan')]));
    const more = await runCli(bench, [...args, ...cap, '--accept-changed-input']);
    expect(more).toMatchObject({ status: 0 });
    expect(customIds(bench, 'a.results.jsonl')).toEqual([...ids, 'Wuhan']);
  });

  test('is refused with the first line that differs; nothing is sent, nothing is touched', async () => {
    const { bench, server, args, ids } = await prepareCliJob(6);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    const lines = ids.map((id) => nativeLine(id));
    lines[3] = nativeLine('Wuhan');
    bench.write('a.jsonl', jsonl(lines));
    const run = await runHere(bench, [...args, '--json']);
    expect(run).toMatchObject({ status: 65 });
    expect(run.json()).toMatchObject({
      error: {
        exit_code: 65,
        message: expect.stringContaining('line 4 ') as unknown,
        hint: expect.stringContaining('--accept-changed-input') as unknown,
      },
    });
    expect(server.calls).toHaveLength(6);
    expect(bench.read('a.results.jsonl')).toBe(results);
  });

  test('--accept-changed-input keeps unchanged answers, sends the changed and new lines only, replaces the files at the end', async () => {
    const { bench, server, args, ids } = await prepareCliJob(6);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const before = bench.read('a.results.jsonl');
    // Moved up, one changed, one gone, two new.
    const [one = '', two = '', , four = '', five = '', six = ''] = ids;
    const now = [
      nativeLine(six),
      nativeLine(one),
      nativeLine(two, { parameters: { result_format: 'message', top_p: 0.5 } }),
      nativeLine('Wuhan'),
      nativeLine(four),
      nativeLine(five),
      nativeLine('Harbin'),
    ];
    bench.write('a.jsonl', jsonl(now));
    server.hold();
    const run = startCli(bench, [...args, '--accept-changed-input', '--json']);
    await run.before(server.seen(9));
    expect(bench.read('a.results.jsonl')).toBe(before);
    server.release();
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 0 });
    expect(
      server.calls
        .slice(6)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual([two, 'Wuhan', 'Harbin'].toSorted());
    expect(customIds(bench, 'a.results.jsonl')).toEqual([
      six,
      one,
      two,
      'Wuhan',
      four,
      five,
      'Harbin',
    ]);
    expect(bench.lines('a.results.jsonl').map(({ id }) => id)).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((line) => `a-${line}`),
    );
    // What was paid for the line that is gone stays in the sums: nine calls in all.
    expect(ended.json()).toMatchObject({
      attempts: 9,
      lines: { total: 7, answered: 7 },
      usage: { total_tokens: 9 * 36 },
    });
    expect(bench.names().filter((name) => name.includes('new'))).toEqual([]);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(9);
  });

  test('--accept-changed-input on a job that is half done keeps what is answered', async () => {
    const setup = await prepareCliJob(6);
    const { bench, server, args, ids } = setup;
    const run = startCli(bench, [...args, '-c', '1', '--max-duration', '1h']);
    server.script = ({ id }) => (ids.indexOf(id) < 3 ? { kind: 'answer' } : { kind: 'hang' });
    await run.before(server.seen(4));
    run.signal('SIGINT');
    await run.says('stopping');
    run.signal('SIGTERM');
    expect(await run.finished).toMatchObject({ status: 130 });
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids.slice(0, 3));
    server.script = () => ({ kind: 'answer' });
    const lines = ids.map((id) => nativeLine(id));
    lines[1] = nativeLine('Wuhan');
    bench.write('a.jsonl', jsonl(lines));
    expect(await runHere(bench, [...args, '--accept-changed-input'])).toMatchObject({ status: 0 });
    expect(customIds(bench, 'a.results.jsonl')).toEqual([ids[0], 'Wuhan', ...ids.slice(2)]);
    const counts = server.counts();
    expect([ids[0], ids[1], ids[2], 'Wuhan'].map((id) => counts.get(id ?? ''))).toEqual([
      1, 1, 1, 1,
    ]);
  });

  test.each([
    { answered: 1, flags: ['--accept-changed-input'] },
    { answered: 0, flags: [] },
  ])(
    '--on-ambiguous fail, $answered answered: a call in flight at a kill is not made again because the input grew',
    async ({ answered, flags }) => {
      const { bench, server, args, ids } = await prepareCliJob(2);
      server.script = ({ id }) =>
        ids.indexOf(id) < answered ? { kind: 'answer' } : { kind: 'hang' };
      const all = [...args, '-c', '1', '--on-ambiguous', 'fail'];
      const run = startCli(bench, all);
      await run.before(server.seen(answered + 1));
      run.signal('SIGKILL');
      await run.finished;
      server.script = () => ({ kind: 'answer' });
      // Its line is another one now.
      bench.write('a.jsonl', jsonl(['Wuhan', ...ids].map((id) => nativeLine(id))));
      const again = await runCli(bench, [...all, ...flags, '--json']);
      expect(again.json()).toMatchObject({
        lines: { answered: 2, failed: 1, open: 0 },
        possibly_billed: { lines: 1, attempts: 1 },
      });
      expect(server.counts().get(ids[answered] ?? '')).toBe(1);
      expect(bench.lines('a.errors.jsonl')).toMatchObject([
        { custom_id: ids[answered], error: { code: 'qbatch_interrupted', line: answered + 2 } },
      ]);
      const verified = await runHere(bench, ['status', '--verify', '--json']);
      expect(verified.json()).toMatchObject({ verify: { ok: true } });
    },
  );

  test('a job with nothing answered yet simply takes the new input, also where rejected lines were written', async () => {
    const { bench, server, args } = await prepareCliJob(0);
    bench.write(
      'a.jsonl',
      jsonl([flatLine('杭州', { temperature: 'hot' }), flatLine('Suzhou', { top_p: 7 })]),
    );
    expect(await runHere(bench, [...args, '--skip-invalid'])).toMatchObject({ status: 1 });
    expect(bench.lines('a.errors.jsonl')).toHaveLength(2);
    bench.write(
      'a.jsonl',
      jsonl([flatLine('杭州', { temperature: 0.7 }), flatLine('Suzhou', { top_p: 0.7 })]),
    );
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(customIds(bench, 'a.results.jsonl')).toEqual(['杭州', 'Suzhou']);
    expect(bench.read('a.errors.jsonl')).toBe('');
    expect(server.calls).toHaveLength(2);
  });
});

describe('a job of its own', () => {
  test('--accept-changed-input and --fresh never write over a file that is not the job’s', async () => {
    const { bench, server, args } = await prepareCliJob(2);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    bench.write('thesis.txt', '我的论文\n');
    bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    for (const flag of ['--accept-changed-input', '--fresh']) {
      expect([
        flag,
        (await runHere(bench, [...args, flag, '-y', '-o', 'thesis.txt'])).status,
      ]).toEqual([flag, 73]);
    }
    expect(bench.read('thesis.txt')).toBe('我的论文\n');
    expect(server.calls).toHaveLength(2);
  });

  test('--fresh -y forgets: every line is sent again, the old files stay until the new ones are whole', async () => {
    const { bench, server, args } = await prepareCliJob(4);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const before = bench.read('a.results.jsonl');
    server.script = ({ id }) => ({ kind: 'answer', content: `新的回答：${id}` });
    server.hold();
    const run = startCli(bench, [...args, '--fresh', '-y', '--json']);
    await run.before(server.seen(8));
    expect(bench.read('a.results.jsonl')).toBe(before);
    server.release();
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 0 });
    expect(ended.json()).toMatchObject({ attempts: 4 });
    expect(bench.read('a.results.jsonl')).toContain('新的回答');
    expect(bench.read('a.results.jsonl')).not.toContain('一句话介绍');
  });

  test('--fresh that is stopped: run and status say that the files are those of before', async () => {
    const { bench, server, args } = await prepareCliJob(4);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const before = bench.read('a.results.jsonl');
    server.script = ({ id }) => ({ kind: 'answer', content: `新的回答：${id}` });
    server.hold();
    const run = startCli(bench, [...args, '-c', '1', '--fresh', '-y']);
    await run.before(server.seen(5));
    run.signal('SIGINT');
    await run.says('stopping');
    server.release();
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 130 });
    expect(bench.read('a.results.jsonl')).toBe(before);
    const note = 'the output files are still the earlier ones';
    expect(ended.stderr).toContain(note);
    expect((await runHere(bench, ['status'])).stdout).toContain(note);
    const finished = await runHere(bench, args);
    expect(finished.stderr).not.toContain(note);
    expect(bench.read('a.results.jsonl')).not.toBe(before);
  });

  test('--fresh with an input that is refused forgets nothing', async () => {
    const { bench, server, args } = await prepareCliJob(3);
    const input = bench.read('a.jsonl');
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    bench.write('a.jsonl', `${input}{"broken":\n`);
    expect(await runHere(bench, [...args, '--fresh', '-y'])).toMatchObject({ status: 65 });
    bench.write('a.jsonl', input);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(3);
    expect(bench.read('a.results.jsonl')).toBe(results);
  });

  test('--job: two jobs in one ledger, each with its own lines and files', async () => {
    const { bench, server, args } = await prepareCliJob(2);
    bench.write('b.jsonl', jsonl([nativeLine('Wuhan')]));
    const shared = ['--ledger', 'both.qbatch.db'];
    expect(await runHere(bench, [...args, ...shared, '--job', 'spring'])).toMatchObject({
      status: 0,
    });
    const second = ['run', 'b.jsonl', ...server.flags, ...shared, '--job', 'autumn'];
    expect(await runHere(bench, second)).toMatchObject({ status: 0 });
    expect(await runHere(bench, second)).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(3);
    expect(bench.lines('a.results.jsonl').map(({ id }) => id)).toEqual(['spring-1', 'spring-2']);
    expect(bench.lines('b.results.jsonl').map(({ id }) => id)).toEqual(['autumn-1']);
    const jobs = await runHere(bench, ['jobs', '--json']);
    const listed = jobs.json()['jobs'] as {
      job: string;
      state: string;
      lines: { total: number };
    }[];
    expect(listed.map(({ job, state, lines }) => [job, state, lines.total]).toSorted()).toEqual([
      ['autumn', 'finished', 1],
      ['spring', 'finished', 2],
    ]);
  });

  test.each([
    ['--model', ['--model', 'qwen-max']],
    ['--system', ['--system', '你是诗人。']],
    ['--set', ['--set', 'temperature=0.1']],
    ['--protocol', ['--protocol', 'openai']],
  ])('another %s is another job: 65 with its name, nothing sent', async (name, flags) => {
    const { bench, server, args } = await prepareCliJob(1);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const run = await runHere(bench, [...args, ...flags]);
    expect(run).toMatchObject({ status: 65 });
    expect(run.stderr).toContain(name);
    expect(server.calls).toHaveLength(1);
  });

  test('simulator and service are never crossed, whatever is accepted', async () => {
    const { bench, server, args } = await prepareCliJob(2);
    expect(
      await runHere(bench, ['run', 'a.jsonl', '--simulate'], {
        env: { DASHSCOPE_API_KEY: undefined },
      }),
    ).toMatchObject({ status: 0 });
    const rehearsed = bench.read('a.results.jsonl');
    for (const flags of [[], ['--accept-changed-input'], ['--adopt-outputs']]) {
      const run = await runHere(bench, [...args, ...flags]);
      expect([flags, run.status]).toEqual([flags, 65]);
      expect(run.stderr).toContain('simulator');
    }
    expect(server.calls).toHaveLength(0);
    expect(bench.read('a.results.jsonl')).toBe(rehearsed);
    expect(await runHere(bench, [...args, '--fresh', '-y'])).toMatchObject({ status: 0 });
    expect(bench.lines('a.results.jsonl')).toMatchObject([
      {
        response: {
          body: { output: { choices: [{ message: { content: answerText('杭州-001') } }] } },
        },
      },
      {},
    ]);
  });
});
