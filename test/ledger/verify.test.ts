import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { readMark } from '../../src/ledger/mark.ts';
import type { Job } from '../../src/ledger/records.ts';
import { type Verification, verifyLedger } from '../../src/ledger/verify.ts';
import {
  addJob,
  FINISHED_SAMPLE,
  FIRST,
  jobOf,
  openLedger,
  SAMPLE,
  temporaryFolder,
  writeOutputs,
} from './sample-job.ts';

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

function finished(order: 'input' | 'settled' = 'input'): Promise<Job> {
  return writeOutputs(
    ledger,
    addJob(ledger, FINISHED_SAMPLE, {
      name: 'exam',
      inputPath: path.join(folder.path, 'exam.jsonl'),
      order,
    }),
  );
}

function unfinished(): Promise<Job> {
  return writeOutputs(
    ledger,
    addJob(ledger, SAMPLE, { name: 'exam', inputPath: path.join(folder.path, 'exam.jsonl') }),
  );
}

function verify(
  options: { running?: boolean; mark?: number | null; stop?: AbortSignal } = {},
): Promise<Verification> {
  const {
    running = false,
    mark = readMark(ledger.path),
    stop = new AbortController().signal,
  } = options;
  return verifyLedger(ledger.database, jobOf(ledger, 'exam'), {
    ledgerPath: ledger.path,
    running,
    mark,
    stop,
  });
}

function change(sql: string): void {
  ledger.transact(() => {
    ledger.database.exec(sql);
  });
}

test.each(['input', 'settled'] as const)(
  'verifyLedger: a finished job in %s order, nothing to find',
  async (order) => {
    await finished(order);
    expect(await verify()).toEqual({ ok: true, findings: [] });
  },
);

test('verifyLedger: an unfinished job with a call of unknown fate, nothing to find', async () => {
  const job = await unfinished();
  expect(job.state).toBe('open');
  expect(await verify()).toEqual({ ok: true, findings: [] });
});

test('verifyLedger: a job that has written nothing yet, nothing to find', async () => {
  addJob(ledger, [], {
    name: 'exam',
    inputPath: path.join(folder.path, 'exam.jsonl'),
    lineCount: 6,
  });
  expect(await verify()).toEqual({ ok: true, findings: [] });
});

