import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { type CountingServer, startCountingServer } from '../helpers/counting-server.ts';
import { permissionsHold } from '../helpers/faulty-disk.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

/** A finished job of three lines for each input named. */
async function finished(
  inputs: readonly string[],
  flags: readonly string[] = [],
): Promise<{ bench: Bench; server: CountingServer }> {
  const bench = openBench();
  const server = await startCountingServer();
  for (const input of inputs) {
    bench.write(input, jsonl(placeIds(3).map((id) => nativeLine(`${input}-${id}`))));
    const run = await runHere(bench, ['run', input, ...flags, ...server.flags]);
    expect(run).toMatchObject({ status: 0 });
  }
  return { bench, server };
}

const contentOf = (bench: Bench, names: readonly string[]): string[] =>
  names.map((name) => readFileSync(bench.path(name), 'latin1'));

describe('a folder that was copied or moved', () => {
  test.each([
    ['copied', (from: string, to: string) => cpSync(from, to, { recursive: true })],
    ['moved', renameSync],
  ])('%s: the files beside its ledger are the job’s', async (_name, take) => {
    const { bench } = await finished(['one/a.jsonl']);
    take(bench.path('one'), bench.path('two'));
    const own = ['two/a.jsonl', 'two/a.results.jsonl', 'two/a.errors.jsonl'];
    const before = contentOf(bench, own);
    for (const output of ['a.jsonl', 'a.results.jsonl', 'a.errors.jsonl']) {
      for (const args of [
        ['export', '--what', 'attempts'],
        ['usage', '--format', 'csv'],
      ]) {
        const run = await runHere(bench, [...args, '-o', output], { cwd: 'two' });
        expect({ args, output, status: run.status }).toEqual({ args, output, status: 64 });
      }
    }
    expect(contentOf(bench, own)).toEqual(before);
    const status = await runCli(bench, ['status', '--verify', '--json'], { cwd: 'two' });
    expect(status.json()).toMatchObject({
      verify: { ok: true },
      outputs: {
        results: bench.path('two/a.results.jsonl'),
        errors: bench.path('two/a.errors.jsonl'),
      },
    });
    const jobs = await runHere(bench, ['jobs', '--json'], { cwd: 'two' });
    expect(jobs.json()).toMatchObject({ jobs: [{ input: bench.path('two/a.jsonl') }] });
    // It is these that are looked at.
    bench.write('two/a.results.jsonl', 'not so\n');
    const broken = await runHere(bench, ['status', '--verify'], { cwd: 'two' });
    expect(broken.stdout).toContain('two/a.results.jsonl');
  });

  test('a copy that goes on leaves the first alone', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('one/a.jsonl', jsonl(placeIds(4).map((id) => nativeLine(id))));
    const args = ['run', 'a.jsonl', ...server.flags, '-c', '1', '--sample', '2', '-y'];
    server.script = () => ({ kind: 'error', status: 400, code: 'Bad', message: 'no' });
    const first = await runHere(bench, [...args, '--max-failures', '1'], { cwd: 'one' });
    expect(first).toMatchObject({ status: 3 });
    cpSync(bench.path('one'), bench.path('two'), { recursive: true });
    const names = ['one/a.results.jsonl', 'one/a.errors.jsonl', 'one/a.qbatch.db'];
    const before = contentOf(bench, names);
    server.script = () => ({ kind: 'answer' });
    await runHere(bench, ['resume', ...server.flags], { cwd: 'two' });
    expect(contentOf(bench, names)).toEqual(before);
    expect(bench.lines('two/a.results.jsonl')).toHaveLength(3);
  });

  test.each([
    ['--job', 'n'],
    ['--ledger', 'one/l.qbatch.db'],
  ])('a copy of a job with a name of its own (%s %s) leaves the first alone', async (...names) => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('one/a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    server.script = () => ({ kind: 'error', status: 400, code: 'Bad', message: 'no' });
    const run = ['run', 'one/a.jsonl', ...names, ...server.flags];
    expect(await runHere(bench, run)).toMatchObject({ status: 1 });
    cpSync(bench.path('one'), bench.path('two'), { recursive: true });
    const first = ['one/a.results.jsonl', 'one/a.errors.jsonl'];
    const before = contentOf(bench, first);
    server.script = () => ({ kind: 'answer' });
    expect(await runHere(bench, ['retry', ...server.flags], { cwd: 'two' })).toMatchObject({
      status: 0,
    });
    expect(contentOf(bench, first)).toEqual(before);
    expect(bench.lines('two/a.results.jsonl')).toHaveLength(3);
  });

  test('a moved tree with its outputs below it goes on after a retry was broken off', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('one/a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    mkdirSync(bench.path('one/out'));
    server.script = () => ({ kind: 'error', status: 400, code: 'Bad', message: 'no' });
    const args = ['a.jsonl', '-o', 'out/a.r', '--errors', 'out/a.e', ...server.flags];
    expect(await runHere(bench, ['run', ...args], { cwd: 'one' })).toMatchObject({ status: 1 });
    const broken = ['retry', '-c', '1', '--max-failures', '1'];
    expect(await runHere(bench, broken, { cwd: 'one' })).toMatchObject({ status: 3 });
    renameSync(bench.path('one'), bench.path('two'));
    server.script = () => ({ kind: 'answer' });
    expect(await runHere(bench, ['run', ...args], { cwd: 'two' })).toMatchObject({ status: 1 });
    expect(bench.lines('two/out/a.r')).toHaveLength(2);
  });

  test('outputs that are elsewhere stay where they are', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('one/a.jsonl', jsonl(placeIds(2).map((id) => nativeLine(id))));
    mkdirSync(bench.path('out'));
    const args = ['run', 'a.jsonl', '-o', '../out/r.jsonl', ...server.flags];
    expect(await runHere(bench, args, { cwd: 'one' })).toMatchObject({ status: 0 });
    renameSync(bench.path('one'), bench.path('two'));
    const status = await runHere(bench, ['status', '--verify', '--json'], { cwd: 'two' });
    expect(status.json()).toMatchObject({
      verify: { ok: true },
      outputs: { results: bench.path('out/r.jsonl'), errors: bench.path('two/a.errors.jsonl') },
    });
  });
});

