import { rmSync, truncateSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { answerText, type CountingServer, type Reaction, startCountingServer } from '../helpers/counting-server.ts';
import { flatLine, jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

type Setup = { bench: Bench; server: CountingServer; args: string[]; ids: string[] };

async function prepare(count: number): Promise<Setup> {
  const bench = openBench();
  const server = await startCountingServer();
  const ids = placeIds(count);
  bench.write('a.jsonl', jsonl(ids.map((id) => nativeLine(id))));
  return { bench, server, ids, args: ['run', 'a.jsonl', ...server.flags] };
}

const badRequest: Reaction = { kind: 'error', status: 400, code: 'InvalidParameter', message: 'top_p is out of range' };

function customIds(bench: Bench, name: string): unknown[] {
  return bench.lines(name).map(({ custom_id: customId }) => customId);
}

describe('a changed input', () => {
  test('is refused with the first line that differs; nothing is sent, nothing is touched', async () => {
    const { bench, server, args, ids } = await prepare(6);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    const lines = ids.map((id) => nativeLine(id));
    lines[3] = nativeLine('Wuhan');
    bench.write('a.jsonl', jsonl(lines));
    const run = await runCli(bench, [...args, '--json']);
    expect(run).toMatchObject({ status: 65 });
    expect(run.json()).toMatchObject({ error: { exit_code: 65, message: expect.stringContaining('line 4 ') as unknown, hint: expect.stringContaining('--accept-changed-input') as unknown } });
    expect(server.calls).toHaveLength(6);
    expect(bench.read('a.results.jsonl')).toBe(results);
  });

  test('--accept-changed-input keeps unchanged answers, sends the changed and new lines only, replaces the files at the end', async () => {
    const { bench, server, args, ids } = await prepare(6);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    const before = bench.read('a.results.jsonl');
    // Moved up, one changed, one gone, two new.
    const [one = '', two = '', three = '', four = '', five = '', six = ''] = ids;
    const now = [nativeLine(six), nativeLine(one), nativeLine(two, { parameters: { result_format: 'message', top_p: 0.5 } }), nativeLine('Wuhan'), nativeLine(four), nativeLine(five), nativeLine('Harbin')];
    bench.write('a.jsonl', jsonl(now));
    server.hold();
    const run = startCli(bench, [...args, '--accept-changed-input', '--json']);
    await run.before(server.seen(9));
    expect(bench.read('a.results.jsonl')).toBe(before);
    server.release();
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 0 });
    expect(server.calls.slice(6).map(({ id }) => id).toSorted()).toEqual([two, 'Wuhan', 'Harbin'].toSorted());
    expect(customIds(bench, 'a.results.jsonl')).toEqual([six, one, two, 'Wuhan', four, five, 'Harbin']);
    expect(bench.lines('a.results.jsonl').map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7].map((line) => `a-${line}`));
    // What was paid for the line that is gone stays in the sums: nine calls in all.
    expect(ended.json()).toMatchObject({ attempts: 9, lines: { total: 7, answered: 7 }, usage: { total_tokens: 9 * 36 } });
    expect(three).not.toBe('');
    expect(bench.names().filter((name) => name.includes('.new-'))).toEqual([]);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(9);
  });

  test('--accept-changed-input on a job that is half done keeps what is answered', async () => {
    const setup = await prepare(6);
    const { bench, server, args, ids } = setup;
    const run = startCli(bench, [...args, '-c', '1', '--max-duration', '1h']);
    server.script = ({ id }) => (ids.indexOf(id) < 3 ? { kind: 'answer' } : { kind: 'hang' });
    await run.before(server.seen(4));
    run.signal('SIGINT');
    run.signal('SIGTERM');
    expect(await run.finished).toMatchObject({ status: 130 });
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids.slice(0, 3));
    server.script = () => ({ kind: 'answer' });
    const lines = ids.map((id) => nativeLine(id));
    lines[1] = nativeLine('Wuhan');
    bench.write('a.jsonl', jsonl(lines));
    expect(await runCli(bench, [...args, '--accept-changed-input'])).toMatchObject({ status: 0 });
    expect(customIds(bench, 'a.results.jsonl')).toEqual([ids[0], 'Wuhan', ...ids.slice(2)]);
    const counts = server.counts();
    expect([ids[0], ids[1], ids[2], 'Wuhan'].map((id) => counts.get(id ?? ''))).toEqual([1, 1, 1, 1]);
  });

  test('a job with nothing answered yet simply takes the new input, also where rejected lines were written', async () => {
    const { bench, server, args } = await prepare(0);
    bench.write('a.jsonl', jsonl([flatLine('杭州', { temperature: 'hot' }), flatLine('Suzhou', { top_p: 7 })]));
    expect(await runCli(bench, [...args, '--skip-invalid'])).toMatchObject({ status: 1 });
    expect(bench.lines('a.errors.jsonl')).toHaveLength(2);
    bench.write('a.jsonl', jsonl([flatLine('杭州', { temperature: 0.7 }), flatLine('Suzhou', { top_p: 0.7 })]));
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    expect(customIds(bench, 'a.results.jsonl')).toEqual(['杭州', 'Suzhou']);
    expect(bench.read('a.errors.jsonl')).toBe('');
    expect(server.calls).toHaveLength(2);
  });
});

