import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { putFingerprints } from '../../src/ledger/fingerprints.ts';
import { LineSet } from '../../src/ledger/line-set.ts';
import { ChunkStarts, openLines, type OpenLinesOptions } from '../../src/job/open-lines.ts';
import type { PlannedLine } from '../../src/plan.ts';
import { nothingSeen } from '../../src/plan.ts';
import { createPricing } from '../../src/pricing.ts';
import { defaultsOf } from '../helpers/parse-text.ts';
import { addJob, CURSOR_START, openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

const defaults = defaultsOf({ model: 'qwen-plus' });
/** One line in three asks another model. */
const modelOf = (lineNo: number): string => (lineNo % 3 === 0 ? 'qwen-max' : 'qwen-plus');
const lineText = (lineNo: number, length = 10): string =>
  `${JSON.stringify({ custom_id: `评论-${lineNo}`, model: modelOf(lineNo), prompt: '好'.repeat(length) })}\n`;

/** As the survey stores them: eight bytes of SHA-256 a line. */
function fingerprintsOf(lines: readonly string[]): Buffer {
  return Buffer.concat(
    lines.map((line) => createHash('sha256').update(line.trimEnd()).digest().subarray(0, 8)),
  );
}

/** An input of `count` lines and what it takes to read its open ones. */
function inputOf(
  count: number,
  options: { length?: number; gz?: boolean; settled?: readonly number[] } & Partial<
    Omit<OpenLinesOptions, 'settled'>
  > = {},
): OpenLinesOptions {
  const { length, gz, settled: settledNumbers = [], ...rest } = options;
  const folder = tempFolder();
  const ledger = openTempLedger(folder);
  const inputPath = join(folder, gz === true ? 'reviews.jsonl.gz' : 'reviews.jsonl');
  const text = Array.from({ length: count }, (_, index) => lineText(index + 1, length)).join('');
  writeFileSync(inputPath, gz === true ? gzipSync(text) : text);
  const settled = new LineSet();
  for (const lineNo of settledNumbers) settled.add(lineNo);
  const job = addJob(ledger, folder, { inputPath, lineCount: count });
  ledger.transact(() => {
    putFingerprints(
      ledger,
      job.id,
      0,
      fingerprintsOf(Array.from({ length: count }, (_, index) => lineText(index + 1, length))),
    );
  });
  return {
    database: ledger.database,
    job,
    settled,
    settledTo: 0,
    prior: new Map(),
    defaults,
    pricing: createPricing(defaults.catalog, 'cn', 'CNY'),
    outputSeen: nothingSeen,
    maxLineBytes: 1024 * 1024,
    cursor: CURSOR_START,
    ...rest,
  };
}

async function read(options: OpenLinesOptions, starts = new ChunkStarts()): Promise<PlannedLine[]> {
  const lines: PlannedLine[] = [];
  for await (const chunk of openLines(options, starts)) lines.push(...chunk.lines);
  return lines;
}

describe('openLines', () => {
  test('estimates take the scale that the survey measured for their model', async () => {
    const options = inputOf(2, { length: 400 });
    const inputTokens = async (models: OpenLinesOptions['job']['survey']['models']) => {
      const job = { ...options.job, survey: { ...options.job.survey, models } };
      return (await read({ ...options, job })).map((line) => line.inputTokens);
    };
    const [plain = 0] = await inputTokens([{ model: 'qwen-plus', lines: 2 }]);
    const scaled = await inputTokens([{ model: 'qwen-plus', lines: 2, textScale: 2 }]);
    // All but the template's 8 tokens is text.
    for (const tokens of scaled) expect(Math.abs(tokens - (8 + 2 * (plain - 8)))).toBeLessThan(2);
    expect(plain).toBeGreaterThan(100);
  });

  test('all lines but the settled ones, in order, each with what was tried before', async () => {
    const lines = await read(
      inputOf(8, {
        settled: [2, 5],
        settledTo: 1,
        prior: new Map([[3, { last: 2, counted: 1, ambiguous: 1, tooSlow: false }]]),
      }),
    );
    expect(lines.map(({ lineNo, customId }) => `${lineNo} ${customId}`)).toEqual(
      [3, 4, 6, 7, 8].map((lineNo) => `${lineNo} 评论-${lineNo}`),
    );
    expect(lines[0]?.prior).toEqual({ last: 2, counted: 1, ambiguous: 1, tooSlow: false });
    expect(lines[1]?.prior).toBeNull();
  });

  test('from wherever a run left off: the same lines', async () => {
    // Lines of 3 KB, so that the input takes several reads.
    const first = inputOf(600, { length: 1000 });
    const starts = new ChunkStarts();
    const all = await read(first, starts);
    expect(all).toHaveLength(600);
    for (const settledTo of [0, 1, 180, 350, 599]) {
      const { inputLine, inputBytes } = starts.before(settledTo);
      expect(inputLine).toBeLessThanOrEqual(settledTo + 1);
      if (settledTo >= 350) expect(inputBytes).toBeGreaterThan(0);
      const cursor = { ...CURSOR_START, line: settledTo, inputLine, inputBytes };
      const left = await read({ ...first, settledTo, cursor });
      expect(left.map(({ lineNo }) => lineNo)).toEqual(
        all.slice(settledTo).map(({ lineNo }) => lineNo),
      );
      // Not toEqual: it takes 20 s for the bytes of the bodies.
      expect(isDeepStrictEqual(left, all.slice(settledTo))).toBe(true);
    }
  });

  test('a compressed input: read from its start whatever the cursor says', async () => {
    const lines = await read(
      inputOf(20, {
        gz: true,
        settledTo: 10,
        cursor: { ...CURSOR_START, line: 10, inputLine: 9, inputBytes: 400 },
      }),
    );
    expect(lines.map(({ lineNo }) => lineNo)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  test.each([
    ['another line', lineText(99)],
    ['an invalid line', '{"custom_id":"评论-2"}\n'],
  ])(
    '%s in the place of an open one: 65 naming it; of a settled one: of no account',
    async (_name, text) => {
      const options = inputOf(3);
      writeFileSync(options.job.inputPath, `${lineText(1)}${text}${lineText(3)}`);
      await expect(read(options)).rejects.toMatchObject({
        exitCode: 65,
        message: expect.stringContaining('line 2'),
      });
      expect((await read({ ...options, settledTo: 2 })).map(({ lineNo }) => lineNo)).toEqual([3]);
    },
  );

  test('a smaller --max-line than the job began with: 78 naming it, not a changed input', async () => {
    await expect(read(inputOf(3, { maxLineBytes: 20 }))).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('--max-line 20'),
      hint: expect.stringContaining('--max-line 32MiB'),
    });
    const options = inputOf(3, { maxLineBytes: 20 });
    const job = { ...options.job, runFlags: { 'max-line': '64MiB' } };
    await expect(read({ ...options, job })).rejects.toMatchObject({
      hint: expect.stringContaining('--max-line 64MiB'),
    });
  });

  test('cut off while the job runs: 65, after the lines that are still there', async () => {
    const options = inputOf(3);
    writeFileSync(options.job.inputPath, lineText(1));
    const given: number[] = [];
    const reading = (async () => {
      for await (const chunk of openLines(options, new ChunkStarts()))
        given.push(...chunk.lines.map(({ lineNo }) => lineNo));
    })();
    await expect(reading).rejects.toMatchObject({ exitCode: 65 });
    expect(given).toEqual([1]);
  });

  test('appended to while the job runs: what the survey has not seen is not sent', async () => {
    const options = inputOf(3);
    writeFileSync(options.job.inputPath, [1, 2, 3, 4].map((lineNo) => lineText(lineNo)).join(''));
    expect((await read(options)).map(({ lineNo }) => lineNo)).toEqual([1, 2, 3]);
  });
});

describe('openLines: the lines of one model, a second time', () => {
  /** Reads them after the whole input was read once, as a job does; `fromLine` is asked for each chunk. */
  async function readAgain(options: OpenLinesOptions, fromLine: () => number) {
    const starts = new ChunkStarts();
    await read(options, starts);
    const chunks = [];
    for await (const chunk of openLines(options, starts, { model: 'qwen-max', fromLine }))
      chunks.push({ ...chunk, lines: chunk.lines.map(({ lineNo }) => lineNo) });
    return { chunks, lines: chunks.flatMap(({ lines }) => lines) };
  }
  const ofModel = (first: number, last: number): number[] =>
    Array.from({ length: last - first + 1 }, (_, at) => first + at).filter(
      (lineNo) => modelOf(lineNo) === 'qwen-max',
    );

  test.each([false, true])(
    'from a line in the middle (compressed: %s): those that are open, and every chunk says how far it has come',
    async (gz) => {
      const options = inputOf(600, { length: 1000, gz, settled: [402, 405], settledTo: 10 });
      const { chunks, lines } = await readAgain(options, () => 400);
      expect(lines).toEqual(ofModel(400, 600).filter((one) => one !== 402 && one !== 405));
      const ends = chunks.map(({ nextLineNo }) => nextLineNo);
      expect(ends).toEqual(ends.toSorted((one, other) => one - other));
      expect(ends.at(-1)).toBe(601);
      for (const [at, { lines: own }] of chunks.entries()) {
        expect(own.every((one) => one < (ends[at] ?? 0))).toBe(true);
        expect(own.every((one) => one >= (ends[at - 1] ?? 1))).toBe(true);
      }
      // Not from the start, where it can begin in the middle.
      expect(chunks[0]?.nextLineNo ?? 0).toBeGreaterThan(gz ? 1 : 350);
    },
  );

  test('what is wanted begins further on meanwhile: the lines before it are left out', async () => {
    let asked = 0;
    const options = inputOf(600, { length: 1000 });
    const { lines } = await readAgain(options, () => {
      asked += 1;
      return asked < 4 ? 1 : 500;
    });
    const left = ofModel(1, 600).filter((one) => !lines.includes(one));
    expect(left.length).toBeGreaterThan(50);
    expect(left.every((one) => one < 500)).toBe(true);
  });

  test.each([
    ['another line', (lineNo: number) => lineText(lineNo + 1000)],
    ['a blank line', () => '\n'],
  ])('%s in the place of one that waits: 65 naming it', async (_name, textOf) => {
    const options = inputOf(30);
    const starts = new ChunkStarts();
    await read(options, starts);
    const texts = Array.from({ length: 30 }, (_, at) => lineText(at + 1));
    texts[20] = textOf(21);
    writeFileSync(options.job.inputPath, texts.join(''));
    const again = openLines(options, starts, { model: 'qwen-max', fromLine: () => 15 });
    await expect(again.next()).rejects.toMatchObject({
      exitCode: 65,
      message: expect.stringContaining('line 21'),
    });
    // What stands before was opened long ago.
    const later = openLines(options, starts, { model: 'qwen-max', fromLine: () => 22 });
    expect((await later.next()).value?.lines).toHaveLength(3);
  });
});