describe('-o over files of other jobs', () => {
  test('another job of the ledger, another ledger, the control file: 64, and they stay', async () => {
    const { bench } = await finished(['a.jsonl', 'b.jsonl'], ['--ledger', 'l.qbatch.db']);
    const server = await startCountingServer();
    bench.write('k.jsonl', jsonl([nativeLine('k')]));
    expect(await runHere(bench, ['run', 'k.jsonl', ...server.flags])).toMatchObject({ status: 0 });
    cpSync(bench.path('k.qbatch.db'), bench.path('k.sqlite'));
    bench.write('l.qbatch.db.control.json', '{}');
    const kept = [
      ...['b.jsonl', 'b.results.jsonl', 'b.errors.jsonl'],
      ...['k.qbatch.db', 'k.sqlite', 'l.qbatch.db.control.json'],
    ];
    const before = contentOf(bench, kept);
    for (const output of [...kept, 'new.qbatch.db']) {
      for (const args of [
        ['export', '--ledger', 'l.qbatch.db', '--job', 'a', '--what', 'errors'],
        ['usage', '--ledger', 'l.qbatch.db', '--job', 'a'],
      ]) {
        const run = await runHere(bench, [...args, '-o', output]);
        expect({ args, output, status: run.status }).toEqual({ args, output, status: 64 });
      }
    }
    expect(contentOf(bench, kept)).toEqual(before);
    const rebuilt = ['export', '--ledger', 'l.qbatch.db', '--job', 'b', '-o', 'b.results.jsonl'];
    expect(await runCli(bench, rebuilt)).toMatchObject({ status: 0 });
    expect(contentOf(bench, kept)).toEqual(before);
  });
});

