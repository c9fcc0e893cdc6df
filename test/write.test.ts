import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QbatchError } from '../src/errors.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import type { Cursor, Job, SettledLine } from '../src/ledger/records.ts';
import { fileLines, OutputFile, outputSize, type OutputSink } from '../src/output/output-file.ts';
import { openOutputs, replaceOutputs, stdoutSink } from '../src/output/output-set.ts';
import { refuseSameFiles } from '../src/output/refuse-same-files.ts';
import { ownFirstLine, ownLineNo, reconcileOutputs } from '../src/output/reconcile.ts';
import { Writer } from '../src/write.ts';
import { createFakeClock, type FakeClock } from './helpers/fake-clock.ts';
import {
  addJob,
  commitLines,
  CURSOR_START,
  failedOf,
  jobOf,
  openTempLedger,
  settledOf,
  tempFolder,
} from './helpers/temp-ledger.ts';

const noStdout = (): Promise<void> => Promise.reject(new Error('nothing goes to stdout here'));

/** A line whose text differs in length from others', failed where its number is a multiple of 4. */
function lineOf(lineNo: number): SettledLine {
  const body = `{"output":{"text":"第 ${lineNo} 条 ${'好'.repeat(lineNo % 7)}"}}`;
  return lineNo % 4 === 0 ? failedOf(lineNo, { body }) : settledOf(lineNo, { body });
}

/** What the files must hold, built without the code under test. */
function expectedText(lines: readonly SettledLine[], state: 'answered' | 'failed'): string {
  return lines
    .filter((line) => line.state === state)
    .map((line) => {
      const response = {
        status_code: line.statusCode,
        request_id: line.requestId,
        body: JSON.parse(line.body?.toString() ?? 'null') as unknown,
      };
      const error =
        state === 'answered'
          ? null
          : { code: line.code, message: line.message, param: line.param, line: line.lineNo };
      return `${JSON.stringify({ id: `reviews-${line.lineNo}`, custom_id: line.customId, response, error })}\n`;
    })
    .join('');
}

const textsOf = (job: Job): string[] => [
  readFileSync(job.resultsPath, 'utf8'),
  readFileSync(job.errorsPath, 'utf8'),
];

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** One run that settles lines in batches as the dispatch loop does: take the cursor, commit, write. */
class OneRun {
  readonly ledger: Ledger;
  readonly clock: FakeClock;
  readonly outputs: ReturnType<typeof openOutputs>;
  private readonly settled: Set<number>;
  private seq: number;

  constructor(ledger: Ledger, clock: FakeClock) {
    this.ledger = ledger;
    this.clock = clock;
    const job = jobOf(ledger);
    this.outputs = openOutputs(ledger, job, {
      clock,
      cursor: reconcileOutputs(ledger.database, job),
      writeStdout: noStdout,
    });
    const numbers = ledger.database
      .prepare('SELECT line_no FROM lines WHERE job_id = ?')
      .pluck()
      .all(job.id) as number[];
    this.settled = new Set(numbers);
    this.seq = numbers.length;
  }

  get frontier(): number {
    let frontier = 1;
    while (this.settled.has(frontier)) frontier += 1;
    return frontier;
  }

  async settle(lines: readonly SettledLine[]): Promise<void> {
    const cursor = this.outputs.writer.takeCursor();
    commitLines(this.ledger, jobOf(this.ledger), lines, { seqBefore: this.seq, cursor });
    this.seq += lines.length;
    for (const { lineNo } of lines) this.settled.add(lineNo);
    await this.outputs.writer.settled(lines, { frontier: this.frontier, lastSeq: this.seq });
  }

  async finish(): Promise<void> {
    const cursor = await this.outputs.writer.finish();
    this.ledger.transact(() => {
      this.ledger.moveCursor(jobOf(this.ledger).id, cursor);
    });
    this.outputs.close();
  }
}

/** Cuts an order into batches of the given sizes, the last size over and over. */
function batchesOf(order: readonly number[], sizes: readonly number[]): SettledLine[][] {
  const batches: SettledLine[][] = [];
  for (let at = 0, turn = 0; at < order.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    batches.push(order.slice(at, at + size).map(lineOf));
    at += size;
  }
  return batches;
}

const COUNT = 24;
const anyOrder = fc.shuffledSubarray(upTo(COUNT), { minLength: COUNT, maxLength: COUNT });
const anySizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 });

