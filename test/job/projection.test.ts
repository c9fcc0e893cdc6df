import { expect, test } from 'vitest';
import { openByModel, openPico } from '../../src/job/projection.ts';
import { type EstimateSums, NO_SUMS } from '../../src/ledger/estimates.ts';
import type { SurveyFacts } from '../../src/ledger/records.ts';

const SURVEY: SurveyFacts = {
  lines: 150,
  valid: 150,
  invalid: 0,
  inputTokens: 0,
  outputExpectedTokens: 0,
  expectedPico: 100 * 10 + 50 * 100,
  models: [
    { model: 'small', lines: 100, expectedPico: 1_000 },
    { model: 'big', lines: 50, expectedPico: 5_000 },
  ],
};

function sum(fields: Partial<EstimateSums>): EstimateSums {
  return { model: 'small', thinking: false, ...NO_SUMS, ...fields };
}

test('before anything was answered: the survey, and its share where lines were refused', () => {
  expect(openPico(SURVEY, [], 150)).toBe(6_000);
  expect(openPico(SURVEY, [], 75)).toBe(3_000);
  expect(openPico(SURVEY, [], 0)).toBe(0);
});

test('each model by what its own answers took against their estimates', () => {
  const half = sum({ lines: 20, picoEstimated: 200, picoActual: 100 });
  // 80 small lines at half of 10, 50 big ones as expected.
  expect(openPico(SURVEY, [half], 130)).toBe(80 * 5 + 5_000);
});

test('of fewer than 20 answers: the estimate counts as one answer more', () => {
  const few = sum({ lines: 9, picoEstimated: 90, picoActual: 30 });
  // Nine that took 30 of 90 and one that took its 10: 0.4 of what was expected.
  expect(openPico(SURVEY, [few], 141)).toBeCloseTo(91 * 10 * 0.4 + 5_000, 6);
  const none = sum({ lines: 0 });
  expect(openPico(SURVEY, [none], 150)).toBe(6_000);
});

test('answers of several runs, thinking or not, add up', () => {
  const sums = [
    sum({ model: 'big', lines: 10, picoEstimated: 1_000, picoActual: 3_000 }),
    sum({ model: 'big', thinking: true, lines: 10, picoEstimated: 1_000, picoActual: 1_000 }),
    sum({ lines: 100, picoEstimated: 1_000, picoActual: 10 }),
  ];
  expect(openPico(SURVEY, sums, 30)).toBe(30 * 100 * 2);
});

test('a survey of an older version, without shares: by lines', () => {
  const models = SURVEY.models.map(({ model, lines }) => ({ model, lines }));
  expect(openPico({ ...SURVEY, models }, [], 150)).toBe(6_000);
});

test('open lines by model: what the survey saw and was not answered; where lines failed, each its share', () => {
  const sums = [
    sum({ lines: 40 }),
    sum({ model: 'big', lines: 10 }),
    sum({ model: 'big', thinking: true, lines: 10 }),
  ];
  expect([...openByModel(SURVEY, sums, 90)]).toEqual([
    ['small', 60],
    ['big', 30],
  ]);
  expect([...openByModel(SURVEY, sums, 60)]).toEqual([
    ['small', 40],
    ['big', 20],
  ]);
  expect([...openByModel(SURVEY, [], 0)].map(([, lines]) => lines)).toEqual([0, 0]);
});