describe('ledgers of a folder', () => {
  test('one that is damaged: usage of the folder is refused, a job is not said to be unknown', async () => {
    const { bench, server } = await finished(['k.jsonl', 'p.jsonl']);
    const damaged = readFileSync(bench.path('p.qbatch.db'));
    damaged.fill(0x5a, 100, 4000);
    writeFileSync(bench.path('other.qbatch.db'), damaged);
    for (const name of ['p.qbatch.db', 'p.results.jsonl', 'p.errors.jsonl', 'p.qbatch.db.mark'])
      renameSync(bench.path(name), bench.path(`gone-${name}.bak`));
    const usage = await runCli(bench, ['usage']);
    expect(usage).toMatchObject({ status: 78, stdout: '' });
    expect(usage.stderr).toMatch(/other\.qbatch\.db .*\n.*name the ledgers or jobs/);
    expect(await runHere(bench, ['usage', 'k'])).toMatchObject({ status: 0 });
    expect(await runHere(bench, ['status', 'k'])).toMatchObject({ status: 0 });
    for (const args of [
      ['status', 'p'],
      ['usage', 'p'],
      ['export', '--job', 'p'],
      ['resume', 'p', ...server.flags],
    ]) {
      const run = await runHere(bench, args);
      expect({ args, status: run.status }).toEqual({ args, status: 78 });
      expect(run.stderr).toContain('other.qbatch.db');
    }
  });

  test('a link to a ledger: its job counts once', async () => {
    const { bench } = await finished(['k.jsonl']);
    const once = await runHere(bench, ['usage', '--format', 'csv']);
    symlinkSync('k.qbatch.db', bench.path('a-link.qbatch.db'));
    for (const jobs of [[], ['k.qbatch.db', 'a-link.qbatch.db'], ['a-link.qbatch.db']])
      expect(await runHere(bench, ['usage', ...jobs, '--format', 'csv'])).toMatchObject({
        status: 0,
        stdout: once.stdout,
      });
    expect(await runHere(bench, ['status'])).toMatchObject({ status: 0 });
  });

  test('a hard link to a ledger: its job counts once; a copy too, but where it is named: twice, and is warned of', async () => {
    const { bench } = await finished(['k.jsonl']);
    const once = await runHere(bench, ['usage', '--format', 'csv']);
    linkSync(bench.path('k.qbatch.db'), bench.path('hard.db'));
    const linked = ['usage', 'k.qbatch.db', 'hard.db', '--format', 'csv'];
    expect(await runHere(bench, linked)).toMatchObject({
      status: 0,
      stdout: once.stdout,
      stderr: '',
    });
    rmSync(bench.path('hard.db'));
    copyFileSync(bench.path('k.qbatch.db'), bench.path('old.qbatch.db'));
    expect(await runHere(bench, ['usage', '--format', 'csv'])).toMatchObject({
      status: 0,
      stdout: once.stdout,
      stderr: '',
    });
    const named = ['usage', 'k.qbatch.db', 'old.qbatch.db', '-q', '--format', 'csv'];
    const both = await runHere(bench, named);
    expect(both).toMatchObject({ status: 0 });
    expect(both.stdout).not.toBe(once.stdout);
    expect(both.stderr).toMatch(
      /^qbatch: warning: job k is in both \S*k\.qbatch\.db and \S*old\.qbatch\.db, .* counted twice\n$/,
    );
    // The same input, run anew, was paid for anew.
    rmSync(bench.path('old.qbatch.db'));
    const anew = ['run', 'k.jsonl', '--simulate=latency=0', '--ledger', 'new.qbatch.db', '-q'];
    const outputs = ['-o', 'new.out', '--errors', 'new.err'];
    expect(await runHere(bench, [...anew, ...outputs])).toMatchObject({ status: 0 });
    expect(await runHere(bench, ['usage', '--format', 'csv'])).toMatchObject({ stderr: '' });
  });

  test('one without a byte: a ledger was lost, for who reads too', async () => {
    const bench = openBench();
    bench.write('a.qbatch.db', '');
    const run = await runHere(bench, ['status', 'a.qbatch.db']);
    expect(run).toMatchObject({ status: 78 });
    expect(run.stderr).toContain('is empty: it was never a ledger, or a ledger was lost here');
    expect(run.stderr).toContain('--adopt-outputs');
    // What a ledger left behind says which.
    bench.write('a.qbatch.db.mark', '\u0007\0\0\0\0\0\0\0');
    const marked = await runHere(bench, ['status', 'a.qbatch.db']);
    expect(marked).toMatchObject({ status: 78 });
    expect(marked.stderr).toContain('is empty: a ledger was lost here');
  });
});

