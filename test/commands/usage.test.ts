import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { usageCommand } from '../../src/commands/usage.ts';
import {
  addJob,
  FIRST,
  openLedger,
  SAMPLE,
  SECOND,
  temporaryFolder,
} from '../ledger/sample-job.ts';
import { readParquet } from '../helpers/read-parquet.ts';
import { DISPLAY, recordingIo } from './recording-io.ts';

type UsageParsed = Parameters<typeof usageCommand>[0];

const USAGE: UsageParsed = {
  command: 'usage',
  jobs: [],
  by: ['model'],
  format: 'json',
  output: undefined,
  ledger: undefined,
  jobName: undefined,
  ...DISPLAY,
};

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  const ledger = openLedger(path.join(folder.path, 'exam.qbatch.db'));
  addJob(ledger, SAMPLE, { name: 'exam', inputPath: path.join(folder.path, 'exam.jsonl') });
  addJob(ledger, [FIRST], { name: '晚班', inputPath: path.join(folder.path, '晚班.jsonl') });
  ledger.close();
  const abroad = openLedger(path.join(folder.path, 'abroad.qbatch.db'));
  addJob(abroad, [FIRST, SECOND], {
    name: 'abroad',
    inputPath: path.join(folder.path, 'abroad.jsonl'),
    currency: 'USD',
  });
  abroad.close();
});
afterEach(() => {
  folder.remove();
});

async function usageJson(
  options: Partial<UsageParsed>,
): Promise<{ groups: Record<string, unknown>[]; totals: Record<string, unknown>[] }> {
  const io = recordingIo(folder.path);
  expect(await usageCommand({ ...USAGE, ...options }, io)).toBe(0);
  return JSON.parse(io.out()) as {
    groups: Record<string, unknown>[];
    totals: Record<string, unknown>[];
  };
}

test('usageCommand: nothing named, all jobs of the folder, one total a currency', async () => {
  const { groups, totals } = await usageJson({ by: ['job'] });
  expect(groups.map((group) => [group['job'], group['attempts'], group['cost']])).toEqual([
    ['abroad', 3, '1.000123'],
    ['exam', 9, '1.000123'],
    ['晚班', 2, '0.000123'],
  ]);
  expect(totals.map((total) => [total['currency'], total['attempts'], total['cost']])).toEqual([
    ['CNY', 11, '1.000247'],
    ['USD', 3, '1.000123'],
  ]);
});

test('usageCommand: jobs named, each counted once by whatever names', async () => {
  const { totals } = await usageJson({ jobs: ['晚班', 'exam', 'exam.qbatch.db', 'exam.jsonl'] });
  expect(totals.map((total) => total['attempts'])).toEqual([11]);
});

test('usageCommand: a ledger and a job in it', async () => {
  const { groups } = await usageJson({
    ledger: 'exam.qbatch.db',
    jobName: '晚班',
    by: ['job', 'tag:学科'],
  });
  expect(groups).toHaveLength(1);
  expect(groups[0]).toMatchObject({ job: '晚班', 'tag:学科': '语文', lines: 1, attempts: 2 });
});

test.each([
  ['csv', /^job,lines,answered,/],
  ['markdown', /^\| job \| lines \|/],
  ['table', /^job +lines +answered/],
] as const)('usageCommand: --format %s', async (format, beginning) => {
  const io = recordingIo(folder.path);
  await usageCommand({ ...USAGE, by: ['job'], format }, io);
  expect(io.out()).toMatch(beginning);
  expect(io.out()).toContain('晚班');
});

test('usageCommand: simulated jobs among those added up, told below the table alone', async () => {
  const rehearsal = openLedger(path.join(folder.path, 'rehearsal.qbatch.db'));
  const inputPath = path.join(folder.path, 'rehearsal.jsonl');
  addJob(rehearsal, [FIRST], { name: 'rehearsal', inputPath, simulated: true });
  rehearsal.close();
  const printed = async (options: Partial<UsageParsed>): Promise<string> => {
    const io = recordingIo(folder.path);
    await usageCommand({ ...USAGE, format: 'table', ...options }, io);
    return io.out();
  };
  expect(await printed({})).toMatch(/\n1 of 4 jobs are simulated; their cost was not billed\n$/);
  expect(await printed({ jobs: ['rehearsal'] })).toMatch(/\nsimulated: nothing was billed\n$/);
  expect(await printed({ jobs: ['exam'] })).not.toContain('simulated');
  for (const format of ['csv', 'json'] as const)
    expect(await printed({ format })).not.toContain('simulated');
});

