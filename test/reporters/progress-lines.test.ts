import fc from 'fast-check';
import { expect, test } from 'vitest';
import { progressLines } from '../../src/reporters/progress-lines.ts';
import { spendText } from '../../src/reporters/progress-text.ts';
import { textWidth } from '../../src/reporters/text-width.ts';
import { progress } from './sample-events.ts';

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const count = fc.nat({ max: 50_000_000 });

test('progressLines: any numbers and any width from 10, neither line is wider', () => {
  const anyProgress = fc.record({
    total: count,
    answered: count,
    failed: count,
    rejected: count,
    inFlight: count,
    rpm: fc.double({ min: 0, max: 1e9 }),
    tpm: fc.double({ min: 0, max: 1e12 }),
    rpmLimit: nullable(count),
    tpmLimit: nullable(count),
    cost: nullable(fc.constantFrom('0.000000', '0.001200', '123456789.123456')),
    maxCost: nullable(fc.constantFrom('5.000000', '123456789.000000')),
    possiblyBilled: nullable(fc.constantFrom('0.000000', '0.000496')),
    etaMs: nullable(count),
    slow: nullable(fc.string({ unit: 'grapheme' })),
    throttled: count,
  });
  fc.assert(
    fc.property(anyProgress, fc.integer({ min: 10, max: 200 }), (over, columns) => {
      for (const line of progressLines(progress(over), { columns, color: false })) {
        expect(textWidth(line)).toBeLessThanOrEqual(columns);
      }
    }),
  );
});

test('progressLines: a narrow terminal, what is done and what failed outlive the rest', () => {
  const [counts] = progressLines(progress(), { columns: 22, color: false });
  expect(counts).toBe('412/1,000  3 failed');
});

test('progressLines: 80 columns, every count and the reason have room', () => {
  const [counts, pace] = progressLines(progress({ slow: 'qwen-plus paused 12 s' }), {
    columns: 80,
    color: false,
  });
  expect(counts).toMatch(
    /^\[.+\] {2}41% {2}412\/1,000 {2}409 answered {2}3 failed {2}12 in flight/u,
  );
  expect(counts).toContain('ETA 3m 12s');
  expect(pace.endsWith('qwen-plus paused 12 s')).toBe(true);
});

test('progressLines: nothing known yet, nothing is made up', () => {
  const unknown = { rpmLimit: null, tpmLimit: null, cost: null, costProjected: null, etaMs: null };
  const lines = progressLines(progress({ ...unknown, total: 0, answered: 0, failed: 0 }), {
    columns: 100,
    color: false,
  });
  expect(lines.join('\n')).not.toMatch(/ETA|CNY|NaN|null|Infinity/u);
  expect(lines[0]).toContain('100%  0/0');
});

test('spendText: what may have been billed stands apart, beside the cap that counts it; what has no price is counted', () => {
  expect(spendText(progress())).toBe('1.23 of ~4.31 CNY');
  expect(spendText(progress({ maxCost: '5.000000', possiblyBilled: '0.000000' }))).toBe(
    '1.23 of ~4.31 CNY, cap 5.00',
  );
  expect(
    spendText(progress({ maxCost: '5.000000', possiblyBilled: '0.020000', costProjected: null })),
  ).toBe('1.23 CNY (+0.0200 possibly billed), cap 5.00');
  expect(
    spendText(
      progress({
        cost: null,
        costProjected: null,
        maxCost: '5.000000',
        possiblyBilled: '0.250000',
      }),
    ),
  ).toBe('0.00 CNY (+0.25 possibly billed), cap 5.00');
  expect(spendText(progress({ cost: null, costProjected: null }))).toBe('');
  expect(spendText(progress({ unpricedLines: 1_200 }))).toBe('1.23 of ~4.31 CNY, 1,200 unpriced');
});