/** The error that something is refused with. */
function refusal(act: () => unknown): QbatchError {
  try {
    act();
  } catch (error) {
    if (error instanceof QbatchError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('Writer: input order', () => {
  test('settled in any order, in any batches: after each of them the files are the prefix that is complete, in order', async () => {
    const folder = tempFolder();
    const lines = upTo(COUNT).map(lineOf);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(anyOrder, anySizes, async (order, sizes) => {
        run += 1;
        const ledger = openTempLedger(folder, { name: `${run}.db` });
        const job = addJob(ledger, folder, {
          lineCount: COUNT,
          resultsPath: join(folder, `${run}.results`),
          errorsPath: join(folder, `${run}.errors`),
        });
        const one = new OneRun(ledger, createFakeClock());
        for (const batch of batchesOf(order, sizes)) {
          await one.settle(batch);
          const complete = lines.slice(0, one.frontier - 1);
          expect(textsOf(job)).toEqual([
            expectedText(complete, 'answered'),
            expectedText(complete, 'failed'),
          ]);
        }
        await one.finish();
        expect(textsOf(job)).toEqual([
          expectedText(lines, 'answered'),
          expectedText(lines, 'failed'),
        ]);
        ledger.close();
      }),
      { numRuns: 12 },
    );
  });

  test('answers too big to be held until their turn: read back from the ledger', async () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder, { lineCount: 45 });
    const one = new OneRun(ledger, createFakeClock());
    const big = (lineNo: number): SettledLine =>
      settledOf(lineNo, { body: `{"n":${lineNo},"t":"${'x'.repeat(1024 * 1024)}"}` });
    for (const lineNo of upTo(45).toReversed()) await one.settle([big(lineNo)]);
    await one.finish();
    const numbers = [...fileLines(job.resultsPath, 0)].map((text) => ownLineNo(text, 'reviews'));
    expect(numbers).toEqual(upTo(45));
    expect(textsOf(job)[0]?.startsWith(expectedText([big(1), big(2)], 'answered'))).toBe(true);
  });

  test('much that waited for one line: some of it at a time, so that commits go on, and all of it in the end', async () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder, { lineCount: 100 });
    const one = new OneRun(ledger, createFakeClock());
    const big = (lineNo: number): SettledLine =>
      settledOf(lineNo, { body: `{"n":${lineNo},"t":"${'x'.repeat(1024 * 1024)}"}` });
    const written = (): (number | null)[] =>
      [...fileLines(job.resultsPath, 0)].map((text) => ownLineNo(text, 'reviews'));
    // The first of them are held.
    for (const lineNo of upTo(90).slice(1).toReversed()) await one.settle([big(lineNo)]);
    await one.settle([big(1)]);
    const first = written();
    expect(first.length).toBeGreaterThan(10);
    expect(first.length).toBeLessThan(40);
    await one.settle([big(91)]);
    const second = written();
    expect(second.length).toBeGreaterThan(first.length);
    expect(second.length).toBeLessThan(70);
    await one.finish();
    expect(written()).toEqual(upTo(91));
  });
});

describe('Writer: settled order', () => {
  test('any order, any batches: appended as they settle', async () => {
    const folder = tempFolder();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(anyOrder, anySizes, async (order, sizes) => {
        run += 1;
        const ledger = openTempLedger(folder, { name: `${run}.db` });
        const job = addJob(ledger, folder, {
          lineCount: COUNT,
          outputOrder: 'settled',
          resultsPath: join(folder, `${run}.results`),
          errorsPath: join(folder, `${run}.errors`),
        });
        const one = new OneRun(ledger, createFakeClock());
        const so: SettledLine[] = [];
        for (const batch of batchesOf(order, sizes)) {
          await one.settle(batch);
          so.push(...batch);
          expect(textsOf(job)).toEqual([expectedText(so, 'answered'), expectedText(so, 'failed')]);
        }
        await one.finish();
        ledger.close();
      }),
      { numRuns: 12 },
    );
  });
});

