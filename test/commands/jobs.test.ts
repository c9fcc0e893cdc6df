import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobsCommand } from '../../src/commands/jobs.ts';
import {
  addJob,
  FINISHED_SAMPLE,
  openLedger,
  SAMPLE,
  temporaryFolder,
  writeOutputs,
} from '../ledger/sample-job.ts';
import { DISPLAY, recordingIo } from './recording-io.ts';

const JOBS = { command: 'jobs', dir: '.', json: true, ...DISPLAY } as const;

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  folder.remove();
});

async function makeTwo(): Promise<void> {
  const ledger = openLedger(path.join(folder.path, '语文.qbatch.db'));
  addJob(ledger, SAMPLE, { name: '早班', inputPath: '/数据/早班.jsonl' });
  await writeOutputs(
    ledger,
    addJob(ledger, FINISHED_SAMPLE, {
      name: 'late',
      inputPath: path.join(folder.path, 'late.jsonl'),
      currency: 'USD',
      simulated: true,
    }),
  );
  // The later one is to be listed first.
  ledger.transact(() => {
    ledger.database.exec("UPDATE jobs SET updated_at = updated_at + 1000 WHERE name = 'late'");
  });
  ledger.close();
}

test('jobsCommand: --json, all jobs with state, lines and cost, the last changed first', async () => {
  await makeTwo();
  const io = recordingIo(folder.path);
  expect(await jobsCommand(JOBS, io)).toBe(0);
  const ledger = path.join(folder.path, '语文.qbatch.db');
  expect(JSON.parse(io.out())).toEqual({
    schema: 1,
    jobs: [
      {
        job: 'late',
        ledger,
        input: path.join(folder.path, 'late.jsonl'),
        state: 'finished',
        simulated: true,
        lines: { total: 6, answered: 3, failed: 2, rejected: 1, open: 0 },
        cost: { amount: '1.000123', currency: 'USD', unpriced_lines: 1 },
        updated_at: '2026-08-01T09:31:01.000Z',
      },
      {
        job: '早班',
        ledger,
        input: '/数据/早班.jsonl',
        state: 'open',
        simulated: false,
        lines: { total: 6, answered: 3, failed: 1, rejected: 1, open: 1 },
        cost: { amount: '1.000123', currency: 'CNY', unpriced_lines: 1 },
        updated_at: '2026-08-01T09:31:00.000Z',
      },
    ],
  });
});

test('jobsCommand: as text, an aligned table', async () => {
  await makeTwo();
  const io = recordingIo('/');
  await jobsCommand({ ...JOBS, dir: folder.path, json: false }, io);
  const [header, first, second, ...rest] = io.out().split('\n');
  expect(header).toMatch(/^JOB +STATE +LINES +ANSWERED/);
  expect(first).toMatch(
    /^late +finished, simulated +6 +3 +2 +1 +0 +1\.000123 USD \+\? +2026-08-01T09:31:01\.000Z +语文\.qbatch\.db$/,
  );
  expect(second).toMatch(/^早班 +open +6 +3 +1 +1 +1 /);
  expect(rest).toEqual(['']);
});

test('jobsCommand: a folder without ledgers, an empty list and 0', async () => {
  const io = recordingIo(folder.path);
  expect(await jobsCommand(JOBS, io)).toBe(0);
  expect(JSON.parse(io.out())).toEqual({ schema: 1, jobs: [] });
  const text = recordingIo(folder.path);
  expect(await jobsCommand({ ...JOBS, json: false }, text)).toBe(0);
  expect([text.out(), text.err()]).toEqual(['', expect.stringContaining('no jobs in')]);
  const quiet = recordingIo(folder.path);
  await jobsCommand({ ...JOBS, json: false, quiet: true }, quiet);
  expect(quiet.err()).toBe('');
});

test('jobsCommand: a ledger that cannot be read, told on stderr, the others listed', async () => {
  await makeTwo();
  writeFileSync(path.join(folder.path, 'broken.qbatch.db'), 'no database'.repeat(1000));
  const io = recordingIo(folder.path);
  expect(await jobsCommand(JOBS, io)).toBe(0);
  expect((JSON.parse(io.out()) as { jobs: unknown[] }).jobs).toHaveLength(2);
  expect(io.err()).toContain('broken.qbatch.db');
});

test('jobsCommand: a job whose ledger is held, running', async () => {
  const ledger = openLedger(path.join(folder.path, 'exam.qbatch.db'));
  addJob(ledger, SAMPLE, { name: 'exam', inputPath: '/数据/exam.jsonl' });
  const io = recordingIo(folder.path);
  await jobsCommand(JOBS, io);
  ledger.close();
  expect(JSON.parse(io.out())).toMatchObject({ jobs: [{ job: 'exam', state: 'running' }] });
});

test('jobsCommand: a job whose ledger is held for another one, open', async () => {
  const ledger = openLedger(path.join(folder.path, 'exam.qbatch.db'), 'late');
  addJob(ledger, SAMPLE, { name: 'exam', inputPath: '/数据/exam.jsonl' });
  addJob(ledger, SAMPLE, { name: 'late', inputPath: '/数据/late.jsonl' });
  const io = recordingIo(folder.path);
  await jobsCommand(JOBS, io);
  ledger.close();
  const { jobs } = JSON.parse(io.out()) as { jobs: { job: string; state: string }[] };
  expect(new Map(jobs.map(({ job, state }) => [job, state]))).toEqual(
    new Map([
      ['exam', 'open'],
      ['late', 'running'],
    ]),
  );
});

test('jobsCommand: a job whose run is still checking the input, told on stderr and no folder without jobs', async () => {
  const ledger = openLedger(path.join(folder.path, 'exam.qbatch.db'), 'exam');
  const io = recordingIo(folder.path);
  expect(await jobsCommand({ ...JOBS, json: false }, io)).toBe(0);
  expect(io.out()).toBe('');
  expect(io.err()).toMatch(
    /^job exam is not in \S+ yet: its run is still checking the input \(process \d+ on .*\)\n$/,
  );
  const silent = recordingIo(folder.path);
  await jobsCommand({ ...JOBS, json: false, quiet: true }, silent);
  expect(silent.err()).toBe('');
  ledger.close();
});

test('jobsCommand: a folder that is not there, 66', async () => {
  await expect(jobsCommand({ ...JOBS, dir: 'missing' }, recordingIo(folder.path))).rejects.toThrow(
    expect.objectContaining({ exitCode: 66 }),
  );
});