test.each([
  [
    'an answer whose bytes changed',
    "UPDATE bodies SET body = CAST(replace(CAST(body AS TEXT), 'Peru', 'Cuba') AS BLOB)",
    'line 2 does not match its checksum',
  ],
  [
    'an answer that is gone',
    'DELETE FROM bodies WHERE id % 1000 = 776 + 2',
    'line 2 is answered, but its answer is missing',
  ],
  [
    'an answer of an open line',
    'DELETE FROM lines WHERE line_no = 2',
    'an answer is stored for line 2, which is not settled',
  ],
  [
    'a count that is wrong',
    'UPDATE jobs SET failed = failed + 1',
    'counts 3 failed lines, the ledger holds 2',
  ],
  [
    'a cost that is wrong',
    'UPDATE jobs SET cost_pico = cost_pico - 1',
    'cost is 1000123456789 pico-CNY, its answered calls add up to 1000123456790',
  ],
  [
    'a finished job with an open line',
    'DELETE FROM lines WHERE line_no = 4; UPDATE jobs SET rejected = 0',
    'finished with 6 lines, of which 5 are settled',
  ],
  [
    'a line beyond the input',
    'UPDATE lines SET line_no = 99 WHERE line_no = 4',
    'line 99 is settled, the input ends at line 6',
  ],
  [
    'an answered line without its call',
    "UPDATE attempts SET class = 'possibly_billed' WHERE line_no = 5",
    'line 5 is answered, but not by exactly one',
  ],
  [
    'an answered line with two answers',
    "UPDATE attempts SET class = 'answered' WHERE line_no = 1",
    'line 1 is answered, but not by exactly one',
  ],
  [
    'an answered call on a failed line',
    "UPDATE attempts SET class = 'answered' WHERE line_no = 6",
    'line 6 has an answered call, but is not answered',
  ],
  [
    'a call of a settled line that never ended',
    'UPDATE attempts SET class = NULL WHERE line_no = 3 AND attempt = 1',
    'line 3 is settled, but one of its calls has not ended',
  ],
  [
    'a place in the order given twice',
    'UPDATE lines SET seq = 1',
    'place 1 in the order of settling is given to 6 lines',
  ],
  [
    'a cursor before the end',
    'UPDATE jobs SET cursor_line = 3',
    '3 settled lines after line 3 are in no file',
  ],
  [
    'input tokens that are not those of the answer',
    "UPDATE attempts SET input_tokens = 32 WHERE line_no = 1 AND class = 'answered'",
    'line 1: input tokens: 32 recorded, 31 in its answer',
  ],
  [
    'tokens of every kind, each with both figures',
    "UPDATE attempts SET output_tokens = 8, total_tokens = 28, cached_tokens = 1, reasoning_tokens = NULL WHERE line_no = 2 AND class = 'answered'",
    'line 2: output tokens: 8 recorded, 7 in its answer; total tokens: 28 recorded, 27 in its answer; cached tokens: 1 recorded, none in its answer; reasoning tokens: none recorded, 3 in its answer',
  ],
  [
    'a total that the answer leaves to be added up',
    "UPDATE attempts SET total_tokens = 906 WHERE line_no = 5 AND class = 'answered'",
    'line 5: total tokens: 906 recorded, 905 in its answer',
  ],
  [
    'tokens of an answer that tells none',
    "UPDATE attempts SET input_tokens = NULL, output_tokens = NULL, total_tokens = NULL, cached_tokens = NULL WHERE line_no = 1 AND class = 'answered'",
    'the answered call of line 1 has a cost, but not the tokens that it was worked out from',
  ],
  [
    'a call of another model than its line',
    "UPDATE attempts SET model = 'qwen-turbo' WHERE line_no = 2",
    'line 2 and its answered call differ in model, status or request id',
  ],
  [
    'a call with another request id than its line',
    'UPDATE attempts SET request_id = NULL WHERE line_no = 2',
    'line 2 and its answered call differ in model, status or request id',
  ],
  [
    'a custom_id that changed',
    "UPDATE lines SET custom_id = 'geo-3' WHERE line_no = 2",
    'exam.results.jsonl differs from the ledger at byte',
  ],
])('verifyLedger: %s, is found', async (_what, sql, finding) => {
  await finished();
  // Bodies are keyed job * 2^40 + line, and 2^40 ends in 776.
  change(sql);
  const { ok, findings } = await verify();
  expect(ok).toBe(false);
  expect(findings.join('\n')).toContain(finding);
});

test('verifyLedger: tokens of calls without an answer have no second record, so that nothing is said of them', async () => {
  await finished();
  change("UPDATE attempts SET input_tokens = 7 WHERE class <> 'answered'");
  expect(await verify()).toEqual({ ok: true, findings: [] });
});

test('verifyLedger: a damaged answer, its tokens are not compared', async () => {
  await finished();
  change(
    "UPDATE bodies SET body = CAST(replace(CAST(body AS TEXT), ':20,', ':21,') AS BLOB) WHERE id % 1000 = 776 + 2",
  );
  const { findings } = await verify();
  expect(findings.filter((finding) => finding.includes('tokens'))).toEqual([]);
  expect(findings).toContain('the stored answer of line 2 does not match its checksum');
});

test('verifyLedger: a mark ahead of the ledger or none, is found', async () => {
  await finished();
  const behind = await verify({ mark: 1_000_000 });
  expect(behind.findings).toEqual([
    expect.stringMatching(/went backwards: it has \d+ commits, but its \.mark file counts 1000000/),
  ]);
  expect((await verify({ mark: null })).findings).toEqual([
    expect.stringContaining('.mark is missing'),
  ]);
});

test('verifyLedger: a byte of an output file changed, is found with its line', async () => {
  const { resultsPath } = await finished();
  const text = readFileSync(resultsPath, 'utf8');
  writeFileSync(resultsPath, text.replace('Lima', 'Rome'));
  const start = Buffer.byteLength(`${text.split('\n')[0]}\n`);
  expect((await verify()).findings).toEqual([
    `${resultsPath} differs from the ledger at byte ${start}, where line 2 belongs; move it away, and the same run command rebuilds it`,
  ]);
});

test('verifyLedger: output lines in another order, are found', async () => {
  const { errorsPath } = await finished();
  const lines = readFileSync(errorsPath, 'utf8').trimEnd().split('\n');
  writeFileSync(errorsPath, `${lines.toReversed().join('\n')}\n`);
  expect((await verify()).findings).toEqual([
    `${errorsPath} differs from the ledger at byte 0, where line 3 belongs; move it away, and the same run command rebuilds it`,
  ]);
});