test.each(['报告　一', 'two  spaces', 'a\u00a0b'])(
  'a folder named %j: what is printed is its name, and the next command works in a shell',
  async (folder) => {
    const bench = openBench();
    const server = await startCountingServer();
    server.script = () => ({ kind: 'error', status: 400, code: 'Bad', message: 'no' });
    bench.write(`${folder}/a.jsonl`, jsonl([nativeLine('杭州')]));
    const run = await runHere(bench, ['run', `${folder}/a.jsonl`, ...server.flags]);
    expect(run).toMatchObject({ status: 1 });
    expect(run.stderr).toContain(bench.path(`${folder}/a.errors.jsonl`));
    const ledger = bench.path(`${folder}/a.qbatch.db`);
    expect(run.stderr).toContain(`qbatch retry '${ledger}'\n`);
  },
);

describe('one file, two runs', () => {
  /** Two inputs, and a run of the first with two calls in flight. */
  async function startFirst(output: string) {
    const bench = openBench();
    const server = await startCountingServer();
    for (const name of ['a', 'b'])
      bench.write(`${name}.jsonl`, jsonl(placeIds(20).map((id) => nativeLine(`${name}-${id}`))));
    mkdirSync(bench.path('out'));
    server.hold();
    const args = (name: string, ...more: string[]): string[] => [
      ...['run', `${name}.jsonl`, ...more, '-c', '2', ...server.flags],
    ];
    const first = startCli(bench, args('a', '-o', output, '--errors', 'out/e.jsonl'));
    await first.before(server.seen(2));
    return { bench, server, args, first };
  }

  test.each([
    ['results', ['-o', 'out/r.jsonl']],
    ['results, by another spelling', ['-o', 'link/r.jsonl']],
    ['errors', ['--errors', 'out/e.jsonl']],
    ['errors as results', ['-o', 'out/e.jsonl']],
  ])(
    'another run writes it (%s): 73 before a call is made, the first is not disturbed',
    async (_what, more) => {
      const { bench, server, args, first } = await startFirst('out/r.jsonl');
      symlinkSync('out', bench.path('link'));
      const refused = await runCli(bench, args('b', ...more));
      expect(refused).toMatchObject({ status: 73 });
      expect(refused.stderr).toMatch(
        /another run writes \S+: process \d+ on \S+, started \S+, job a\n/,
      );
      expect(server.calls).toHaveLength(2);
      expect(readdirSync(bench.folder).filter((name) => name.startsWith('b.'))).toEqual([
        'b.jsonl',
      ]);
      server.release();
      expect(await first.finished).toMatchObject({ status: 0 });
      expect(bench.lines('out/r.jsonl')).toHaveLength(20);
      expect(readdirSync(bench.path('out')).toSorted()).toEqual(['e.jsonl', 'r.jsonl']);
    },
  );

  test('the first was killed: what it left keeps nobody out, and the same command goes on', async () => {
    const { bench, server, args, first } = await startFirst('out/r.jsonl');
    first.signal('SIGKILL');
    await first.finished;
    server.release();
    const names = ['-o', 'out/r.jsonl', '--errors', 'out/e.jsonl'];
    expect(await runCli(bench, args('a', ...names))).toMatchObject({ status: 0 });
    expect(bench.lines('out/r.jsonl')).toHaveLength(20);
    expect(readdirSync(bench.path('out')).toSorted()).toEqual(['e.jsonl', 'r.jsonl']);
  });

  test.each<[string, (path: string, bench: Bench) => void]>([
    ["somebody's file", (path) => writeFileSync(path, 'mine')],
    ['a folder', (path) => mkdirSync(path)],
    ['a link to nothing', (path) => symlinkSync('nowhere', path)],
    [
      'a link to an empty file',
      (path, bench) => {
        bench.write('empty', '');
        symlinkSync('../empty', path);
      },
    ],
  ])(
    'in the place of the lock is %s: it is left alone, and the run does without',
    async (_what, make) => {
      const bench = openBench();
      const server = await startCountingServer();
      bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
      mkdirSync(bench.path('out'));
      const path = bench.path('out/r.jsonl.qbatch-lock');
      make(path, bench);
      const before = lstatSync(path);
      // Killed outright: what waits for ever without a turn of the event loop hears no other signal.
      const under = ['timeout', '-s', 'KILL', '60'];
      const args = ['run', 'a.jsonl', '-o', 'out/r.jsonl', ...server.flags];
      expect(await runCli(bench, args, { under })).toMatchObject({ status: 0 });
      expect(bench.lines('out/r.jsonl')).toHaveLength(3);
      const after = lstatSync(path);
      expect([after.ino, after.size]).toEqual([before.ino, before.size]);
      if (bench.names().includes('empty'))
        expect(readFileSync(bench.path('empty'), 'utf8')).toBe('');
    },
  );

  test('the path of the lock is too long for SQLite: the run does without, and leaves no file of it', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    const folder = ['a', 'b', 'c'].map((letter) => letter.repeat(180)).join('/');
    mkdirSync(bench.path(folder), { recursive: true });
    const args = ['run', 'a.jsonl', '-o', `${folder}/r.jsonl`, ...server.flags];
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(readdirSync(bench.path(folder))).toEqual(['r.jsonl']);
  });

  test.skipIf(permissionsHold === null)(
    'a folder in which no lock can be made: the run does without',
    async () => {
      const bench = openBench();
      const server = await startCountingServer();
      bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
      mkdirSync(bench.path('out'));
      for (const name of ['out/r.jsonl', 'out/e.jsonl']) bench.write(name, '');
      chmodSync(bench.path('out'), 0o500);
      const names = ['-o', 'out/r.jsonl', '--errors', 'out/e.jsonl'];
      const under = permissionsHold ?? [];
      const run = await runCli(bench, ['run', 'a.jsonl', ...names, ...server.flags], { under });
      chmodSync(bench.path('out'), 0o700);
      expect(run).toMatchObject({ status: 0 });
      expect(bench.lines('out/r.jsonl')).toHaveLength(3);
    },
  );

  test('both write to one file under two names: neither ends well while answers of its own are missing from it', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    for (const name of ['a', 'b'])
      bench.write(`${name}.jsonl`, jsonl(placeIds(20).map((id) => nativeLine(`${name}-${id}`))));
    const args = (name: string, output = 'out.jsonl'): string[] => [
      ...['run', `${name}.jsonl`, '-o', output, '-c', '2', ...server.flags],
    ];
    bench.write('out.jsonl', '');
    linkSync(bench.path('out.jsonl'), bench.path('link.jsonl'));
    server.hold();
    const runs = ['out.jsonl', 'link.jsonl'].map((output, at) =>
      startCli(bench, args(at === 0 ? 'a' : 'b', output)),
    );
    // Both have looked at the file, which is empty, and wait for their first answers.
    await runs[0]?.before(server.seen(4));
    server.release();
    const ended = await Promise.all(runs.map(({ finished: end }) => end));
    const statuses = ended.map(({ status }) => status);
    expect(statuses.filter((status) => status !== 0 && status !== 74)).toEqual([]);
    expect(statuses).toContain(74);
    const ids = bench.lines('out.jsonl').map(({ custom_id: id }) => String(id));
    for (const [index, name] of ['a', 'b'].entries()) {
      if (statuses[index] !== 0) continue;
      expect(ids.filter((id) => id.startsWith(`${name}-`))).toHaveLength(20);
    }
    const loser = statuses[0] === 74 ? 'a' : 'b';
    // The file may be the other's: then it is left alone; with a file of its own nothing is asked again.
    const again = await runHere(bench, args(loser, `${loser}.out`));
    expect(again).toMatchObject({ status: 0 });
    expect(bench.lines(`${loser}.out`)).toHaveLength(20);
    expect([...server.counts().values()].filter((count) => count > 1)).toEqual([]);
  });

  test('another file took the place of the results: 73, and it stays', async () => {
    const { bench, server } = await finished(['a.jsonl']);
    for (const content of ['{"mine":1}\n', `${'{"mine":1}\n'.repeat(5000)}`]) {
      bench.write('a.results.jsonl', content);
      const run = await runHere(bench, ['run', 'a.jsonl', ...server.flags]);
      expect(run).toMatchObject({ status: 73 });
      expect(run.stderr).toContain('another file took its place');
      expect(bench.read('a.results.jsonl')).toBe(content);
    }
  });

  test.each([
    ['--fresh', ['--fresh', '--yes']],
    ['--adopt-outputs', ['--adopt-outputs']],
  ])('another file took the place of one, %s: 73, and it stays', async (_name, flags) => {
    const { bench, server } = await finished(['a.jsonl']);
    for (const name of ['a.results.jsonl', 'a.errors.jsonl']) {
      const own = bench.read(name);
      bench.write(name, '{"mine":1}\n');
      const run = await runCli(bench, ['run', 'a.jsonl', ...flags, ...server.flags]);
      expect(run).toMatchObject({ status: 73 });
      expect(bench.read(name)).toBe('{"mine":1}\n');
      bench.write(name, own);
    }
    // Nothing was forgotten.
    expect(await runCli(bench, ['status', '--verify'])).toMatchObject({ status: 0 });
    expect(await runCli(bench, ['run', 'a.jsonl', ...server.flags])).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(3);
  });

  test('another file took the place of one that waits to be replaced: 73, and it stays', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    server.script = () => ({ kind: 'error', status: 400, code: 'Bad', message: 'no' });
    expect(await runCli(bench, ['run', 'a.jsonl', ...server.flags])).toMatchObject({ status: 1 });
    server.hold();
    const retry = startCli(bench, ['retry', 'a.qbatch.db', ...server.flags]);
    await retry.before(server.seen(4));
    retry.signal('SIGKILL');
    await retry.finished;
    server.release();
    bench.write('a.errors.jsonl', 'mine\n');
    const run = await runCli(bench, ['run', 'a.jsonl', ...server.flags]);
    expect(run).toMatchObject({ status: 73 });
    expect(bench.read('a.errors.jsonl')).toBe('mine\n');
  });
});