describe('Writer: crash and restart', () => {
  const crash = fc.record({
    afterBatch: fc.nat(30),
    /** Share of the bytes after the cursor that reached the disk. */
    resultsKept: fc.double({ min: 0, max: 1, noNaN: true }),
    errorsKept: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  for (const outputOrder of ['input', 'settled'] as const) {
    test(`--order ${outputOrder}: crashes at any point, with any part of the tail on the disk, change nothing`, async () => {
      const folder = tempFolder();
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          anyOrder,
          anySizes,
          fc.array(crash, { minLength: 1, maxLength: 4 }),
          async (order, sizes, crashes) => {
            run += 1;
            const clock = createFakeClock();
            const ledger = openTempLedger(folder, { name: `${run}.db` });
            const job = addJob(ledger, folder, {
              lineCount: COUNT,
              outputOrder,
              resultsPath: join(folder, `${run}.results`),
              errorsPath: join(folder, `${run}.errors`),
            });
            const batches = batchesOf(order, sizes);
            let at = 0;
            for (const { afterBatch, resultsKept, errorsKept } of [...crashes, null].map(
              (one) => one ?? { afterBatch: Infinity, resultsKept: 1, errorsKept: 1 },
            )) {
              const one = new OneRun(ledger, clock);
              if (outputOrder === 'settled') await one.outputs.writer.catchUp(0);
              for (let count = 0; count < afterBatch && at < batches.length; count += 1, at += 1) {
                await one.settle(batches[at] ?? []);
                // Past the second between two syncs, so that some batches carry a cursor.
                await clock.advance(600);
              }
              if (afterBatch === Infinity) {
                await one.outputs.writer.catchUp(COUNT + 1);
                await one.finish();
                break;
              }
              one.outputs.close();
              const { cursor } = jobOf(ledger);
              for (const [path, from, kept] of [
                [job.resultsPath, cursor.resultsBytes, resultsKept],
                [job.errorsPath, cursor.errorsBytes, errorsKept],
              ] as const) {
                truncateSync(path, from + Math.floor((statSync(path).size - from) * kept));
              }
            }
            const inOrder = outputOrder === 'input' ? upTo(COUNT).map(lineOf) : order.map(lineOf);
            expect(textsOf(job)).toEqual([
              expectedText(inOrder, 'answered'),
              expectedText(inOrder, 'failed'),
            ]);
            ledger.close();
          },
        ),
        { numRuns: 12 },
      );
    });
  }
});

/** An output that notes what is done to it; a sync ends when the test says so. */
function spySink(log: string[], name: string): OutputSink & { endSync: (error?: Error) => void } {
  let bytes = 0;
  let end: (error?: Error) => void = () => undefined;
  return {
    get bytes() {
      return bytes;
    },
    append(text) {
      bytes += Buffer.byteLength(text);
      log.push(`${name} append`);
    },
    sync() {
      log.push(`${name} sync`);
      return new Promise((resolve, reject) => {
        end = (error) => {
          log.push(`${name} synced`);
          if (error === undefined) resolve();
          else reject(error);
        };
      });
    },
    close: () => undefined,
    endSync: (error) => {
      end(error);
    },
  };
}

