import { copyFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BAD_REQUEST, customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { openBench } from '../helpers/bench.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

describe('lost and damaged files', () => {
  test('a lost ledger: 78 and nothing sent; --adopt-outputs takes the answers without sending them again', async () => {
    const { bench, server, args, ids } = await prepareCliJob(5);
    server.script = ({ id }) => (id === ids[3] ? BAD_REQUEST : { kind: 'answer' });
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    const [results, errors] = [bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')];
    for (const withMark of [true, false]) {
      for (const end of ['', '-wal', '-shm', ...(withMark ? [] : ['.mark'])])
        rmSync(bench.path(`a.qbatch.db${end}`), { force: true });
      const lost = await runCli(bench, args);
      expect(lost).toMatchObject({ status: 78 });
      expect(lost.stderr).toContain('--adopt-outputs');
      expect([bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')]).toEqual([
        results,
        errors,
      ]);
    }
    const adopted = await runCli(bench, [...args, '--adopt-outputs', '--json']);
    expect(adopted).toMatchObject({ status: 1 });
    expect(adopted.json()).toMatchObject({
      lines: { total: 5, answered: 4, failed: 1, open: 0 },
      usage: { total_tokens: 4 * 36 },
    });
    expect([bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')]).toEqual([
      results,
      errors,
    ]);
    expect(server.calls).toHaveLength(5);
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    expect(server.calls).toHaveLength(5);
  });

  test('a lost ledger of which only the mark is left: a run that was refused has not mended the loss', async () => {
    const { bench, server, args } = await prepareCliJob(3);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    for (const name of ['a.qbatch.db', 'a.results.jsonl', 'a.errors.jsonl'])
      rmSync(bench.path(name));
    const [input, mark] = [bench.read('a.jsonl'), bench.read('a.qbatch.db.mark')];
    bench.write('a.jsonl', `${input}{"custom_id": "no request"}\n`);
    for (const flag of ['--adopt-outputs', '--fresh']) {
      expect(await runHere(bench, [...args, flag, '--yes'])).toMatchObject({ status: 65 });
      expect(bench.read('a.qbatch.db.mark')).toBe(mark);
    }
    bench.write('a.jsonl', input);
    expect(await runHere(bench, args)).toMatchObject({ status: 78 });
    expect(server.calls).toHaveLength(3);
    expect(await runHere(bench, [...args, '--adopt-outputs'])).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(6);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(6);
  });

  test('--adopt-outputs with a torn last line: that line alone is sent again', async () => {
    const { bench, server, args, ids } = await prepareCliJob(4);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    for (const end of ['', '.mark']) rmSync(bench.path(`a.qbatch.db${end}`));
    truncateSync(bench.path('a.results.jsonl'), Buffer.byteLength(results) - 20);
    expect(await runHere(bench, [...args, '--adopt-outputs'])).toMatchObject({ status: 0 });
    expect(server.calls.slice(4).map(({ id }) => id)).toEqual([ids[3]]);
    expect(bench.read('a.results.jsonl')).toBe(results);
  });

  test('--adopt-outputs with a line that failed without a response: that line is sent again', async () => {
    const { bench, server, args, ids } = await prepareCliJob(3);
    server.script = ({ id }) => (id === ids[1] ? { kind: 'reset' } : { kind: 'answer' });
    expect(await runHere(bench, [...args, '--on-ambiguous', 'fail'])).toMatchObject({ status: 1 });
    expect(bench.lines('a.errors.jsonl')).toMatchObject([{ custom_id: ids[1], response: null }]);
    for (const end of ['', '.mark']) rmSync(bench.path(`a.qbatch.db${end}`));
    server.script = () => ({ kind: 'answer' });
    expect(await runHere(bench, [...args, '--adopt-outputs'])).toMatchObject({ status: 0 });
    expect(server.calls.slice(3).map(({ id }) => id)).toEqual([ids[1]]);
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
    expect(bench.read('a.errors.jsonl')).toBe('');
  });

  test('--adopt-outputs and --on-ambiguous fail: a line whose call was lost has failed, until retry', async () => {
    const { bench, server, args, ids } = await prepareCliJob(3);
    server.script = ({ id }) => (id === ids[1] ? { kind: 'reset' } : { kind: 'answer' });
    const all = [...args, '--on-ambiguous', 'fail'];
    expect(await runHere(bench, all)).toMatchObject({ status: 1 });
    const errors = bench.read('a.errors.jsonl');
    for (const end of ['', '.mark']) rmSync(bench.path(`a.qbatch.db${end}`));
    server.script = () => ({ kind: 'answer' });
    expect(await runHere(bench, [...all, '--adopt-outputs'])).toMatchObject({ status: 1 });
    expect(server.calls).toHaveLength(3);
    expect(bench.read('a.errors.jsonl')).toBe(errors);
    const verified = await runHere(bench, ['status', '--verify', '--json']);
    expect(verified.json()).toMatchObject({ verify: { ok: true } });
    expect(await runHere(bench, ['retry', '--on-ambiguous', 'fail'])).toMatchObject({ status: 0 });
    expect(server.counts().get(ids[1] ?? '')).toBe(2);
  });

  test('--adopt-outputs and --on-ambiguous fail: a call in flight at a kill is not made again', async () => {
    const { bench, server, args, ids } = await prepareCliJob(2);
    server.script = () => ({ kind: 'hang' });
    const all = [...args, '-c', '1', '--on-ambiguous', 'fail'];
    const run = startCli(bench, all);
    await run.before(server.seen(1));
    run.signal('SIGKILL');
    await run.finished;
    server.script = () => ({ kind: 'answer' });
    expect(await runCli(bench, [...all, '--adopt-outputs'])).toMatchObject({ status: 1 });
    expect(server.calls.map(({ id }) => id)).toEqual(ids);
  });

  test('an older copy of the ledger: 78, nothing truncated', async () => {
    const { bench, server, args, ids } = await prepareCliJob(4);
    server.script = ({ id }) => (id === ids[0] ? BAD_REQUEST : { kind: 'answer' });
    expect(await runHere(bench, [...args, '-c', '1', '--max-failures', '1'])).toMatchObject({
      status: 3,
    });
    const old = bench.bytes('a.qbatch.db');
    const oldMark = bench.bytes('a.qbatch.db.mark');
    expect(await runHere(bench, args)).toMatchObject({ status: 1 });
    const results = bench.read('a.results.jsonl');
    bench.write('a.qbatch.db', old);
    expect(await runHere(bench, args)).toMatchObject({ status: 78 });
    // The mark was restored with it: then the outputs tell.
    bench.write('a.qbatch.db.mark', oldMark);
    const run = await runHere(bench, args);
    expect(run).toMatchObject({ status: 78 });
    expect(bench.read('a.results.jsonl')).toBe(results);
    expect(server.calls).toHaveLength(4);
    expect(await runHere(bench, [...args, '--adopt-outputs'])).toMatchObject({ status: 1 });
    expect(bench.read('a.results.jsonl')).toBe(results);
    expect(server.calls).toHaveLength(4);
  });

  test('an older copy beside the log of a newer ledger: 78, nothing sent, whatever is adopted', async () => {
    const { bench, server, args, ids } = await prepareCliJob(6);
    const upTo = (last: number): void => {
      server.script = ({ id }) => (ids.indexOf(id) < last ? { kind: 'answer' } : BAD_REQUEST);
    };
    upTo(1);
    const failing = [...args, '-c', '1', '--max-failures'];
    expect(await runHere(bench, [...failing, '1'])).toMatchObject({ status: 3 });
    const old = bench.bytes('a.qbatch.db');
    upTo(3);
    expect(await runHere(bench, [...failing, '2'])).toMatchObject({ status: 3 });
    server.script = ({ id }) => (id === ids[5] ? { kind: 'hang' } : { kind: 'answer' });
    const run = startCli(bench, [...args, '-c', '1']);
    await run.before(server.seen(6));
    run.signal('SIGKILL');
    await run.finished;
    const newest = bench.bytes('a.qbatch.db');
    const log = bench.bytes('a.qbatch.db-wal');
    bench.write('a.qbatch.db', old);
    server.script = () => ({ kind: 'answer' });
    for (const flags of [[], ['--adopt-outputs']]) {
      const refused = await runCli(bench, [...args, ...flags]);
      expect(refused).toMatchObject({ status: 78 });
      expect(refused.stderr).toContain('went backwards: it is older than the -wal beside it');
    }
    // Nor are figures told of what was never one ledger.
    for (const command of [['usage'], ['status'], ['export', '-o', 'all.jsonl']]) {
      const refused = await runHere(bench, command);
      expect(refused).toMatchObject({ status: 78 });
      expect(refused.stderr).toContain('went backwards: it is older than the -wal beside it');
    }
    expect(server.calls).toHaveLength(6);
    expect(bench.bytes('a.qbatch.db-wal')).toEqual(log);
    // As the message says: the newest, beside its log.
    bench.write('a.qbatch.db', newest);
    expect(await runHere(bench, args)).toMatchObject({ status: 1 });
    expect(server.counts().get(ids[5] ?? '')).toBe(2);
    expect(server.calls).toHaveLength(7);
    const verified = await runHere(bench, ['status', '--verify', '--json']);
    expect(verified.json()).toMatchObject({ verify: { ok: true } });
  });

  test('a kill after outputs were adopted into an older copy: the job goes on', async () => {
    const { bench, server, args, ids } = await prepareCliJob(4);
    server.script = ({ id }) => (id === ids[0] ? BAD_REQUEST : { kind: 'answer' });
    await runHere(bench, [...args, '-c', '1', '--max-failures', '1']);
    const old = bench.bytes('a.qbatch.db');
    server.script = ({ id }) => (id === ids[3] ? BAD_REQUEST : { kind: 'answer' });
    await runHere(bench, [...args, '-c', '1', '--max-failures', '2']);
    bench.write('a.qbatch.db', old);
    truncateSync(bench.path('a.errors.jsonl'), 0);
    server.script = () => ({ kind: 'hang' });
    const run = startCli(bench, [...args, '--adopt-outputs']);
    await run.before(server.seen(5));
    run.signal('SIGKILL');
    await run.finished;
    server.script = () => ({ kind: 'answer' });
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    expect([...server.counts().values()]).toEqual([1, 1, 1, 3]);
  });

  test('missing, short and torn output files are rebuilt from the ledger', async () => {
    const { bench, server, args, ids } = await prepareCliJob(5);
    server.script = ({ id }) => (id === ids[2] ? BAD_REQUEST : { kind: 'answer' });
    expect(await runHere(bench, args)).toMatchObject({ status: 1 });
    const [results, errors] = [bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')];
    const harms: (() => void)[] = [
      () => rmSync(bench.path('a.results.jsonl')),
      () => rmSync(bench.path('a.errors.jsonl')),
      () => truncateSync(bench.path('a.results.jsonl'), 37),
      () => bench.write('a.results.jsonl', `${results}{"id":"a-9","cus`),
    ];
    for (const harm of harms) {
      harm();
      expect(await runHere(bench, args)).toMatchObject({ status: 1 });
      expect([bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')]).toEqual([
        results,
        errors,
      ]);
    }
    expect(server.calls).toHaveLength(5);
  });

  test('a lock left by a killed run, whole or torn, keeps nobody out', async () => {
    const { bench, server, args } = await prepareCliJob(3);
    server.hold();
    const killed = startCli(bench, args);
    await killed.before(server.seen(3));
    killed.signal('SIGKILL');
    expect(await killed.finished).toMatchObject({ signal: 'SIGKILL' });
    server.release();
    const lock = bench.bytes('a.qbatch.db.lock');
    const torn = [
      lock,
      lock.subarray(0, 100),
      Buffer.concat([lock.subarray(0, 40), Buffer.alloc(lock.length - 40)]),
      Buffer.from('这不是数据库'.repeat(100)),
    ];
    for (const left of torn) {
      bench.write('a.qbatch.db.lock', left);
      expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    }
    expect(server.calls).toHaveLength(6);
  });
});

describe('files at another place', () => {
  test.each([
    ['run', (flags: readonly string[]) => ['run', 'a.jsonl', ...flags]],
    ['resume', () => ['resume']],
  ])('a folder that was moved: %s goes on in it and asks nothing twice', async (_name, command) => {
    const bench = openBench();
    const server = await startCountingServer();
    const ids = placeIds(5);
    bench.write('one/a.jsonl', jsonl(ids.map((id) => nativeLine(id))));
    server.script = ({ id }) => (id === ids[2] ? BAD_REQUEST : { kind: 'answer' });
    const first = ['run', 'a.jsonl', ...server.flags, '-c', '1', '--max-failures', '1'];
    expect(await runCli(bench, first, { cwd: 'one' })).toMatchObject({ status: 3 });
    expect(bench.lines('one/a.results.jsonl')).toHaveLength(2);
    renameSync(bench.path('one'), bench.path('two'));
    expect(await runCli(bench, command(server.flags), { cwd: 'two' })).toMatchObject({ status: 1 });
    expect(customIds(bench, 'two/a.results.jsonl')).toEqual(ids.filter((id) => id !== ids[2]));
    expect(customIds(bench, 'two/a.errors.jsonl')).toEqual([ids[2]]);
    expect([...server.counts().values()]).toEqual(ids.map(() => 1));
    const verified = await runCli(bench, ['status', '--verify', '--json'], { cwd: 'two' });
    expect(verified.json()).toMatchObject({
      verify: { ok: true },
      outputs: { results: bench.path('two/a.results.jsonl') },
    });
  });

  test('a moved folder whose results were changed: refused, and not touched', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('one/a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    const args = ['run', 'a.jsonl', ...server.flags];
    expect(await runHere(bench, args, { cwd: 'one' })).toMatchObject({ status: 0 });
    renameSync(bench.path('one'), bench.path('two'));
    const edited = bench.read('two/a.results.jsonl').replace('"error":null', '"error":"mine"');
    bench.write('two/a.results.jsonl', edited);
    expect(await runHere(bench, args, { cwd: 'two' })).toMatchObject({ status: 73 });
    expect(bench.read('two/a.results.jsonl')).toBe(edited);
  });

  test('results printed once, then wanted in the file again', async () => {
    const { bench, server, args, ids } = await prepareCliJob(3);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    expect(await runHere(bench, [...args, '-o', '-', '-q'])).toMatchObject({
      status: 0,
      stdout: results,
    });
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(bench.read('a.results.jsonl')).toBe(results);
    expect(server.calls).toHaveLength(ids.length);
  });

  test('an input that is gone: 66, and where it is looked for', async () => {
    const { bench, server, args } = await prepareCliJob(2);
    server.script = () => BAD_REQUEST;
    expect(await runHere(bench, args)).toMatchObject({ status: 1 });
    rmSync(bench.path('a.jsonl'));
    const run = await runHere(bench, ['retry']);
    expect(run.status).toBe(66);
    expect(run.stderr).toContain(`beside the ledger ${bench.path('a.qbatch.db')}`);
  });

  test('a finished job whose input was a stream: nothing is left to do, and its results can be had again', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const stdin = jsonl(placeIds(2).map((id) => nativeLine(id)));
    const args = ['run', '-', '-o', 'r.jsonl', '--job', 'my job', ...server.flags];
    expect(await runHere(bench, args, { stdin })).toMatchObject({ status: 0 });
    for (const again of [
      ['resume', '--job', 'my job'],
      ['retry', '--job', 'my job', '-y'],
    ]) {
      const run = await runHere(bench, again);
      expect(run).toMatchObject({ status: 0, stdout: '' });
      expect(run.stderr).toContain('job my job is finished already; nothing to send');
      expect(run.stderr).toContain('2 answered, 0 failed, 0 rejected of 2 lines');
    }
    const json = await runHere(bench, ['resume', '--job', 'my job', '--json', '-q']);
    expect(json).toMatchObject({ status: 0, stderr: '' });
    expect(json.json()).toMatchObject({
      job: 'my job',
      lines: { total: 2, answered: 2, open: 0 },
      attempts: 2,
      outputs: { results: bench.path('r.jsonl') },
      stopped: null,
    });
    // What cannot be done without the input is told so.
    const asking = [['-o', 'other.jsonl'], ['--model', 'qwen-max'], ['--simulate']];
    for (const more of [...asking, ['--accept-changed-input']])
      expect(await runHere(bench, ['resume', '--job', 'my job', ...more])).toMatchObject({
        status: 66,
      });
    rmSync(bench.path('r.jsonl'));
    const run = await runHere(bench, ['resume', '--job', 'my job']);
    expect(run.status).toBe(66);
    expect(run.stderr).toContain('job my job is finished, and its input is gone');
    const [, command = ''] =
      /nothing is left to do; (qbatch export .*) writes/.exec(run.stderr) ?? [];
    const [ledger] = bench.names().filter((name) => name.endsWith('.qbatch.db'));
    expect(command).toBe(`qbatch export --ledger ${bench.path(ledger ?? '')} --job 'my job'`);
  });

  test('a finished rehearsal of a stream, resumed as it was begun: --simulate asks for nothing new', async () => {
    const bench = openBench();
    const stdin = jsonl([nativeLine('福州')]);
    const simulated = ['--job', 'trial', '--simulate=latency=0', '-q'];
    expect(await runHere(bench, ['run', '-', ...simulated], { stdin })).toMatchObject({
      status: 0,
    });
    expect(await runHere(bench, ['resume', ...simulated])).toMatchObject({ status: 0, stderr: '' });
  });

  test('a backup of a ledger whose job read a stream and had failures: the copy of the stream stays for it', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    server.script = () => BAD_REQUEST;
    const args = ['run', '-', '--ledger', 'a.qbatch.db', ...server.flags];
    const stdin = jsonl([nativeLine('泉州')]);
    expect(await runHere(bench, args, { stdin })).toMatchObject({ status: 1 });
    copyFileSync(bench.path('a.qbatch.db'), bench.path('old.qbatch.db'));
    server.script = () => ({ kind: 'answer' });
    expect(await runHere(bench, ['retry', ...server.flags])).toMatchObject({ status: 0 });
    // Put back, with the outputs of its time or none, it goes on.
    for (const name of bench.names().filter((one) => /^a\.|\.(results|errors)\./.test(one)))
      rmSync(bench.path(name));
    renameSync(bench.path('old.qbatch.db'), bench.path('a.qbatch.db'));
    expect(await runHere(bench, ['retry', ...server.flags])).toMatchObject({ status: 0 });
  });

  test('stdin is checked while a job with the same content is unfinished: its copy stays', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const ids = placeIds(3);
    const stdin = jsonl(ids.map((id) => nativeLine(id)));
    server.script = ({ id }) => (id === ids[1] ? BAD_REQUEST : { kind: 'answer' });
    expect(await runHere(bench, ['run', '-', ...server.flags], { stdin })).toMatchObject({
      status: 1,
    });
    const names = bench.names();
    for (const look of [
      ['check', '-'],
      ['run', '-', '--dry-run', ...server.flags],
    ]) {
      expect(await runHere(bench, look, { stdin })).toMatchObject({ status: 0 });
      expect(bench.names()).toEqual(names);
    }
    server.script = () => ({ kind: 'answer' });
    expect(await runHere(bench, ['retry'])).toMatchObject({ status: 0 });
  });
});
