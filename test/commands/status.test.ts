import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { statusCommand } from '../../src/commands/status.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { beginPaceTrace } from '../../src/ledger/pace-trace.ts';
import {
  addJob,
  FINISHED_SAMPLE,
  openLedger,
  SAMPLE,
  STARTED_AT,
  temporaryFolder,
  writeOutputs,
} from '../ledger/sample-job.ts';
import { ANY_JOB, DISPLAY, recordingIo } from './recording-io.ts';

type StatusParsed = Parameters<typeof statusCommand>[0];

const STATUS: StatusParsed = {
  command: 'status',
  verify: false,
  json: true,
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

async function statusJson(options: Partial<StatusParsed> = {}): Promise<Record<string, unknown>> {
  const io = recordingIo(folder.path);
  expect(await statusCommand({ ...STATUS, ...options }, io)).toBe(0);
  expect(io.err()).toBe('');
  expect(io.out().split('\n')).toHaveLength(2);
  return JSON.parse(io.out()) as Record<string, unknown>;
}

test('statusCommand: a job while its run holds the ledger, running with its holder', async () => {
  addJob(ledger, SAMPLE, { name: 'exam', inputPath: path.join(folder.path, 'exam.jsonl') });
  const status = await statusJson();
  expect(Object.keys(status)).toEqual([
    'schema',
    'job',
    'ledger',
    'lines',
    'attempts',
    'usage',
    'cost',
    'possibly_billed',
    'estimate',
    'outputs',
    'elapsed_ms',
    'simulated',
    'stopped',
    'state',
    'holder',
    'by_model',
    'failures',
    'possibly_billed_lines',
    'dispatch',
    'verify',
  ]);
  expect(status).toMatchObject({
    schema: 1,
    job: 'exam',
    lines: { total: 6, answered: 3, failed: 1, rejected: 1, open: 1 },
    attempts: 9,
    cost: { amount: '1.000123', currency: 'CNY', unpriced_lines: 1 },
    // The clock of the test stands an hour after the job began.
    elapsed_ms: 3_600_000,
    stopped: null,
    state: 'running',
    simulated: false,
    holder: {
      pid: process.pid,
      host: hostname(),
      started_at: '2026-08-01T09:30:00.000Z',
      job: null,
    },
    verify: null,
  });
  expect(status['failures']).toEqual([
    { code: 'DataInspectionFailed', lines: 1, example: '输入内容不合规' },
    { code: 'qbatch_invalid_request', lines: 1, example: 'top_p must be in (0, 1]' },
  ]);
  expect(status['possibly_billed_lines']).toEqual([
    { line: 3, custom_id: '=SUM(A1)', attempts: 1 },
    { line: 5, custom_id: '看图-5', attempts: 2 },
    { line: 6, custom_id: 'open-6', attempts: 1 },
  ]);
  const byModel = status['by_model'] as { model: string | null; attempts: number }[];
  expect(byModel.map(({ model, attempts }) => [model, attempts])).toEqual([
    ['my-model', 3],
    ['qwen-max', 1],
    ['qwen-plus', 5],
    [null, 0],
  ]);
});

test('statusCommand: an unfinished job that nobody works, open; its time ends with its last commit', async () => {
  addJob(ledger, SAMPLE, { name: 'exam', inputPath: path.join(folder.path, 'exam.jsonl') });
  ledger.close();
  expect(await statusJson()).toMatchObject({ state: 'open', holder: null, elapsed_ms: 60_000 });
  ledger = openLedger(ledger.path);
});

test('statusCommand: a job whose ledger is held for another one, open, with the command that takes it on', async () => {
  addJob(ledger, SAMPLE, { name: 'exam', inputPath: path.join(folder.path, 'exam.jsonl') });
  ledger.close();
  ledger = openLedger(ledger.path, 'late');
  expect(await statusJson()).toMatchObject({
    state: 'open',
    holder: { pid: process.pid, job: 'late' },
    elapsed_ms: 60_000,
  });
  const io = recordingIo(folder.path);
  await statusCommand({ ...STATUS, json: false }, io);
  expect(io.out()).toContain('job exam: open, last change 2026-08-01T09:31:00.000Z\n');
  expect(io.out()).toContain(`next: qbatch resume ${ledger.path}\n`);
});

test('statusCommand: a simulated job, marked; nothing was billed for it', async () => {
  const inputPath = path.join(folder.path, 'exam.jsonl');
  addJob(ledger, SAMPLE, { name: 'exam', inputPath, simulated: true });
  expect(await statusJson()).toMatchObject({ simulated: true });
  const io = recordingIo(folder.path);
  await statusCommand({ ...STATUS, json: false }, io);
  expect(io.out()).toMatch(/^job exam: running, simulated, process /);
  expect(io.out()).toContain('\nsimulated: nothing was billed\n');
});

test('statusCommand: --verify, ok for a whole job and findings for a changed file, 0 either way', async () => {
  const job = await writeOutputs(
    ledger,
    addJob(ledger, FINISHED_SAMPLE, {
      name: 'exam',
      inputPath: path.join(folder.path, 'exam.jsonl'),
    }),
  );
  expect(await statusJson({ verify: true })).toMatchObject({
    state: 'finished',
    verify: { ok: true, findings: [] },
  });
  appendFileSync(job.errorsPath, 'x');
  const { verify } = await statusJson({ verify: true });
  expect(verify).toEqual({
    ok: false,
    findings: [`${job.errorsPath} has 1 bytes after its last line`],
  });
});

test('statusCommand: as text, what a person wants to know and the next command', async () => {
  await writeOutputs(
    ledger,
    addJob(ledger, FINISHED_SAMPLE, {
      name: 'exam',
      inputPath: path.join(folder.path, 'exam.jsonl'),
    }),
  );
  ledger.close();
  const io = recordingIo(folder.path);
  expect(await statusCommand({ ...STATUS, json: false, verify: true }, io)).toBe(0);
  expect(io.out()).toContain('job exam: finished, last change 2026-08-01T09:31:00.000Z');
  expect(io.out()).toContain('3 answered, 2 failed, 1 rejected of 6 lines');
  expect(io.out()).toContain('  line 5 (看图-5): 2 attempts\n');
  expect(io.out()).toContain('verified: ledger and files are whole');
  expect(io.out()).toContain(`next: qbatch retry ${ledger.path}\n`);
  // Nobody knows how long was worked: no time is told.
  expect(io.out()).toMatch(/ rejected.* of \d+ lines?\n/);
  expect(io.out()).not.toContain('\u001B');
  ledger = openLedger(ledger.path);
});

test('statusCommand: results that were printed are not said to have been checked', async () => {
  const lines = FINISHED_SAMPLE;
  const job = addJob(ledger, lines, { name: 'exam', inputPath: path.join(folder.path, 'e.jsonl') });
  await writeOutputs(ledger, job);
  ledger.transact(() => {
    ledger.database.prepare("UPDATE jobs SET results_path = '-' WHERE id = ?").run(job.id);
  });
  const said = async (): Promise<string> => {
    const io = recordingIo(folder.path);
    expect(await statusCommand({ ...STATUS, json: false, verify: true }, io)).toBe(0);
    return /^verified: .*/m.exec(io.out())?.[0] ?? '';
  };
  const printed = '; the last run printed its results, so no results file was checked';
  expect(await said()).toBe(
    `verified: ledger and files are whole and agree with each other${printed}`,
  );
  rmSync(job.errorsPath);
  expect(await said()).toBe(`verified: 1 finding${printed}`);
});

test('statusCommand: control sequences in what others wrote, never reach the terminal', async () => {
  const lines = SAMPLE.map((line) => ({
    ...line,
    customId: `${line.customId}\u001B[31m`,
    message: line.message === null ? null : `\u001B]0;title\u0007${line.message}`,
  }));
  addJob(ledger, lines, { name: 'exam', inputPath: path.join(folder.path, 'e\u001B[2Jxam.jsonl') });
  const io = recordingIo(folder.path);
  await statusCommand({ ...STATUS, json: false }, io);
  expect(io.out()).toContain('不合规');
  expect(io.out()).not.toContain('\u001B');
});

test('statusCommand: looking changes nothing', async () => {
  await writeOutputs(
    ledger,
    addJob(ledger, FINISHED_SAMPLE, {
      name: 'exam',
      inputPath: path.join(folder.path, 'exam.jsonl'),
    }),
  );
  ledger.close();
  const before = readFileSync(ledger.path);
  await statusJson({ verify: true });
  expect(readFileSync(ledger.path).equals(before)).toBe(true);
  ledger = openLedger(ledger.path);
});

test('statusCommand: how its last run used the quota, as JSON and for people', async () => {
  const job = addJob(ledger, SAMPLE, {
    name: 'exam',
    inputPath: path.join(folder.path, 'exam.jsonl'),
  });
  expect(await statusJson()).toMatchObject({ dispatch: null });
  const trace = beginPaceTrace(ledger, job.id, STARTED_AT);
  trace.write({
    buckets: [],
    lanes: [
      {
        model: 'qwen-plus',
        rpmLimit: 1_200,
        rpmOrigin: 'flags',
        tpmLimit: null,
        tpmOrigin: 'none',
        firstStartAt: STARTED_AT,
        lastStartAt: STARTED_AT + 9_000,
        starts: 200,
        startsMost: 20,
        throttles: { rate: 2, tokens: 0, burst: 0 },
        tokens: 1_000,
        usedRequests: 198,
        allowedRequests: 200,
        usedTokens: 0,
        allowedTokens: 0,
      },
    ],
    changes: [],
  });
  const { dispatch } = await statusJson();
  expect(dispatch).toMatchObject({
    run: 1,
    ended_at: null,
    // To now, as the run goes on.
    makespan_ms: 3_600_000,
    models: [{ model: 'qwen-plus', rpm_limit: 1_200, admitted: 198, utilisation: 0.99 }],
  });
  const io = recordingIo(folder.path);
  await statusCommand({ ...STATUS, json: false }, io);
  expect(io.out()).toContain('quota use of run 1:\n');
  expect(io.out()).toMatch(/qwen-plus\s+1,200 \(flags\).*99\.0%/);
  // Nobody knows when a run died.
  ledger.close();
  expect((await statusJson())['dispatch']).toMatchObject({ ended_at: null, makespan_ms: null });
  ledger = openLedger(ledger.path);
});

test.each<[boolean, StatusParsed['color'], boolean, Record<string, string>]>([
  [true, 'auto', true, {}],
  [true, 'auto', true, { NO_COLOR: '', TERM: 'xterm' }],
  [false, 'auto', true, { NO_COLOR: '1' }],
  [false, 'auto', true, { TERM: 'dumb' }],
  [false, 'auto', false, {}],
  [true, 'always', false, { NO_COLOR: '1' }],
  [false, 'never', true, {}],
])(
  'statusCommand: coloured is %s for --color %s, a terminal %s, %j',
  async (isColoured, color, stdout, env) => {
    addJob(ledger, SAMPLE, { name: 'exam', inputPath: path.join(folder.path, 'exam.jsonl') });
    const io = recordingIo(folder.path, { env });
    const isTty = { stdin: false, stdout, stderr: false };
    await statusCommand({ ...STATUS, json: false, color }, { ...io, isTty });
    expect(io.out().includes('\u001b[')).toBe(isColoured);
  },
);

test('statusCommand: an unknown job, 66', async () => {
  const asked = statusCommand({ ...STATUS, job: '高考' }, recordingIo(folder.path));
  await expect(asked).rejects.toThrow(expect.objectContaining({ exitCode: 66 }));
});