describe('Writer: the cursor', () => {
  function spied() {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    const clock = createFakeClock();
    const log: string[] = [];
    const results = spySink(log, 'results');
    const errors = spySink(log, 'errors');
    const writer = new Writer({
      clock,
      database: ledger.database,
      job,
      results,
      errors,
      order: 'input',
      cursor: CURSOR_START,
    });
    const settle = async (lineNo: number): Promise<void> => {
      commitLines(ledger, job, [lineOf(lineNo)], { seqBefore: lineNo - 1 });
      await writer.settled([lineOf(lineNo)], { frontier: lineNo + 1, lastSeq: lineNo });
    };
    return { writer, clock, log, results, errors, settle };
  }

  test('is handed out only after both files were synced, and tells what they held when the sync began', async () => {
    const { writer, clock, log, results, errors, settle } = spied();
    await settle(1);
    await clock.advance(1000);
    expect(writer.takeCursor()).toBeNull();
    const bytes = { results: results.bytes, errors: errors.bytes };
    await settle(2);
    expect(writer.takeCursor()).toBeNull();
    results.endSync();
    await clock.advance(0);
    expect(writer.takeCursor()).toBeNull();
    errors.endSync();
    await clock.advance(0);
    expect(writer.takeCursor()).toMatchObject({
      line: 1,
      resultsBytes: bytes.results,
      errorsBytes: bytes.errors,
    });
    expect(writer.takeCursor()).toBeNull();
    expect(log).toEqual([
      'results append',
      'results sync',
      'errors sync',
      'results append',
      'results synced',
      'errors synced',
    ]);
  });

  test('syncs at most once a second, and not where nothing was appended', async () => {
    const { writer, clock, log, results, errors, settle } = spied();
    await clock.advance(5000);
    expect(writer.takeCursor()).toBeNull();
    await settle(1);
    writer.takeCursor();
    results.endSync();
    errors.endSync();
    await clock.advance(999);
    await settle(2);
    writer.takeCursor();
    expect(log.filter((entry) => entry === 'results sync')).toHaveLength(1);
    await clock.advance(1);
    writer.takeCursor();
    expect(log.filter((entry) => entry === 'results sync')).toHaveLength(2);
  });

  test('a sync that fails: no cursor, and the error comes with the next look', async () => {
    const { writer, clock, results, errors, settle } = spied();
    await settle(1);
    await clock.advance(1000);
    writer.takeCursor();
    results.endSync(new Error('EIO'));
    errors.endSync();
    await clock.advance(0);
    expect(() => writer.takeCursor()).toThrow('EIO');
    await expect(writer.finish()).rejects.toThrow('EIO');
  });

  test('finish: syncs both files and tells all that was appended', async () => {
    const { writer, log, results, errors, settle, clock } = spied();
    for (const lineNo of [1, 2, 3, 4]) await settle(lineNo);
    const finished = writer.finish();
    await clock.advance(0);
    results.endSync();
    errors.endSync();
    expect(await finished).toMatchObject({
      line: 4,
      resultsBytes: results.bytes,
      errorsBytes: errors.bytes,
    });
    expect(log.slice(-4)).toEqual([
      'results sync',
      'errors sync',
      'results synced',
      'errors synced',
    ]);
  });

  test('finish while a sync is on its way: waits for it and syncs again', async () => {
    const { writer, clock, log, results, errors, settle } = spied();
    await settle(1);
    await clock.advance(1000);
    writer.takeCursor();
    await settle(2);
    const finished = writer.finish();
    for (let round = 0; round < 2; round += 1) {
      await clock.advance(0);
      results.endSync();
      errors.endSync();
    }
    expect((await finished).line).toBe(2);
    expect(log.filter((entry) => entry === 'results sync')).toHaveLength(2);
  });
});

describe('reconcileOutputs', () => {
  /** A job of six lines, four of them settled and written, the first two under the cursor. */
  async function written() {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder, { lineCount: 6 });
    const first = new OneRun(ledger, createFakeClock());
    await first.settle([lineOf(1), lineOf(2)]);
    await first.finish();
    const second = new OneRun(ledger, createFakeClock());
    await second.settle([lineOf(3), lineOf(4)]);
    second.outputs.close();
    return {
      folder,
      ledger,
      job,
      now: () => jobOf(ledger),
      reconcile: (): Cursor => reconcileOutputs(ledger.database, jobOf(ledger)),
    };
  }

  test('files longer than the cursor with lines that the ledger holds: the cursor', async () => {
    const { reconcile, now } = await written();
    expect(reconcile()).toEqual(now().cursor);
    expect(reconcile().line).toBe(2);
  });

  test('a torn last line: the cursor', async () => {
    const { reconcile, job, now } = await written();
    truncateSync(job.resultsPath, statSync(job.resultsPath).size - 5);
    expect(reconcile()).toEqual(now().cursor);
  });

  test('a part after the cursor that never reached the disk and reads as zeros: the cursor', async () => {
    const { reconcile, job, now } = await written();
    const file = openSync(job.resultsPath, 'r+');
    writeSync(file, Buffer.alloc(20), 0, 20, now().cursor.resultsBytes + 5);
    closeSync(file);
    expect(reconcile()).toEqual(now().cursor);
  });

  test.each(['results', 'errors'])('the %s file is missing: from the start', async (which) => {
    const { reconcile, job } = await written();
    rmSync(which === 'results' ? job.resultsPath : job.errorsPath);
    expect(reconcile()).toEqual(CURSOR_START);
  });

  test('a file shorter than the cursor: from the start, and both are whole again after a run', async () => {
    const { reconcile, job, ledger } = await written();
    truncateSync(job.resultsPath, 10);
    expect(reconcile()).toEqual(CURSOR_START);
    const run = new OneRun(ledger, createFakeClock());
    await run.settle([lineOf(5), lineOf(6)]);
    await run.finish();
    const lines = upTo(6).map(lineOf);
    expect(textsOf(job)).toEqual([expectedText(lines, 'answered'), expectedText(lines, 'failed')]);
  });

  test('a complete line that the ledger does not hold: 78, nothing touched', async () => {
    const { reconcile, job } = await written();
    appendFileSync(job.resultsPath, expectedText([settledOf(6)], 'answered'));
    const before = textsOf(job);
    const error = refusal(reconcile);
    expect(error).toMatchObject({ exitCode: 78, hint: expect.stringContaining('--adopt-outputs') });
    expect(error.message).toContain('line 6');
    expect(textsOf(job)).toEqual(before);
  });

  test('a line of something else after the cursor: 78', async () => {
    const { reconcile, job } = await written();
    appendFileSync(job.errorsPath, '{"id":"titles-1","custom_id":"标题"}\n');
    expect(refusal(reconcile).exitCode).toBe(78);
  });

  test('no files and nothing written yet: from the start', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    expect(reconcileOutputs(ledger.database, addJob(ledger, folder))).toEqual(CURSOR_START);
  });
});

