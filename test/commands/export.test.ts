import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exportCommand } from '../../src/commands/export.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { Job } from '../../src/ledger/records.ts';
import {
  addJob,
  answeredCall,
  FINISHED_SAMPLE,
  FIRST,
  openLedger,
  SAMPLE,
  STARTED_AT,
  temporaryFolder,
  writeOutputs,
} from '../ledger/sample-job.ts';
import { parquetColumns, readParquet } from '../helpers/read-parquet.ts';
import { ANY_JOB, DISPLAY, recordingIo } from './recording-io.ts';

type ExportParsed = Parameters<typeof exportCommand>[0];

const EXPORT: ExportParsed = {
  command: 'export',
  what: 'results',
  format: 'jsonl',
  order: 'input',
  output: undefined,
  ...ANY_JOB,
  ...DISPLAY,
};

let folder: ReturnType<typeof temporaryFolder>;
let ledger: Ledger;
beforeEach(() => {
  folder = temporaryFolder();
  ledger = openLedger(path.join(folder.path, 'exam.qbatch.db'));
});
afterEach(() => {
  ledger.close();
  folder.remove();
});

function add(lines = FINISHED_SAMPLE, order: 'input' | 'settled' = 'input'): Job {
  return addJob(ledger, lines, {
    name: 'exam',
    inputPath: path.join(folder.path, 'exam.jsonl'),
    order,
  });
}

async function exported(options: Partial<ExportParsed>): Promise<string> {
  const io = recordingIo(folder.path);
  expect(await exportCommand({ ...EXPORT, ...options }, io)).toBe(0);
  return io.out();
}

test.each(['input', 'settled'] as const)(
  'exportCommand: results and errors in %s order, the bytes of the output files',
  async (order) => {
    const job = await writeOutputs(ledger, add(FINISHED_SAMPLE, order));
    expect(await exported({ order })).toBe(readFileSync(job.resultsPath, 'utf8'));
    expect(await exported({ order, what: 'errors' })).toBe(readFileSync(job.errorsPath, 'utf8'));
    const lines = (await exported({ order }))
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
    expect(lines).toEqual(
      order === 'input' ? ['语文-1', 'geo-2', '看图-5'] : ['看图-5', 'geo-2', '语文-1'],
    );
  },
);

test('exportCommand: attempts as JSONL, every call with its exact cost', async () => {
  add(SAMPLE);
  const records = (await exported({ what: 'attempts' }))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records.map(({ line, attempt }) => [line, attempt])).toEqual([
    [1, 1],
    [1, 2],
    [2, 1],
    [3, 1],
    [3, 2],
    [5, 1],
    [5, 2],
    [5, 3],
    [6, 1],
  ]);
  expect(records[1]).toEqual({
    line: 1,
    custom_id: '语文-1',
    attempt: 2,
    model: 'qwen-plus',
    started_at: '2026-08-01T09:30:02.000Z',
    ended_at: '2026-08-01T09:30:02.812Z',
    status_code: 200,
    code: null,
    class: 'answered',
    request_id: 'req-1-2',
    input_tokens: 31,
    output_tokens: 12,
    total_tokens: 43,
    cached_tokens: 8,
    reasoning_tokens: null,
    cost: '0.000123456789',
    currency: 'CNY',
  });
  expect(Object.keys(records[1] ?? {})).toEqual([
    'line',
    'custom_id',
    'attempt',
    'model',
    'started_at',
    'ended_at',
    'status_code',
    'code',
    'class',
    'request_id',
    'input_tokens',
    'output_tokens',
    'total_tokens',
    'cached_tokens',
    'reasoning_tokens',
    'cost',
    'currency',
  ]);
  expect(records[8]).toMatchObject({
    class: 'possibly_billed',
    code: null,
    ended_at: null,
    cost: null,
  });
});

test('exportCommand: attempts in the order they ended, as CSV; lines that left the input have no number', async () => {
  add(SAMPLE);
  ledger.transact(() => {
    ledger.database.exec(
      'UPDATE attempts SET line_no = -line_no WHERE line_no = 2; DELETE FROM lines WHERE line_no = 2',
    );
  });
  const rows = (await exported({ what: 'attempts', format: 'csv', order: 'settled' })).split(
    '\r\n',
  );
  expect(rows[0]).toMatch(/^line,custom_id,attempt,model,started_at,/);
  const ends = rows.slice(1, -1).map((row) => row.split(',')[5] ?? '');
  expect(ends).toHaveLength(9);
  expect(ends.filter((end) => end !== '')).toEqual(ends.filter((end) => end !== '').toSorted());
  expect(rows.find((row) => row.includes('geo-2'))).toMatch(
    /^,geo-2,1,qwen-max,.*,1\.000000000001,CNY$/,
  );
});

