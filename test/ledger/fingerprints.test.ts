import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  fingerprintReader,
  firstChangedLine,
  putFingerprints,
} from '../../src/ledger/fingerprints.ts';
import { nothingSeen } from '../../src/plan.ts';
import { createPricing } from '../../src/pricing.ts';
import { surveyInput } from '../../src/survey.ts';
import { defaultsOf } from '../helpers/parse-text.ts';
import { addJob, openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

const MAX = 1024 * 1024;
const lineOf = (lineNo: number): string =>
  JSON.stringify({ custom_id: `评论-${lineNo}`, prompt: `第 ${lineNo} 条` });

/** A job that was surveyed with these lines, and its input, to be changed. */
async function surveyed(lines: readonly string[]) {
  const folder = tempFolder();
  const ledger = openTempLedger(folder);
  const path = join(folder, 'reviews.jsonl');
  const write = (now: readonly string[]): void => {
    writeFileSync(path, now.map((line) => `${line}\n`).join(''));
  };
  write(lines);
  const job = addJob(ledger, folder, { lastLineNo: lines.length });
  const defaults = defaultsOf({ model: 'qwen-plus' });
  const blocks: [number, Buffer][] = [];
  await surveyInput(path, {
    maxLineBytes: MAX,
    defaults,
    pricing: createPricing(defaults.catalog, 'cn', 'CNY'),
    outputSeen: nothingSeen,
    onFingerprints: (block, bytes) => blocks.push([block, Buffer.from(bytes)]),
  });
  ledger.transact(() => {
    for (const [block, bytes] of blocks) putFingerprints(ledger, job.id, block, bytes);
  });
  return {
    write,
    first: () => firstChangedLine(ledger.database, job, path, MAX),
    reader: fingerprintReader(ledger.database, job.id),
  };
}

describe('firstChangedLine', () => {
  const LINES = Array.from({ length: 5000 }, (_, index) =>
    index % 10 === 4 ? '' : lineOf(index + 1),
  );

  test.each([
    ['a changed line', (lines: string[]) => lines.with(4321, lineOf(9999)), 4322],
    ['a line put in between', (lines: string[]) => lines.toSpliced(10, 0, lineOf(9999)), 11],
    ['a line taken out', (lines: string[]) => lines.toSpliced(7, 1), 8],
    ['a blank line put in', (lines: string[]) => lines.toSpliced(2, 0, ''), 3],
    ['a line made blank', (lines: string[]) => lines.with(0, ''), 1],
    ['a blank line filled', (lines: string[]) => lines.with(4, lineOf(9999)), 5],
    ['white space within a line', (lines: string[]) => lines.with(1, ` ${lines[1]}`), 2],
    ['lines added at the end', (lines: string[]) => [...lines, lineOf(5001)], 5001],
    ['lines cut off at the end', (lines: string[]) => lines.slice(0, 4990), 4991],
  ])('%s: its number', async (_name, change, expected) => {
    const { write, first } = await surveyed(LINES);
    write(change([...LINES]));
    expect(await first()).toBe(expected);
  });

  test('fingerprintReader: null for blank lines and for lines beyond the input', async () => {
    const { reader } = await surveyed([lineOf(1), '', lineOf(3)]);
    expect([1, 2, 3, 4, 4097].map((lineNo) => reader(lineNo) !== null)).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });
});