describe('ownLineNo', () => {
  test.each([
    ['{"id":"reviews-12","custom_id":"a"}', 12],
    ['{"custom_id":"a","id":"reviews-12"}', 12],
    ['{"id":"reviews-0"}', null],
    ['{"id":"reviews--1"}', null],
    ['{"id":"reviews-1.5"}', null],
    ['{"id":"reviews-"}', null],
    ['{"id":"reviews-old-12"}', null],
    ['{"id":"titles-12"}', null],
    ['{"id":12}', null],
    ['{"id":"reviews-12"', null],
    ['{"id":"reviews-1","id":"reviews-2"}', null],
    ['null', null],
    ['', null],
  ])('%s: %s', (text, expected) => {
    expect(ownLineNo(text, 'reviews')).toBe(expected);
  });

  test('ownFirstLine: looks at the first whole line only', () => {
    const path = join(tempFolder(), 'reviews.results.jsonl');
    writeFileSync(path, '{"id":"reviews-1"}\nnot ours\n');
    expect(ownFirstLine(path, 'reviews')).toBe(true);
    expect(ownFirstLine(path, 'titles')).toBe(false);
    writeFileSync(path, '{"id":"reviews-1"}');
    expect(ownFirstLine(path, 'reviews')).toBe(false);
  });
});

