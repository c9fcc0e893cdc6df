import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { canTrace, tracer, wasInjected } from '../helpers/strace.ts';

const LEDGER = 'a.qbatch.db';

/** A finished job is opened, and looked for, with so many reads of its ledger, and a few more. */
const READS: readonly [string, number][] = [
  ['run', 6],
  ['retry', 9],
];

test.skipIf(!canTrace).each(READS)(
  '%s: a disk that fails to read the ledger once is not told as damage alone, and the same command goes on',
  async (command, reads) => {
    const { bench, server, args } = await prepareCliJob(3);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const wanted = command === 'run' ? args : [command, LEDGER, ...server.flags];
    const ended: (number | null)[] = [];
    for (let nth = 1; nth <= reads; nth += 1) {
      const trace = join(bench.home, 'trace');
      const { command: under } = tracer(trace, {
        paths: [bench.path(LEDGER)],
        calls: ['pread64'],
        inject: `error=EIO:when=${nth}`,
      });
      const met = await runCli(bench, wanted, { under });
      expect(wasInjected(trace), `read ${nth}`).toBe(true);
      ended.push(met.status);
      if (met.status === 78) {
        expect(met.stderr).toMatch(/a\.qbatch\.db is damaged, or the disk failed to read it/);
        expect(met.stderr).toMatch(/run the same command again.*--adopt-outputs/);
      } else expect([0, 74]).toContain(met.status);
      expect(await runHere(bench, wanted)).toMatchObject({ status: 0 });
    }
    expect(ended).toContain(78);
  },
);

/** A link to the ledger, and the file of a lock that nobody holds. */
const LINK = 'link.qbatch.db';
const LOCK = `${LEDGER}.lock`;

/** Commands of a finished job, the file of it that cannot be looked at, and what is then said. */
const UNSEEN: readonly [readonly string[], string, string, RegExp, number?][] = [
  [['status', LEDGER], LEDGER, 'statx', /cannot look for .*a\.qbatch\.db: EIO/],
  [['usage', '--ledger', LEDGER], LEDGER, 'statx', /cannot look for .*a\.qbatch\.db: EIO/],
  [['retry', LEDGER], LEDGER, 'statx', /cannot look for .*a\.qbatch\.db: EIO/],
  [['resume', LEDGER], 'a.jsonl', 'statx', /cannot look for .*a\.jsonl: EIO/],
  [['resume', LEDGER], `${LEDGER}.mark`, 'openat', /cannot read .*a\.qbatch\.db\.mark: EIO/],
  [['resume', LEDGER], `${LEDGER}.mark`, 'openat', /cannot read .*\.mark: EACCES/, 73],
  [['status', '--verify', LEDGER], `${LEDGER}.mark`, 'openat', /cannot read .*\.mark: EIO/],
  [['status', '--verify', LEDGER], `${LEDGER}.mark`, 'openat', /cannot read .*\.mark: EACCES/, 66],
  [
    ['run', 'a.jsonl', '--adopt-outputs'],
    'a.results.jsonl',
    'statx',
    /cannot read .*a\.results\.jsonl: EIO/,
  ],
  [
    ['run', 'a.jsonl', '--ledger', LINK],
    LINK,
    'readlink',
    /cannot look for .*link\.qbatch\.db: EIO/,
  ],
  [['status', LEDGER], LOCK, 'statx', /cannot look for .*a\.qbatch\.db\.lock: EIO/],
  [['status', LEDGER], LOCK, 'openat', /cannot tell whether a run holds .*\.lock/, 66],
  [
    ['usage', '--ledger', LEDGER, '--format', 'html'],
    LOCK,
    'pread64',
    /whether a run holds .*\.lock: .*IOERR/,
  ],
  [
    ['export', LEDGER, '-o', 'a.results.jsonl'],
    LOCK,
    'statx',
    /cannot look for .*a\.qbatch\.db\.lock: EIO/,
  ],
];

test.skipIf(!canTrace).each(UNSEEN)(
  '%j: where %s cannot be looked at (%s, %s), nobody takes it for gone',
  async (command, name, call, said, status = 74) => {
    const { bench, args, server } = await prepareCliJob(3);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const lost = command.includes('--adopt-outputs');
    if (lost) rmSync(bench.path(LEDGER));
    if (command.includes(LINK)) symlinkSync(bench.path(LEDGER), bench.path(LINK));
    if (name === LOCK) bench.write(LOCK, '');
    const before = bench.names();
    const trace = join(bench.home, 'trace');
    const { command: under } = tracer(trace, {
      paths: [bench.path(name)],
      calls: [call],
      inject: status === 74 ? 'error=EIO' : 'error=EACCES',
    });
    const flags = ['status', 'usage', 'export'].includes(command[0] ?? '') ? [] : server.flags;
    const met = await runCli(bench, [...command, ...flags], { under });
    expect(wasInjected(trace)).toBe(true);
    expect(met.stderr).toMatch(said);
    expect(met.status).toBe(status);
    // What a command makes of its own accord is no loss.
    expect(bench.names()).toEqual(expect.arrayContaining(before));
    expect(server.calls).toHaveLength(3);
    const again = await runHere(bench, lost ? [...command, ...flags] : args);
    expect(again).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(3);
  },
);

test.skipIf(!canTrace)('an export to stdout does not ask who holds the ledger', async () => {
  const { bench, args } = await prepareCliJob(3);
  expect(await runHere(bench, args)).toMatchObject({ status: 0 });
  bench.write(LOCK, '');
  const trace = join(bench.home, 'trace');
  const { command: under } = tracer(trace, {
    paths: [bench.path(LOCK)],
    calls: ['openat'],
    inject: 'error=EACCES',
  });
  const exported = await runCli(bench, ['export', LEDGER], { under });
  expect(exported).toMatchObject({ status: 0, stdout: bench.read('a.results.jsonl') });
  expect(wasInjected(trace)).toBe(false);
  expect(await runCli(bench, ['export', LEDGER, '-o', 'a.results.jsonl'], { under })).toMatchObject(
    { status: 66 },
  );
  expect(wasInjected(trace)).toBe(true);
});

test.skipIf(!canTrace)(
  'answers taken from the output files: whichever look at a file fails, no answer in it is paid for again',
  async () => {
    const { bench, args, server } = await prepareCliJob(3);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const adopt = [...args, '--adopt-outputs'];
    const told = new Set<string>();
    for (let nth = 1; ; nth += 1) {
      rmSync(bench.path(LEDGER));
      const trace = join(bench.home, 'trace');
      const { command: under } = tracer(trace, {
        paths: [bench.path('a.results.jsonl')],
        calls: ['statx'],
        inject: `error=EIO:when=${nth}`,
      });
      const met = await runCli(bench, adopt, { under });
      if (!wasInjected(trace)) break;
      expect([74, 0], met.stderr).toContain(met.status);
      told.add(/cannot (?:look for|read)/.exec(met.stderr)?.[0] ?? 'nothing');
      expect(await runHere(bench, adopt)).toMatchObject({ status: 0 });
    }
    expect(server.calls).toHaveLength(3);
    expect(told).toContain('cannot look for');
  },
);
