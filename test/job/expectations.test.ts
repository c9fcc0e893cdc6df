import { describe, expect, test } from 'vitest';
import { Expectations, outputSeenIn } from '../../src/job/expectations.ts';
import { sizesKey } from '../../src/ledger/estimates.ts';
import { OutputSizes } from '../../src/models/output-sizes.ts';
import { plannedLine } from '../helpers/planned-line.ts';
import { usageOf } from '../helpers/temp-ledger.ts';

/** 1 pico an input token, 10 an output token, 40 where thinking; `free` has no price. */
const PRICING = {
  estimatePico: (
    model: string,
    { input, output, thinking }: { input: number; output: number; thinking: boolean },
  ): number | null => (model === 'free' ? null : input + output * (thinking ? 40 : 10)),
};

const LINE = plannedLine(1, {
  inputTokens: 100,
  outputExpectedTokens: 512,
  outputMaxTokens: 8_000,
  estimatedPico: 5_220,
});

function seenOf(tokens: readonly number[]): OutputSizes {
  const sizes = new OutputSizes();
  for (const size of tokens) sizes.add(size);
  return sizes;
}

function answer(expectations: Expectations, output: number, input = 100): void {
  const usage = usageOf({ inputTokens: input, outputTokens: output });
  expectations.answered(LINE, usage, input + output * 10);
}

describe('reserve', () => {
  test('before anything was seen: the line by its own estimate', () => {
    expect(new Expectations(PRICING, new Map()).reserve(LINE)).toEqual({
      tokens: 612,
      pico: 100 + 512 * 10,
    });
  });

  test('while little was seen, the longest answer counts where it is longer', () => {
    const expectations = new Expectations(PRICING, new Map());
    answer(expectations, 3);
    expect(expectations.reserve(LINE).tokens).toBe(612);
    answer(expectations, 2_048);
    const { tokens } = expectations.reserve(LINE);
    expect(tokens).toBeGreaterThanOrEqual(100 + 2_048);
    expect(tokens).toBeLessThanOrEqual(100 + 2_048 * 1.1);
  });

  test('once 20 were seen, the 99th percentile of them, and less than was assumed', () => {
    const expectations = new Expectations(PRICING, new Map());
    for (let nth = 0; nth < 400; nth += 1) answer(expectations, nth === 0 ? 7_000 : 300);
    const { tokens, pico } = expectations.reserve(LINE);
    expect(tokens).toBeGreaterThanOrEqual(100 + 300);
    expect(tokens).toBeLessThanOrEqual(100 + 330);
    expect(pico).toBe(100 + (tokens - 100) * 10);
  });

  test('the measured offset of the input, once 20 say so', () => {
    const expectations = new Expectations(PRICING, new Map());
    for (let nth = 0; nth < 19; nth += 1) answer(expectations, 10, 150);
    expect(expectations.reserve({ ...LINE, outputMaxTokens: 0 }).tokens).toBe(100);
    answer(expectations, 10, 150);
    expect(expectations.reserve({ ...LINE, outputMaxTokens: 0 }).tokens).toBe(150);
  });

  test('never more than the call can take, and each choice counts', () => {
    const expectations = new Expectations(PRICING, new Map([['qwen-plus', seenOf([4_000])]]));
    expect(expectations.reserve({ ...LINE, outputMaxTokens: 50 }).tokens).toBe(150);
    const three = expectations.reserve({ ...LINE, choices: 3, outputMaxTokens: null }).tokens;
    expect(three).toBeGreaterThanOrEqual(100 + 3 * 4_000);
    expect(expectations.reserve({ ...LINE, outputMaxTokens: null }).tokens).toBeLessThan(three / 2);
  });

  test('thinking answers are counted and priced apart', () => {
    const seen = new Map([
      [sizesKey('qwen-plus', true), seenOf([6_000])],
      [sizesKey('qwen-plus', false), seenOf([600])],
    ]);
    const expectations = new Expectations(PRICING, seen);
    const thought = expectations.reserve({ ...LINE, thinking: true });
    expect(thought.tokens).toBeGreaterThanOrEqual(6_100);
    expect(thought.pico).toBe(100 + (thought.tokens - 100) * 40);
    expect(expectations.reserve(LINE).tokens).toBeLessThan(800);
  });

  test('without a price: no money, but tokens', () => {
    const line = { ...LINE, model: 'free', estimatedPico: null };
    expect(new Expectations(PRICING, new Map()).reserve(line)).toEqual({ tokens: 612, pico: null });
  });
});

describe('answered', () => {
  test('sums what was expected beside what came; without usage, nothing', () => {
    const expectations = new Expectations(PRICING, new Map());
    answer(expectations, 30, 110);
    answer(expectations, 50, 90);
    expectations.answered(LINE, null, null);
    const [record, ...others] = expectations.records();
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      model: 'qwen-plus',
      thinking: false,
      lines: 2,
      inputEstimated: 200,
      inputActual: 200,
      outputEstimated: 1_024,
      outputActual: 80,
      picoEstimated: 2 * 5_220,
      picoActual: 200 + 800,
    });
    expect(record?.sizes.sum).toBe(80);
  });

  test('what earlier runs saw is not written down again', () => {
    const expectations = new Expectations(PRICING, new Map([['qwen-plus', seenOf([1, 2, 3])]]));
    expect(expectations.records()).toEqual([]);
    answer(expectations, 30);
    expect(expectations.records()[0]?.sizes.sum).toBe(30);
  });
});

test('outputSeenIn: a mean once 20 answers of that kind were seen', () => {
  const few = Array.from({ length: 19 }, () => 40);
  const seen = outputSeenIn(
    new Map([
      ['qwen-plus', seenOf(few)],
      ['qwen-max', seenOf([...few, 60])],
    ]),
  );
  expect(seen('qwen-plus', false)).toBeNull();
  expect(seen('qwen-max', false)).toBe(41);
  expect(seen('qwen-max', true)).toBeNull();
});