describe('places that are no ledger', () => {
  test.each([
    ['a link that leads nowhere', 'x.db', 73, 'whose target does not exist'],
    ['a device', '/dev/null', 73, 'not a regular file'],
    ['too long a name', `${'长'.repeat(100)}.db`, 73, 'name'],
  ])('%s: 73, and nothing is made', async (_name, ledger, status, why) => {
    const bench = openBench();
    bench.write('a.jsonl', jsonl([nativeLine('杭州')]));
    mkdirSync(bench.path('big'));
    symlinkSync('big/x.db', bench.path('x.db'));
    const run = await runHere(bench, ['run', 'a.jsonl', '--simulate', '--ledger', ledger]);
    expect(run).toMatchObject({ status });
    expect(run.stderr).toContain(why);
    expect(run.stderr).toContain('--ledger');
    expect(bench.names()).toEqual(['a.jsonl', 'big', 'x.db']);
  });
});

describe('inputs of one name in two folders, one ledger', () => {
  async function twoJobs(): Promise<{ bench: Bench; server: CountingServer; all: string[] }> {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('train/data.jsonl', jsonl(placeIds(5).map((id) => nativeLine(`t-${id}`))));
    bench.write('data.jsonl', jsonl(placeIds(4).map((id) => nativeLine(`r-${id}`))));
    const all = ['--ledger', 'all.qbatch.db', ...server.flags];
    for (const args of [
      ['run', 'train/data.jsonl', '--job', 'train'],
      ['run', 'data.jsonl', '--job', 'root'],
    ])
      expect(await runHere(bench, [...args, ...all])).toMatchObject({ status: 0 });
    return { bench, server, all };
  }

  test('each job keeps its own input and files', async () => {
    const { bench, server, all } = await twoJobs();
    const look = ['--ledger', 'all.qbatch.db', '--verify', '--json'];
    for (const [name, folder] of [
      ['train', 'train/'],
      ['root', ''],
    ] as const) {
      const status = await runHere(bench, ['status', name, ...look]);
      expect(status.json()).toMatchObject({
        verify: { ok: true },
        outputs: { results: bench.path(`${folder}data.results.jsonl`) },
      });
      expect(await runHere(bench, ['resume', '--job', name, ...all])).toMatchObject({ status: 0 });
    }
    expect(server.calls).toHaveLength(9);
    expect(await runHere(bench, ['status', 'train/data.jsonl'])).toMatchObject({ status: 0 });
    const root = bench.read('data.results.jsonl');
    const over = [
      'export',
      '--job',
      'train',
      '--ledger',
      'all.qbatch.db',
      '-o',
      'data.results.jsonl',
    ];
    expect(await runHere(bench, over)).toMatchObject({ status: 64 });
    expect(bench.read('data.results.jsonl')).toBe(root);
  });

  test('an input that was deleted does not make another job’s its own', async () => {
    const { bench } = await twoJobs();
    rmSync(bench.path('train/data.jsonl'));
    const status = await runHere(bench, ['status', 'train', '--ledger', 'all.qbatch.db', '--json']);
    expect(status.json()).toMatchObject({
      outputs: { results: bench.path('train/data.results.jsonl') },
    });
    const own = [
      'export',
      '--job',
      'root',
      '--ledger',
      'all.qbatch.db',
      '-o',
      'data.results.jsonl',
    ];
    expect(await runHere(bench, own)).toMatchObject({ status: 0 });
  });

  test('a stray file of the input’s name beside the ledger is nobody’s', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('train/data.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    const all = ['--ledger', 'all.qbatch.db', '--job', 'train', ...server.flags];
    expect(await runHere(bench, ['run', 'train/data.jsonl', ...all])).toMatchObject({ status: 0 });
    bench.write('data.jsonl', jsonl([nativeLine('stray')]));
    expect(await runHere(bench, ['resume', ...all, '--accept-changed-input'])).toMatchObject({
      status: 0,
    });
    expect(server.calls).toHaveLength(3);
    expect(bench.names()).not.toContain('data.results.jsonl');
  });
});