describe('OutputFile', () => {
  test('a new file: private whatever the umask, appended to, cut when opened again', async () => {
    const before = process.umask(0o022);
    try {
      const path = join(tempFolder(), 'reviews.results.jsonl');
      const file = new OutputFile(path, 0);
      file.append('第一行\n');
      file.append('第二行\n');
      await file.sync();
      expect(file.bytes).toBe(20);
      file.close();
      expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
      const again = new OutputFile(path, 10);
      expect(statSync(path).size).toBe(10);
      again.append('新的\n');
      again.close();
      expect(readFileSync(path, 'utf8')).toBe('第一行\n新的\n');
    } finally {
      process.umask(before);
    }
  });

  test('another program writes, cuts or moves the file: 74 before more is written over it', async () => {
    const opened = (): { path: string; file: OutputFile } => {
      const path = join(tempFolder(), 'reviews.results.jsonl');
      const file = new OutputFile(path, 0);
      file.append('第一行\n');
      return { path, file };
    };
    const foreign = opened();
    appendFileSync(foreign.path, 'theirs\n');
    const error = refusal(() => {
      foreign.file.append('第二行\n');
    });
    expect(error).toMatchObject({ exitCode: 74 });
    expect(error.message).toContain(foreign.path);
    await expect(foreign.file.sync()).rejects.toMatchObject({ exitCode: 74 });
    expect(readFileSync(foreign.path, 'utf8')).toBe('第一行\ntheirs\n');
    const cut = opened();
    truncateSync(cut.path, 0);
    expect(refusal(() => cut.file.append('第二行\n')).exitCode).toBe(74);
    const gone = opened();
    rmSync(gone.path);
    await expect(gone.file.sync()).rejects.toThrow('was removed while it was written');
    const other = opened();
    rmSync(other.path);
    writeFileSync(other.path, '第一行\n');
    await expect(other.file.sync()).rejects.toThrow('was replaced while it was written');
    for (const { file } of [foreign, cut, gone, other]) file.close();
  });

  test('two that append at the same moment do not write over each other', () => {
    const path = join(tempFolder(), 'reviews.results.jsonl');
    const [one, two] = [new OutputFile(path, 0), new OutputFile(path, 0)];
    one.append('一\n');
    expect(refusal(() => two.append('二\n')).exitCode).toBe(74);
    expect(readFileSync(path, 'utf8')).toBe('一\n');
    for (const file of [one, two]) file.close();
  });

  test('a symbolic link: 73, its target untouched', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'precious.txt'), '账本');
    symlinkSync(join(folder, 'precious.txt'), join(folder, 'reviews.results.jsonl'));
    const error = refusal(() => new OutputFile(join(folder, 'reviews.results.jsonl'), 0));
    expect(error).toMatchObject({ exitCode: 73, hint: expect.stringContaining('symbolic link') });
    expect(refusal(() => outputSize(join(folder, 'reviews.results.jsonl'))).exitCode).toBe(73);
    expect(readFileSync(join(folder, 'precious.txt'), 'utf8')).toBe('账本');
  });

  test('a folder, or a path into nowhere: 73', () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'results'));
    expect(refusal(() => new OutputFile(join(folder, 'results'), 0)).exitCode).toBe(73);
    expect(refusal(() => outputSize(join(folder, 'results'))).exitCode).toBe(73);
    expect(refusal(() => new OutputFile(join(folder, 'nowhere', 'a.jsonl'), 0)).exitCode).toBe(73);
  });

  test.runIf(process.platform === 'linux')(
    'a full disk: 74 that says what is lost (nothing)',
    () => {
      const file = new OutputFile('/dev/full', 0);
      const error = refusal(() => {
        file.append('好评\n');
      });
      file.close();
      expect(error).toMatchObject({
        exitCode: 74,
        hint: expect.stringContaining('nothing settled is lost'),
      });
    },
  );

  test('outputSize: null where there is none', () => {
    expect(outputSize(join(tempFolder(), 'a.jsonl'))).toBeNull();
  });

  test('fileLines: whole lines from an offset, however long, without the torn last one', () => {
    const path = join(tempFolder(), 'reviews.results.jsonl');
    const long = '长'.repeat(1_000_000);
    writeFileSync(path, `一\n${long}\n三\ntorn`);
    const lines = [...fileLines(path, 0)];
    expect(lines).toHaveLength(3);
    expect(lines[1] === long).toBe(true);
    expect([...fileLines(path, 4 + long.length * 3 + 1)]).toEqual(['三']);
  });

  test('fileLines: lines too long to be ours are not held: empty, the others as they are', () => {
    const path = join(tempFolder(), 'reviews.results.jsonl');
    const [fits, long] = ['f'.repeat(1_500_000), 'x'.repeat(4_000_000)];
    writeFileSync(path, `${fits}\n${long}\n二\n${fits}x\n${fits}\n${long}`);
    const lines = [...fileLines(path, 0, fits.length)];
    expect(lines.map((line) => line.length)).toEqual([fits.length, 0, 1, 0, fits.length]);
  });
});

