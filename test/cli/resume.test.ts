import { describe, expect, test } from 'vitest';
import { BAD_REQUEST, type CliJob, customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { parseJsonLines } from '../helpers/bench.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

describe('retry', () => {
  /** Six lines: two fail with 400, one with a content filter, three are answered. */
  async function failed(): Promise<CliJob> {
    const setup = await prepareCliJob(6);
    const { bench, server, args, ids } = setup;
    server.script = ({ id }) => {
      if (id === ids[1] || id === ids[2]) return BAD_REQUEST;
      return id === ids[4]
        ? {
            kind: 'error',
            status: 400,
            code: 'DataInspectionFailed',
            message: 'Input data may contain inappropriate content.',
          }
        : { kind: 'answer' };
    };
    expect(await runHere(bench, args)).toMatchObject({ status: 1 });
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
    expect(
      server.calls
        .slice(6)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual([ids[1], ids[2], ids[4]].toSorted());
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
    expect(bench.read('a.errors.jsonl')).toBe('');
  });

  test.each([
    ['--code', ['--code', 'DataInspectionFailed'], [4], 1],
    [
      '--code twice',
      ['--code', 'DataInspectionFailed', '--code', 'InvalidParameter'],
      [1, 2, 4],
      0,
    ],
    ['--status', ['--status', '400'], [1, 2, 4], 0],
    ['a code that no line has', ['--code', 'Arrearage'], [], 1],
  ])('%s reopens those lines only', async (_name, flags, wanted, status) => {
    const { bench, server, ids } = await failed();
    expect(await runHere(bench, ['retry', ...flags, '--rpm', '6000000'])).toMatchObject({ status });
    expect(
      server.calls
        .slice(6)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(wanted.map((index) => ids[index]).toSorted());
    const open = [1, 2, 4].filter((index) => !wanted.includes(index));
    expect(customIds(bench, 'a.errors.jsonl')).toEqual(open.map((index) => ids[index]));
    expect(customIds(bench, 'a.results.jsonl')).toEqual(
      ids.filter((_id, index) => !open.includes(index)),
    );
  });

  test('of a job that was stopped half-way: its failed lines are open again, the rest goes on', async () => {
    const { bench, server, args, ids } = await prepareCliJob(6);
    server.script = ({ id }) => (id === ids[0] || id === ids[1] ? BAD_REQUEST : { kind: 'answer' });
    expect(await runHere(bench, [...args, '-c', '1', '--max-failures', '2'])).toMatchObject({
      status: 3,
    });
    expect(bench.lines('a.errors.jsonl')).toHaveLength(2);
    server.script = () => ({ kind: 'answer' });
    expect(await runHere(bench, ['retry', 'a.jsonl', ...server.flags])).toMatchObject({
      status: 0,
    });
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
    expect(bench.read('a.errors.jsonl')).toBe('');
  });

  test('with -o -: the errors file too stays until the job has settled again', async () => {
    const { bench, server, args, ids } = await failed();
    expect(await runHere(bench, [...args, '-o', '-'])).toMatchObject({ status: 1 });
    const names = bench.names();
    const before = bench.read('a.errors.jsonl');
    expect(parseJsonLines(before)).toHaveLength(3);

    server.hold();
    const stopped = startCli(bench, ['retry', 'a.jsonl', '-o', '-', '--rpm', '6000000', '-c', '1']);
    await stopped.before(server.seen(7));
    expect(bench.read('a.errors.jsonl')).toBe(before);
    stopped.signal('SIGINT');
    await stopped.says('interrupted');
    server.release();
    expect(await stopped.finished).toMatchObject({ status: 130 });
    expect(bench.read('a.errors.jsonl')).toBe(before);
    expect(bench.names()).toEqual(names);

    const run = await runHere(bench, [...args, '-o', '-']);
    expect(run).toMatchObject({ status: 0 });
    expect(parseJsonLines(run.stdout).map(({ custom_id: customId }) => customId)).toEqual(ids);
    expect(bench.read('a.errors.jsonl')).toBe('');
    expect(bench.names()).toEqual(names);
  });

  test('with -o -, then --json: it is said where stdout comes from, and what to do', async () => {
    const { bench, args } = await failed();
    expect(await runHere(bench, [...args, '-o', '-'])).toMatchObject({ status: 1 });
    for (const command of ['resume', 'retry']) {
      const run = await runHere(bench, [command, 'a.jsonl', '--json']);
      expect(run).toMatchObject({ status: 64 });
      expect(run.stderr).toMatch(
        /in its last run \(-o -\), and --json writes to stdout too\n.* -o,/,
      );
    }
    const typed = await runHere(bench, ['retry', 'a.jsonl', '-o', '-'], {
      env: { QBATCH_JSON: '1' },
    });
    expect(typed.json()).toMatchObject({ error: { exit_code: 64 } });
    expect(typed.stdout).toContain('--json and --output - both write to stdout');
    const named = await runHere(bench, ['resume', 'a.jsonl', '--json', '-o', 'b.jsonl']);
    expect(named).toMatchObject({ status: 1 });
    expect(named.json()).toMatchObject({ outputs: { results: bench.path('b.jsonl') } });
  });

  test('with -o -: errors that the ledger does not hold are not cut off', async () => {
    const { bench, args } = await failed();
    const foreign = `${bench.read('a.errors.jsonl')}{"id":"b-1"}\n`;
    bench.write('a.errors.jsonl', foreign);
    const run = await runHere(bench, [...args, '-o', '-']);
    expect(run).toMatchObject({ status: 78, stdout: '' });
    expect(bench.read('a.errors.jsonl')).toBe(foreign);
  });

  test('old attempts stay on record but no longer count against --max-attempts', async () => {
    const { bench, server, args } = await prepareCliJob(1);
    server.script = () => ({ kind: 'error', status: 500, code: 'InternalError', message: 'busy' });
    expect(await runHere(bench, [...args, '--max-attempts', '2'])).toMatchObject({ status: 1 });
    expect(server.calls).toHaveLength(2);
    const again = await runHere(bench, ['retry', '--max-attempts', '2', '--json']);
    expect(again).toMatchObject({ status: 1 });
    expect(again.json()).toMatchObject({ attempts: 4 });
    expect(server.calls).toHaveLength(4);
  });

  test('without a job named: the only one with failed lines is meant', async () => {
    const { bench, server } = await failed();
    bench.write('b.jsonl', jsonl([nativeLine('Wuhan')]));
    expect(await runHere(bench, ['run', 'b.jsonl', ...server.flags])).toMatchObject({ status: 0 });
    expect(await runHere(bench, ['retry', '--rpm', '6000000'])).toMatchObject({ status: 0 });
    expect(bench.lines('a.results.jsonl')).toHaveLength(6);
  });
});

describe('resume', () => {
  /** A job of four lines, one of them answered; the endpoint is known to the ledger alone. */
  async function interrupted(): Promise<CliJob> {
    const setup = await prepareCliJob(4);
    const { bench, server, args, ids } = setup;
    server.script = ({ id }) => (id === ids[0] ? { kind: 'answer' } : BAD_REQUEST);
    expect(await runHere(bench, [...args, '-c', '1', '--max-failures', '1'])).toMatchObject({
      status: 3,
    });
    server.script = () => ({ kind: 'answer' });
    return setup;
  }

  test.each([
    ['its ledger', ['a.qbatch.db']],
    ['its name', ['a']],
    ['its input', ['a.jsonl']],
    ['nothing, where it is the only unfinished job', []],
  ])(
    'a job named by %s goes on where it stopped, at the endpoint of its last run',
    async (_name, words) => {
      const { bench, server } = await interrupted();
      expect(server.calls).toHaveLength(2);
      expect(await runHere(bench, ['resume', ...words, '--rpm', '6000000'])).toMatchObject({
        status: 1,
      });
      expect(server.calls).toHaveLength(4);
      expect(bench.lines('a.results.jsonl')).toHaveLength(3);
      expect(bench.lines('a.errors.jsonl')).toHaveLength(1);
    },
  );

  test('from another folder, by the path of its ledger', async () => {
    const { bench, server, ids } = await interrupted();
    bench.write('elsewhere/.keep', '');
    const run = await runCli(bench, ['resume', '../a.qbatch.db', '--rpm', '6000000'], {
      cwd: 'elsewhere',
    });
    expect(run).toMatchObject({ status: 1 });
    expect(bench.lines('a.results.jsonl').length + bench.lines('a.errors.jsonl').length).toBe(
      ids.length,
    );
    expect(bench.names().filter((name) => name.endsWith('.jsonl'))).toEqual([
      'a.errors.jsonl',
      'a.jsonl',
      'a.results.jsonl',
    ]);
    expect(server.calls).toHaveLength(ids.length);
  });

  test('where nothing is unfinished, or several are: told so', async () => {
    const { bench, server, args } = await prepareCliJob(1);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(await runHere(bench, ['resume'])).toMatchObject({ status: 66 });
    for (const name of ['b', 'c']) {
      bench.write(`${name}.jsonl`, jsonl(placeIds(3).map((id) => nativeLine(id))));
      server.script = () => BAD_REQUEST;
      expect(
        await runHere(bench, [
          'run',
          `${name}.jsonl`,
          ...server.flags,
          '-c',
          '1',
          '--max-failures',
          '1',
        ]),
      ).toMatchObject({ status: 3 });
    }
    const run = await runHere(bench, ['resume']);
    expect(run).toMatchObject({ status: 64 });
    expect(run.stderr).toMatch(/b\.qbatch\.db.*c\.qbatch\.db/);
  });

  test('a finished job named: nothing to do', async () => {
    const { bench, server, args } = await prepareCliJob(2);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(await runHere(bench, ['resume', 'a'])).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(2);
  });
});