test('exportCommand: results as CSV, the text of the first choice of either protocol, formulas defused', async () => {
  await writeOutputs(ledger, add());
  expect((await exported({ format: 'csv' })).split('\r\n')).toEqual([
    'line,custom_id,status_code,request_id,content,finish_reason,input_tokens,output_tokens,total_tokens,cached_tokens,reasoning_tokens,code,message,param',
    `1,语文-1,200,req-1-2,"'=苏轼，""赤壁赋""",stop,31,12,43,8,,,,`,
    '2,geo-2,200,req-2-1,The capital of Peru is Lima.,length,20,7,27,,3,,,',
    '5,看图-5,200,req-5-3,图中是一只猫,,900,5,905,,,,,',
    '',
  ]);
});

test('exportCommand: deep research, which has no choices, with its text and how it ended', async () => {
  const message = { role: 'assistant', phase: 'answer', status: 'finished', content: '# 量子计算' };
  const bodies = [
    // As it is recorded: the reason is never filled in.
    { output: { message, fininshed: false, fininshed_reason: 'null' } },
    { output: { message, fininshed: true, fininshed_reason: 'stop' } },
  ];
  const lines = bodies.map((body, at) => ({
    ...FIRST,
    lineNo: at + 1,
    customId: `research-${at + 1}`,
    body: JSON.stringify(body),
    attempts: [answeredCall(STARTED_AT, 5, { tokens: null, costPico: null })],
  }));
  await writeOutputs(ledger, add(lines));
  expect((await exported({ format: 'csv' })).split('\r\n').slice(1, -1)).toEqual([
    '1,research-1,200,req-1-1,# 量子计算,finished,,,,,,,,',
    '2,research-2,200,req-2-1,# 量子计算,stop,,,,,,,,',
  ]);
  expect(await exportedParquet({})).toMatchObject([
    { content: '# 量子计算', finish_reason: 'finished' },
    { content: '# 量子计算', finish_reason: 'stop' },
  ]);
});

test('exportCommand: errors as CSV', async () => {
  await writeOutputs(ledger, add());
  expect((await exported({ what: 'errors', format: 'csv' })).split('\r\n').slice(1)).toEqual([
    "3,'=SUM(A1),400,req-3-2,,,,,,,,DataInspectionFailed,输入内容不合规,",
    '4,bad-4,,,,,,,,,,qbatch_invalid_request,"top_p must be in (0, 1]",',
    '6,open-6,500,req-6-1,,,,,,,,InternalError,try later,',
    '',
  ]);
});

test('exportCommand: a job with open lines, what is settled and a word on stderr', async () => {
  add(SAMPLE);
  const io = recordingIo(folder.path);
  await exportCommand(EXPORT, io);
  expect(io.out().trimEnd().split('\n')).toHaveLength(3);
  expect(io.err()).toBe('qbatch: 1 line of job exam is not settled yet and so not in the export\n');
  const quiet = recordingIo(folder.path);
  await exportCommand({ ...EXPORT, quiet: true }, quiet);
  expect(quiet.err()).toBe('');
});

test('exportCommand: -o, a private file that is whole', async () => {
  const job = await writeOutputs(ledger, add());
  const output = path.join(folder.path, 'answers.jsonl');
  expect(await exported({ output })).toBe('');
  expect(readFileSync(output, 'utf8')).toBe(readFileSync(job.resultsPath, 'utf8'));
  expect(statSync(output).mode & 0o777).toBe(0o600);
});

test('exportCommand: -o naming a file of the job, 64; but its own output may be rebuilt while nobody works it', async () => {
  const job = await writeOutputs(ledger, add());
  const attempt = (options: Partial<ExportParsed>): Promise<number> =>
    exportCommand({ ...EXPORT, ...options }, recordingIo(folder.path));
  const refused = expect.objectContaining({ exitCode: 64 });
  await expect(attempt({ output: job.resultsPath })).rejects.toThrow(refused);
  ledger.close();
  await expect(attempt({ output: job.inputPath })).rejects.toThrow(refused);
  await expect(attempt({ output: job.errorsPath })).rejects.toThrow(refused);
  await expect(attempt({ output: job.resultsPath, format: 'csv' })).rejects.toThrow(refused);
  await expect(attempt({ output: job.resultsPath, order: 'settled' })).rejects.toThrow(refused);
  const before = readFileSync(job.resultsPath, 'utf8');
  expect(await attempt({ output: job.resultsPath })).toBe(0);
  expect(readFileSync(job.resultsPath, 'utf8')).toBe(before);
  ledger = openLedger(ledger.path);
});