test('usageCommand: --format parquet, the numbers of the JSON', async () => {
  const io = recordingIo(folder.path);
  await usageCommand({ ...USAGE, by: ['job', 'tag:学科'], format: 'parquet' }, io);
  const rows = await readParquet(io.outBytes());
  const { groups } = await usageJson({ by: ['job', 'tag:学科'] });
  expect(rows).toHaveLength(groups.length);
  expect(
    rows.map((row) => [row['job'], row['tag:学科'], Number(row['attempts']), row['cost']]),
  ).toEqual(
    groups.map((group) => [
      group['job'],
      group['tag:学科'],
      group['attempts'],
      group['cost'] === null ? null : Number(group['cost']),
    ]),
  );
  expect(
    rows.find((row) => row['tag:学科'] === 'geography' && row['job'] === 'abroad'),
  ).toMatchObject({
    currency: 'USD',
    cost_per_answered_line: 1.000_000_000_001,
    latency_ms_p90: 4_020n,
    cache_hit_share: null,
  });
});

test('usageCommand: -o, a private file that is whole, in place of what was there', async () => {
  const output = path.join(folder.path, 'usage.csv');
  writeFileSync(output, 'yesterday', { mode: 0o644 });
  const io = recordingIo(folder.path);
  await usageCommand({ ...USAGE, format: 'csv', output: 'usage.csv' }, io);
  expect(io.out()).toBe('');
  expect(readFileSync(output, 'utf8')).toMatch(/^model,lines,/);
  expect(statSync(output).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder.path).filter((name) => name.includes('.new-'))).toEqual([]);
});

test('usageCommand: -o naming a file of a job, 64 and nothing touched', async () => {
  const ledgerPath = path.join(folder.path, 'exam.qbatch.db');
  const before = readFileSync(ledgerPath);
  for (const output of [
    'exam.qbatch.db',
    'exam.qbatch.db.mark',
    'exam.qbatch.db.ballast',
    'exam.qbatch.db.new',
    './exam.jsonl',
    'exam.results.jsonl',
  ]) {
    await expect(usageCommand({ ...USAGE, output }, recordingIo(folder.path))).rejects.toThrow(
      expect.objectContaining({ exitCode: 64 }),
    );
  }
  expect(readFileSync(ledgerPath).equals(before)).toBe(true);
});

test('usageCommand: -o naming a link, a device or a folder that is not there, 73', async () => {
  symlinkSync(path.join(folder.path, 'elsewhere'), path.join(folder.path, 'link.csv'));
  for (const output of ['link.csv', '/dev/null', 'missing/usage.csv']) {
    await expect(usageCommand({ ...USAGE, output }, recordingIo(folder.path))).rejects.toThrow(
      expect.objectContaining({ exitCode: 73 }),
    );
  }
  expect(existsSync(path.join(folder.path, 'elsewhere'))).toBe(false);
});

test('usageCommand: stdout that cannot be written, 74; a reader that went away, quiet', async () => {
  const full = usageCommand(USAGE, recordingIo(folder.path, { failWith: 'ENOSPC' }));
  await expect(full).rejects.toThrow(expect.objectContaining({ exitCode: 74 }));
  expect(await usageCommand(USAGE, recordingIo(folder.path, { failWith: 'EPIPE' }))).toBe(0);
});

test('usageCommand: an unknown job or a folder without any, 66', async () => {
  await expect(
    usageCommand({ ...USAGE, jobs: ['夜班'] }, recordingIo(folder.path)),
  ).rejects.toThrow(expect.objectContaining({ exitCode: 66 }));
  const empty = temporaryFolder();
  await expect(usageCommand(USAGE, recordingIo(empty.path))).rejects.toThrow(
    expect.objectContaining({ exitCode: 66 }),
  );
  empty.remove();
});