describe('a job of its own', () => {
  test('--accept-changed-input and --fresh never write over a file that is not the job’s', async () => {
    const { bench, server, args } = await prepare(2);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    bench.write('thesis.txt', '我的论文\n');
    bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    for (const flag of ['--accept-changed-input', '--fresh']) {
      expect([flag, (await runCli(bench, [...args, flag, '-y', '-o', 'thesis.txt'])).status]).toEqual([flag, 73]);
    }
    expect(bench.read('thesis.txt')).toBe('我的论文\n');
    expect(server.calls).toHaveLength(2);
  });

  test('--fresh -y forgets: every line is sent again, the old files stay until the new ones are whole', async () => {
    const { bench, server, args } = await prepare(4);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
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

  test('--fresh with an input that is refused forgets nothing', async () => {
    const { bench, server, args } = await prepare(3);
    const input = bench.read('a.jsonl');
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    bench.write('a.jsonl', `${input}{"broken":\n`);
    expect(await runCli(bench, [...args, '--fresh', '-y'])).toMatchObject({ status: 65 });
    bench.write('a.jsonl', input);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(3);
    expect(bench.read('a.results.jsonl')).toBe(results);
  });

  test('--job: two jobs in one ledger, each with its own lines and files', async () => {
    const { bench, server, args } = await prepare(2);
    bench.write('b.jsonl', jsonl([nativeLine('Wuhan')]));
    const shared = ['--ledger', 'both.qbatch.db'];
    expect(await runCli(bench, [...args, ...shared, '--job', 'spring'])).toMatchObject({ status: 0 });
    const second = ['run', 'b.jsonl', ...server.flags, ...shared, '--job', 'autumn'];
    expect(await runCli(bench, second)).toMatchObject({ status: 0 });
    expect(await runCli(bench, second)).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(3);
    expect(bench.lines('a.results.jsonl').map(({ id }) => id)).toEqual(['spring-1', 'spring-2']);
    expect(bench.lines('b.results.jsonl').map(({ id }) => id)).toEqual(['autumn-1']);
    const jobs = await runCli(bench, ['jobs', '--json']);
    const listed = jobs.json()['jobs'] as { job: string; state: string; lines: { total: number } }[];
    expect(listed.map(({ job, state, lines }) => [job, state, lines.total]).toSorted()).toEqual([['autumn', 'finished', 1], ['spring', 'finished', 2]]);
  });

  test.each([
    ['--model', ['--model', 'qwen-max']],
    ['--system', ['--system', '你是诗人。']],
    ['--set', ['--set', 'temperature=0.1']],
    ['--protocol', ['--protocol', 'openai']],
  ])('another %s is another job: 65 with its name, nothing sent', async (name, flags) => {
    const { bench, server, args } = await prepare(1);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    const run = await runCli(bench, [...args, ...flags]);
    expect(run).toMatchObject({ status: 65 });
    expect(run.stderr).toContain(name);
    expect(server.calls).toHaveLength(1);
  });

  test('simulator and service are never crossed, whatever is accepted', async () => {
    const { bench, server, args } = await prepare(2);
    expect(await runCli(bench, ['run', 'a.jsonl', '--simulate'], { env: { DASHSCOPE_API_KEY: undefined } })).toMatchObject({ status: 0 });
    const rehearsed = bench.read('a.results.jsonl');
    for (const flags of [[], ['--accept-changed-input'], ['--adopt-outputs']]) {
      const run = await runCli(bench, [...args, ...flags]);
      expect([flags, run.status]).toEqual([flags, 65]);
      expect(run.stderr).toContain('simulator');
    }
    expect(server.calls).toHaveLength(0);
    expect(bench.read('a.results.jsonl')).toBe(rehearsed);
    expect(await runCli(bench, [...args, '--fresh', '-y'])).toMatchObject({ status: 0 });
    expect(bench.lines('a.results.jsonl')).toMatchObject([{ response: { body: { output: { choices: [{ message: { content: answerText('杭州-001') } }] } } } }, {}]);
  });
});

describe('retry', () => {
  /** Six lines: two fail with 400, one with a content filter, three are answered. */
  async function failed(): Promise<Setup> {
    const setup = await prepare(6);
    const { bench, server, args, ids } = setup;
    server.script = ({ id }) => {
      if (id === ids[1] || id === ids[2]) return badRequest;
      return id === ids[4] ? { kind: 'error', status: 400, code: 'DataInspectionFailed', message: 'Input data may contain inappropriate content.' } : { kind: 'answer' };
    };
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    server.script = () => ({ kind: 'answer' });
    return setup;
  }

  test('all failed lines again; the finished files stay until the job has settled again', async () => {
    const { bench, server, ids } = await failed();
    const before = [bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')];
    server.hold();
    const run = startCli(bench, ['retry', 'a.jsonl', '--rpm', '6000000', '--json']);
    await run.before(server.seen(9));
    expect([bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')]).toEqual(before);
    server.release();
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 0 });
    expect(ended.json()).toMatchObject({ attempts: 9, lines: { answered: 6, failed: 0 } });
    expect(server.calls.slice(6).map(({ id }) => id).toSorted()).toEqual([ids[1], ids[2], ids[4]].toSorted());
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
    expect(bench.read('a.errors.jsonl')).toBe('');
  });

  test.each([
    ['--code', ['--code', 'DataInspectionFailed'], [4], 1],
    ['--code twice', ['--code', 'DataInspectionFailed', '--code', 'InvalidParameter'], [1, 2, 4], 0],
    ['--status', ['--status', '400'], [1, 2, 4], 0],
    ['a code that no line has', ['--code', 'Arrearage'], [], 1],
  ])('%s reopens those lines only', async (_name, flags, wanted, status) => {
    const { bench, server, ids } = await failed();
    expect(await runCli(bench, ['retry', ...flags, '--rpm', '6000000'])).toMatchObject({ status });
    expect(server.calls.slice(6).map(({ id }) => id).toSorted()).toEqual(wanted.map((index) => ids[index]).toSorted());
    const open = [1, 2, 4].filter((index) => !wanted.includes(index));
    expect(customIds(bench, 'a.errors.jsonl')).toEqual(open.map((index) => ids[index]));
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids.filter((_id, index) => !open.includes(index)));
  });

  test('of a job that was stopped half-way: its failed lines are open again, the rest goes on', async () => {
    const { bench, server, args, ids } = await prepare(6);
    server.script = ({ id }) => (id === ids[0] || id === ids[1] ? badRequest : { kind: 'answer' });
    expect(await runCli(bench, [...args, '-c', '1', '--max-failures', '2'])).toMatchObject({ status: 3 });
    expect(bench.lines('a.errors.jsonl')).toHaveLength(2);
    server.script = () => ({ kind: 'answer' });
    expect(await runCli(bench, ['retry', 'a.jsonl', ...server.flags])).toMatchObject({ status: 0 });
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
    expect(bench.read('a.errors.jsonl')).toBe('');
  });

  test('old attempts stay on record but no longer count against --max-attempts', async () => {
    const { bench, server, args } = await prepare(1);
    server.script = () => ({ kind: 'error', status: 500, code: 'InternalError', message: 'busy' });
    expect(await runCli(bench, [...args, '--max-attempts', '2'])).toMatchObject({ status: 1 });
    expect(server.calls).toHaveLength(2);
    const again = await runCli(bench, ['retry', '--max-attempts', '2', '--json']);
    expect(again).toMatchObject({ status: 1 });
    expect(again.json()).toMatchObject({ attempts: 4 });
    expect(server.calls).toHaveLength(4);
  });

  test('without a job named: the only one with failed lines is meant', async () => {
    const { bench, server } = await failed();
    bench.write('b.jsonl', jsonl([nativeLine('Wuhan')]));
    expect(await runCli(bench, ['run', 'b.jsonl', ...server.flags])).toMatchObject({ status: 0 });
    expect(await runCli(bench, ['retry', '--rpm', '6000000'])).toMatchObject({ status: 0 });
    expect(bench.lines('a.results.jsonl')).toHaveLength(6);
  });
});

describe('resume', () => {
  /** A job of four lines, one of them answered; the endpoint is known to the ledger alone. */
  async function interrupted(): Promise<Setup> {
    const setup = await prepare(4);
    const { bench, server, args, ids } = setup;
    server.script = ({ id }) => (id === ids[0] ? { kind: 'answer' } : badRequest);
    expect(await runCli(bench, [...args, '-c', '1', '--max-failures', '1'])).toMatchObject({ status: 3 });
    server.script = () => ({ kind: 'answer' });
    return setup;
  }

  test.each([
    ['its ledger', ['a.qbatch.db']],
    ['its name', ['a']],
    ['its input', ['a.jsonl']],
    ['nothing, where it is the only unfinished job', []],
  ])('a job named by %s goes on where it stopped, at the endpoint of its last run', async (_name, words) => {
    const { bench, server, ids } = await interrupted();
    const sent = server.calls.length;
    expect(await runCli(bench, ['resume', ...words, '--rpm', '6000000'])).toMatchObject({ status: 1 });
    const open = ids.length - sent;
    expect(server.calls).toHaveLength(sent + open);
    expect(bench.lines('a.results.jsonl')).toHaveLength(1 + open);
    expect(bench.lines('a.errors.jsonl')).toHaveLength(sent - 1);
  });

  test('from another folder, by the path of its ledger', async () => {
    const { bench, server, ids } = await interrupted();
    bench.write('elsewhere/.keep', '');
    const run = await runCli(bench, ['resume', '../a.qbatch.db', '--rpm', '6000000'], { cwd: 'elsewhere' });
    expect(run).toMatchObject({ status: 1 });
    expect(bench.lines('a.results.jsonl').length + bench.lines('a.errors.jsonl').length).toBe(ids.length);
    expect(bench.names().filter((name) => name.endsWith('.jsonl'))).toEqual(['a.errors.jsonl', 'a.jsonl', 'a.results.jsonl']);
    expect(server.calls).toHaveLength(ids.length);
  });

  test('where nothing is unfinished, or several are: told so', async () => {
    const { bench, server, args } = await prepare(1);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    expect(await runCli(bench, ['resume'])).toMatchObject({ status: 66 });
    for (const name of ['b', 'c']) {
      bench.write(`${name}.jsonl`, jsonl(placeIds(3).map((id) => nativeLine(id))));
      server.script = () => badRequest;
      expect(await runCli(bench, ['run', `${name}.jsonl`, ...server.flags, '-c', '1', '--max-failures', '1'])).toMatchObject({ status: 3 });
    }
    const run = await runCli(bench, ['resume']);
    expect(run).toMatchObject({ status: 64 });
    expect(run.stderr).toMatch(/b\.qbatch\.db.*c\.qbatch\.db/);
  });

  test('a finished job named: nothing to do', async () => {
    const { bench, server, args } = await prepare(2);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    expect(await runCli(bench, ['resume', 'a'])).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(2);
  });
});

describe('lost and damaged files', () => {
  test('a lost ledger: 78 and nothing sent; --adopt-outputs takes the answers without sending them again', async () => {
    const { bench, server, args, ids } = await prepare(5);
    server.script = ({ id }) => (id === ids[3] ? badRequest : { kind: 'answer' });
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    const [results, errors] = [bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')];
    for (const withMark of [true, false]) {
      for (const end of ['', '-wal', '-shm', ...(withMark ? [] : ['.mark'])]) rmSync(bench.path(`a.qbatch.db${end}`), { force: true });
      const lost = await runCli(bench, args);
      expect(lost).toMatchObject({ status: 78 });
      expect(lost.stderr).toContain('--adopt-outputs');
      expect([bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')]).toEqual([results, errors]);
    }
    const adopted = await runCli(bench, [...args, '--adopt-outputs', '--json']);
    expect(adopted).toMatchObject({ status: 1 });
    expect(adopted.json()).toMatchObject({ lines: { total: 5, answered: 4, failed: 1, open: 0 }, usage: { total_tokens: 4 * 36 } });
    expect([bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')]).toEqual([results, errors]);
    expect(server.calls).toHaveLength(5);
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    expect(server.calls).toHaveLength(5);
  });

  test('--adopt-outputs with a torn last line: that line alone is sent again', async () => {
    const { bench, server, args, ids } = await prepare(4);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    for (const end of ['', '.mark']) rmSync(bench.path(`a.qbatch.db${end}`));
    truncateSync(bench.path('a.results.jsonl'), Buffer.byteLength(results) - 20);
    expect(await runCli(bench, [...args, '--adopt-outputs'])).toMatchObject({ status: 0 });
    expect(server.calls.slice(4).map(({ id }) => id)).toEqual([ids[3]]);
    expect(bench.read('a.results.jsonl')).toBe(results);
  });

  test('--adopt-outputs with a line that failed without a response: that line is sent again', async () => {
    const { bench, server, args, ids } = await prepare(3);
    server.script = ({ id }) => (id === ids[1] ? { kind: 'reset' } : { kind: 'answer' });
    expect(await runCli(bench, [...args, '--on-ambiguous', 'fail'])).toMatchObject({ status: 1 });
    expect(bench.lines('a.errors.jsonl')).toMatchObject([{ custom_id: ids[1], response: null }]);
    for (const end of ['', '.mark']) rmSync(bench.path(`a.qbatch.db${end}`));
    server.script = () => ({ kind: 'answer' });
    expect(await runCli(bench, [...args, '--adopt-outputs'])).toMatchObject({ status: 0 });
    expect(server.calls.slice(3).map(({ id }) => id)).toEqual([ids[1]]);
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
    expect(bench.read('a.errors.jsonl')).toBe('');
  });

  test('an older copy of the ledger: 78, nothing truncated', async () => {
    const { bench, server, args, ids } = await prepare(4);
    server.script = ({ id }) => (id === ids[0] ? badRequest : { kind: 'answer' });
    expect(await runCli(bench, [...args, '-c', '1', '--max-failures', '1'])).toMatchObject({ status: 3 });
    const old = bench.bytes('a.qbatch.db');
    const oldMark = bench.bytes('a.qbatch.db.mark');
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    const results = bench.read('a.results.jsonl');
    bench.write('a.qbatch.db', old);
    expect(await runCli(bench, args)).toMatchObject({ status: 78 });
    // The mark was restored with it: then the outputs tell.
    bench.write('a.qbatch.db.mark', oldMark);
    const run = await runCli(bench, args);
    expect(run).toMatchObject({ status: 78 });
    expect(bench.read('a.results.jsonl')).toBe(results);
    expect(server.calls).toHaveLength(4);
    expect(await runCli(bench, [...args, '--adopt-outputs'])).toMatchObject({ status: 1 });
    expect(bench.read('a.results.jsonl')).toBe(results);
    expect(server.calls).toHaveLength(4);
  });

  test('missing, short and torn output files are rebuilt from the ledger', async () => {
    const { bench, server, args, ids } = await prepare(5);
    server.script = ({ id }) => (id === ids[2] ? badRequest : { kind: 'answer' });
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    const [results, errors] = [bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')];
    const harms: (() => void)[] = [
      () => rmSync(bench.path('a.results.jsonl')),
      () => rmSync(bench.path('a.errors.jsonl')),
      () => truncateSync(bench.path('a.results.jsonl'), 37),
      () => bench.write('a.results.jsonl', `${results}{"id":"a-9","cus`),
    ];
    for (const harm of harms) {
      harm();
      expect(await runCli(bench, args)).toMatchObject({ status: 1 });
      expect([bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')]).toEqual([results, errors]);
    }
    expect(server.calls).toHaveLength(5);
  });
});