test('exportCommand: a damaged answer, 78 and no file left behind', async () => {
  await writeOutputs(ledger, add());
  ledger.transact(() => {
    ledger.database.exec('UPDATE bodies SET checksum = 0');
  });
  const asked = exportCommand({ ...EXPORT, output: 'answers.jsonl' }, recordingIo(folder.path));
  await expect(asked).rejects.toThrow(expect.objectContaining({ exitCode: 78 }));
  expect(readdirSync(folder.path).filter((name) => name.startsWith('answers'))).toEqual([]);
});

test('exportCommand: more than one piece, whole and in order; interrupted or unread, it ends early', async () => {
  const text = '床前明月光，疑是地上霜。'.repeat(400);
  const lines = Array.from({ length: 150 }, (_, index) => ({
    ...FIRST,
    lineNo: index + 1,
    customId: `诗-${index}`,
    body: JSON.stringify({ output: { text } }),
    attempts: [answeredCall(STARTED_AT, 5, { tokens: null, costPico: null })],
  }));
  const job = await writeOutputs(ledger, add(lines));
  expect(await exported({})).toBe(readFileSync(job.resultsPath, 'utf8'));
  const stopped = recordingIo(folder.path);
  stopped.interrupt();
  await expect(exportCommand({ ...EXPORT, output: 'part.jsonl' }, stopped)).rejects.toThrow(
    expect.objectContaining({ exitCode: 130 }),
  );
  expect(readdirSync(folder.path).filter((name) => name.startsWith('part'))).toEqual([]);
  expect(await exportCommand(EXPORT, recordingIo(folder.path, { failWith: 'EPIPE' }))).toBe(0);
  await expect(
    exportCommand(EXPORT, recordingIo(folder.path, { failWith: 'ENOSPC' })),
  ).rejects.toThrow(expect.objectContaining({ exitCode: 74 }));
});

async function exportedParquet(options: Partial<ExportParsed>): Promise<Record<string, unknown>[]> {
  const io = recordingIo(folder.path);
  expect(await exportCommand({ ...EXPORT, ...options, format: 'parquet' }, io)).toBe(0);
  return readParquet(io.outBytes());
}

test('exportCommand: results as Parquet, one row an answered line, text as it is', async () => {
  await writeOutputs(ledger, add());
  const rows = await exportedParquet({});
  expect(rows).toHaveLength(3);
  expect(rows[0]).toEqual({
    line: 1n,
    custom_id: '语文-1',
    status_code: 200n,
    request_id: 'req-1-2',
    content: '=苏轼，"赤壁赋"',
    finish_reason: 'stop',
    input_tokens: 31n,
    output_tokens: 12n,
    total_tokens: 43n,
    cached_tokens: 8n,
    reasoning_tokens: null,
    code: null,
    message: null,
    param: null,
  });
});

test('exportCommand: attempts as Parquet, moments and exact amounts', async () => {
  add(SAMPLE);
  const rows = await exportedParquet({ what: 'attempts' });
  expect(rows).toHaveLength(9);
  expect(rows[1]).toMatchObject({
    line: 1n,
    attempt: 2n,
    started_at: new Date('2026-08-01T09:30:02.000Z'),
    ended_at: new Date('2026-08-01T09:30:02.812Z'),
    class: 'answered',
    cost: 0.000_123_456_789,
    currency: 'CNY',
  });
  expect(rows[8]).toMatchObject({ ended_at: null, cost: null, code: null });
});

test('exportCommand: no errors as Parquet, an empty file with its columns', async () => {
  await writeOutputs(ledger, add([FIRST]));
  const io = recordingIo(folder.path);
  await exportCommand({ ...EXPORT, what: 'errors', format: 'parquet', output: 'none.parquet' }, io);
  const bytes = readFileSync(path.join(folder.path, 'none.parquet'));
  expect(await readParquet(bytes)).toEqual([]);
  expect(parquetColumns(bytes)).toContain('custom_id');
});

test('exportCommand: an unknown job, 66', async () => {
  await expect(exportCommand({ ...EXPORT, job: '夜班' }, recordingIo(folder.path))).rejects.toThrow(
    expect.objectContaining({ exitCode: 66 }),
  );
});
