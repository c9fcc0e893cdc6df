import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { nothingSeen } from '../src/plan.ts';
import { createPricing } from '../src/pricing.ts';
import { surveyInput } from '../src/survey.ts';
import { defaultsOf } from './helpers/parse-text.ts';
import { tempFolder } from './helpers/temp-ledger.ts';

const MIB = 1024 * 1024;
const LINES = 48;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What the problems of a file keep alive, beside what was there before. */
async function keptBytes(lineOf: (index: number) => object): Promise<{
  kept: number;
  ids: (string | null)[];
}> {
  const path = join(tempFolder(), 'wrong.jsonl');
  writeFileSync(
    path,
    Array.from({ length: LINES }, (_, index) => `${JSON.stringify(lineOf(index))}\n`).join(''),
  );
  const defaults = defaultsOf({ model: 'qwen-plus' });
  const pricing = createPricing(defaults.catalog, 'cn', 'CNY');
  collect();
  const before = process.memoryUsage().heapUsed;
  const survey = await surveyInput(path, {
    maxLineBytes: 32 * MIB,
    defaults,
    pricing,
    outputSeen: nothingSeen,
  });
  collect();
  const kept = process.memoryUsage().heapUsed - before;
  expect(survey.invalid).toBe(LINES);
  return { kept, ids: survey.problems.map(({ custom_id: id }) => id) };
}

test('wrong lines with ids of a mebibyte: their problems keep the beginning of each', async () => {
  const { kept, ids } = await keptBytes((index) => ({
    custom_id: `${index}-${'长'.repeat(MIB / 3)}`,
    prompt: 5,
  }));
  expect(kept).toBeLessThan(8 * MIB);
  expect(new Set(ids).size).toBe(LINES);
  expect(ids[7]).toMatch(/^7-长+…$/);
});

test('wrong lines of a mebibyte with short ids: an id is no window on its whole line', async () => {
  const { kept, ids } = await keptBytes((index) => ({
    custom_id: `an id of some length, number ${index}`,
    prompt: 5,
    metadata: { note: 'x'.repeat(MIB) },
  }));
  expect(kept).toBeLessThan(8 * MIB);
  expect(ids).toContain('an id of some length, number 7');
});

test('an id with half a pair is told as the files have it', async () => {
  const { ids } = await keptBytes((index) => ({ custom_id: `\ud83d${index}`, prompt: 5 }));
  expect(ids).toContain('\ufffd7');
});