test('verifyLedger: output files cut short, grown, or gone, are found', async () => {
  const { resultsPath, errorsPath } = await finished();
  const whole = readFileSync(resultsPath);
  truncateSync(resultsPath, whole.length - 10);
  expect((await verify()).findings).toEqual([
    expect.stringContaining(`has ${whole.length - 10} bytes, the ledger remembers ${whole.length}`),
  ]);
  writeFileSync(resultsPath, whole);
  appendFileSync(errorsPath, '\n');
  expect((await verify()).findings).toEqual([`${errorsPath} has 1 bytes after its last line`]);
  rmSync(errorsPath);
  expect((await verify()).findings).toEqual([expect.stringContaining(`${errorsPath} is missing`)]);
});

test('verifyLedger: results that went to stdout are in no file; the errors file is compared all the same', async () => {
  const { resultsPath, errorsPath } = await finished();
  change("UPDATE jobs SET results_path = '-'");
  rmSync(resultsPath);
  expect(await verify()).toEqual({ ok: true, findings: [] });
  appendFileSync(errorsPath, '{"id":"exam-1"}\n');
  expect((await verify()).findings).toEqual([`${errorsPath} has 16 bytes after its last line`]);
  rmSync(errorsPath);
  expect((await verify()).findings).toEqual([expect.stringContaining(`${errorsPath} is missing`)]);
});

test('verifyLedger: an output file that is a link, or none, is told as what cannot be read; the other is compared', async () => {
  const { resultsPath, errorsPath } = await finished();
  appendFileSync(errorsPath, 'x');
  const changed = `${errorsPath} has 1 bytes after its last line`;
  renameSync(resultsPath, `${resultsPath}.moved`);
  symlinkSync(`${resultsPath}.moved`, resultsPath);
  expect((await verify()).findings).toEqual([
    `cannot be read: ${resultsPath} is a symbolic link, which is not followed`,
    changed,
  ]);
  rmSync(resultsPath);
  mkdirSync(resultsPath);
  expect((await verify()).findings).toEqual([
    `cannot be read: ${resultsPath} is not a regular file`,
    changed,
  ]);
});

test.skipIf(process.getuid?.() === 0)(
  'verifyLedger: an output file that may not be read, is told so',
  async () => {
    const { resultsPath } = await finished();
    chmodSync(resultsPath, 0);
    expect((await verify()).findings).toEqual([
      `cannot be read: ${resultsPath}: EACCES: permission denied`,
    ]);
  },
);

test('verifyLedger: lines after the cursor of an open job, only those the ledger holds are right', async () => {
  const { resultsPath } = await unfinished();
  const [first = ''] = readFileSync(resultsPath, 'utf8').split('\n');
  appendFileSync(resultsPath, `${first}\n`);
  expect((await verify()).ok).toBe(true);
  appendFileSync(resultsPath, `${first.replace('exam-1', 'exam-6')}\n别的文件\n`);
  expect((await verify()).findings).toEqual([
    `${resultsPath} holds line 6, which the ledger does not hold as settled`,
    `${resultsPath} holds a line that this job did not write`,
  ]);
  // A run appends before it moves the cursor.
  expect((await verify({ running: true })).ok).toBe(true);
});

test('verifyLedger: finished files that wait to be replaced, are not compared', async () => {
  const { resultsPath } = await finished();
  change("UPDATE jobs SET state = 'open', output_mode = 'replace'");
  writeFileSync(resultsPath, 'old\n');
  expect((await verify()).ok).toBe(true);
});

test('verifyLedger: more findings of one kind than anyone reads, are counted', async () => {
  const lines = Array.from({ length: 50 }, (_, index) => ({
    ...FIRST,
    lineNo: index + 1,
    customId: `诗-${index}`,
  }));
  await writeOutputs(
    ledger,
    addJob(ledger, lines, { name: 'exam', inputPath: path.join(folder.path, 'exam.jsonl') }),
  );
  change('UPDATE bodies SET checksum = 0');
  const { findings } = await verify();
  expect(findings.filter((finding) => finding.includes('checksum'))).toHaveLength(21);
  expect(findings).toContain('and 30 more of this kind');
});

test('verifyLedger: interrupted, throws 130', async () => {
  await finished();
  await expect(verify({ stop: AbortSignal.abort() })).rejects.toThrow(
    expect.objectContaining({ exitCode: 130 }),
  );
});
