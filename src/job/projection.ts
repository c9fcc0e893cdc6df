import type { EstimateSums } from '../ledger/estimates.ts';
import type { SurveyFacts } from '../ledger/records.ts';
import { TELLING_ANSWERS } from './expectations.ts';

/** What answers cost against their estimates. Below 20 of them the estimate counts as one answer more. */
function costRatio(answered: number, estimated: number, actual: number): number {
  if (answered === 0 || estimated <= 0) return 1;
  const assumed = answered < TELLING_ANSWERS ? estimated / answered : 0;
  return (actual + assumed) / (estimated + assumed);
}

/**
 * What the lines that are still open will cost, in pico-units: each model's share of the survey's
 * estimate that is not answered yet, times what its answers cost against their own estimates. Lines that failed are no part of `openLines` and so take nothing. Pure.
 */
export function openPico(
  survey: SurveyFacts,
  sums: readonly EstimateSums[],
  openLines: number,
): number {
  let pico = 0;
  let lines = 0;
  for (const model of survey.models) {
    const own = sums.filter((sum) => sum.model === model.model);
    const answered = own.reduce((sum, each) => sum + each.lines, 0);
    const estimated = own.reduce((sum, each) => sum + each.picoEstimated, 0);
    const actual = own.reduce((sum, each) => sum + each.picoActual, 0);
    const ratio = costRatio(answered, estimated, actual);
    const left = Math.max(0, model.lines - answered);
    // A survey of an older version says nothing of single models.
    const expected =
      model.expectedPico ?? (survey.expectedPico * model.lines) / Math.max(1, survey.valid);
    const meanLeft = left === 0 ? 0 : Math.max(0, expected - estimated) / left;
    pico += left * meanLeft * ratio;
    lines += left;
  }
  return lines === 0 ? 0 : (pico * Math.min(openLines, lines)) / lines;
}