test('files that wait to be replaced are no leave to write over those of another job of the name', async () => {
  const bench = openBench();
  const server = await startCountingServer();
  for (const folder of ['a', 'b']) {
    bench.write(
      `${folder}/data.jsonl`,
      jsonl(placeIds(4).map((id) => nativeLine(`${folder}-${id}`))),
    );
    const run = await runHere(bench, ['run', `${folder}/data.jsonl`, ...server.flags]);
    expect(run).toMatchObject({ status: 0 });
  }
  bench.write('a/data.jsonl', jsonl(placeIds(5).map((id) => nativeLine(`a-${id}`))));
  server.script = () => ({ kind: 'error', status: 400, code: 'Bad', message: 'no' });
  const changed = ['run', 'a/data.jsonl', '--accept-changed-input', ...server.flags];
  server.hold();
  const stopped = startCli(bench, changed);
  await stopped.before(server.seen(9));
  stopped.signal('SIGKILL');
  await stopped.finished;
  server.release();
  const before = bench.read('b/data.results.jsonl');
  const over = ['run', 'a/data.jsonl', '-o', 'b/data.results.jsonl', ...server.flags];
  expect(await runCli(bench, over)).toMatchObject({ status: 73 });
  expect(bench.read('b/data.results.jsonl')).toBe(before);
});

test('-o into a FIFO: 73 at once', async () => {
  const { bench } = await finished(['a.jsonl']);
  spawnSync('mkfifo', [bench.path('pipe')]);
  for (const args of [['export'], ['usage']]) {
    const run = await runHere(bench, [...args, '-o', 'pipe']);
    expect(run).toMatchObject({ status: 73 });
    expect(run.stderr).toContain('regular file');
  }
});