describe('output sets', () => {
  test('replaceOutputs: both files whole, nothing left beside them, the cursor at their end', async () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder, { lineCount: COUNT });
    commitLines(ledger, job, upTo(COUNT).toReversed().map(lineOf), { seqBefore: 0 });
    writeFileSync(job.resultsPath, 'old\n');
    const cursor = await replaceOutputs(ledger, job, createFakeClock());
    expect(readdirSync(folder).filter((name) => name.includes('.new-'))).toEqual([]);
    const lines = upTo(COUNT).map(lineOf);
    expect(textsOf(job)).toEqual([expectedText(lines, 'answered'), expectedText(lines, 'failed')]);
    expect(cursor).toMatchObject({
      line: COUNT,
      resultsBytes: statSync(job.resultsPath).size,
      errorsBytes: statSync(job.errorsPath).size,
    });
  });

  test('replaceOutputs with a damaged answer: 78, the old files stay and nothing is left beside them', async () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder, { lineCount: 2 });
    commitLines(ledger, job, [settledOf(1), settledOf(2)], { seqBefore: 0 });
    ledger.database.exec('UPDATE bodies SET checksum = checksum + 1');
    writeFileSync(job.resultsPath, 'old\n');
    await expect(replaceOutputs(ledger, job, createFakeClock())).rejects.toMatchObject({
      exitCode: 78,
    });
    expect(readFileSync(job.resultsPath, 'utf8')).toBe('old\n');
    expect(readdirSync(folder).filter((name) => name.includes('.new-'))).toEqual([]);
  });

  test('an errors file that cannot be made: 73', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder, { errorsPath: join(folder, 'nowhere', 'errors.jsonl') });
    expect(
      refusal(() =>
        openOutputs(ledger, job, {
          clock: createFakeClock(),
          cursor: CURSOR_START,
          writeStdout: noStdout,
        }),
      ).exitCode,
    ).toBe(73);
  });

  test('stdout: everything from line 1, each piece waited for, bytes counted', async () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder, { lineCount: 3, resultsPath: '-' });
    commitLines(ledger, job, [lineOf(1), lineOf(2)], { seqBefore: 0 });
    let printed = '';
    const outputs = openOutputs(ledger, job, {
      clock: createFakeClock(),
      cursor: reconcileOutputs(ledger.database, job),
      writeStdout: (text) => {
        printed += text;
        return Promise.resolve();
      },
    });
    await outputs.writer.catchUp(3);
    outputs.close();
    expect(printed).toBe(expectedText([lineOf(1), lineOf(2)], 'answered'));
    const sink = stdoutSink(() => Promise.resolve());
    await sink.append(Buffer.from('好\n'));
    expect(sink.bytes).toBe(4);
  });

  test.each([
    ['in.jsonl', 'in.jsonl', 'errors.jsonl', 'state.db'],
    ['in.jsonl', 'results.jsonl', 'in.jsonl', 'state.db'],
    ['in.jsonl', 'out.jsonl', 'out.jsonl', 'state.db'],
    ['in.jsonl', 'state.db', 'errors.jsonl', 'state.db'],
    ['in.jsonl', 'results.jsonl', 'errors.jsonl', 'in.jsonl'],
  ])('input %s, results %s, errors %s, ledger %s: 73', (input, results, errors, ledger) => {
    expect(
      refusal(() => {
        refuseSameFiles({
          inputPath: input,
          resultsPath: results,
          errorsPath: errors,
          ledgerPath: ledger,
        });
      }).exitCode,
    ).toBe(73);
  });

  test.each(['-wal', '-shm', '-journal', '.lock', '.mark', '.ballast', '.control.json', '.new'])(
    'the %s of a ledger is its own, also where the ledger is a link: 73',
    (end) => {
      const folder = tempFolder();
      mkdirSync(join(folder, 'far'));
      symlinkSync(join('far', 'real.db'), join(folder, 'state.db'));
      writeFileSync(join(folder, 'far', 'real.db'), '');
      const paths = {
        inputPath: join(folder, 'in.jsonl'),
        resultsPath: join(folder, 'results.jsonl'),
        errorsPath: join(folder, 'errors.jsonl'),
        ledgerPath: join(folder, 'state.db'),
      };
      refuseSameFiles(paths);
      for (const own of [`state.db${end}`, `far/real.db${end}`]) {
        for (const one of ['inputPath', 'resultsPath', 'errorsPath']) {
          const refused = refusal(() => {
            refuseSameFiles({ ...paths, [one]: join(folder, own) });
          });
          expect(refused.exitCode).toBe(73);
          expect(refused.message).toContain(`${own} is a file of the ledger's own`);
        }
      }
    },
  );

  test('where an output is written anew is no place for another file: 73', () => {
    const folder = tempFolder();
    const paths = {
      inputPath: join(folder, 'in.jsonl'),
      resultsPath: join(folder, 'results.jsonl'),
      errorsPath: join(folder, 'errors.jsonl'),
      ledgerPath: join(folder, 'state.db'),
    };
    for (const anew of ['results.jsonl.qbatch-new', 'errors.jsonl.qbatch-new']) {
      for (const one of ['inputPath', 'resultsPath', 'errorsPath', 'ledgerPath'] as const) {
        if (anew.startsWith(basename(paths[one]))) continue;
        const refused = refusal(() => {
          refuseSameFiles({ ...paths, [one]: join(folder, anew) });
        });
        expect(refused.exitCode).toBe(73);
        expect(refused.message).toContain(`${anew} is where`);
      }
    }
    refuseSameFiles({ ...paths, resultsPath: '-', inputPath: join(folder, '-.qbatch-new') });
  });
});
