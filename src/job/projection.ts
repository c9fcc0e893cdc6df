import { type EstimateSums, NO_SUMS } from '../ledger/estimates.ts';
import type { SurveyFacts } from '../ledger/records.ts';
import { TELLING_ANSWERS } from './expectations.ts';

type AnswerSums = Pick<EstimateSums, 'lines' | 'picoEstimated' | 'picoActual'>;

/** Actual against estimated cost of answers. With fewer than 20 the estimate weighs as one more answer. */
function costRatio({ lines, picoEstimated, picoActual }: AnswerSums): number {
  if (lines === 0 || picoEstimated <= 0) return 1;
  const assumed = lines < TELLING_ANSWERS ? picoEstimated / lines : 0;
  return (picoActual + assumed) / (picoEstimated + assumed);
}

/** Each model's answers, thinking or not, over all runs. */
function sumsByModel(sums: readonly EstimateSums[]): ReadonlyMap<string, AnswerSums> {
  const byModel = new Map<string, AnswerSums>();
  for (const { model, lines, picoEstimated, picoActual } of sums) {
    const before = byModel.get(model) ?? NO_SUMS;
    byModel.set(model, {
      lines: before.lines + lines,
      picoEstimated: before.picoEstimated + picoEstimated,
      picoActual: before.picoActual + picoActual,
    });
  }
  return byModel;
}

/**
 * The open lines by model: those surveyed and not yet answered. If some failed, their models are unknown, so all models
 * share them in proportion. Pure.
 */
export function openByModel(
  survey: SurveyFacts,
  sums: readonly EstimateSums[],
  openLines: number,
): ReadonlyMap<string, number> {
  const answers = sumsByModel(sums);
  const left = survey.models.map(({ model, lines }): [string, number] => [
    model,
    Math.max(0, lines - (answers.get(model)?.lines ?? 0)),
  ]);
  const all = left.reduce((sum, [, lines]) => sum + lines, 0);
  const share = all === 0 ? 0 : Math.min(1, openLines / all);
  return new Map(left.map(([model, lines]) => [model, lines * share]));
}

/**
 * The projected cost of the open lines, in pico-units: each model's part of the survey's estimate that is not answered yet,
 * times the ratio of its answers' costs to their estimates. Failed lines are not part of `openLines` and so cost nothing.
 * Pure.
 */
export function openPico(
  survey: SurveyFacts,
  sums: readonly EstimateSums[],
  openLines: number,
): number {
  const answers = sumsByModel(sums);
  let pico = 0;
  let lines = 0;
  for (const model of survey.models) {
    const answered = answers.get(model.model) ?? NO_SUMS;
    const left = Math.max(0, model.lines - answered.lines);
    if (left === 0) continue;
    // A survey by an older version has no figures per model.
    const expected =
      model.expectedPico ?? (survey.expectedPico * model.lines) / Math.max(1, survey.valid);
    pico += Math.max(0, expected - answered.picoEstimated) * costRatio(answered);
    lines += left;
  }
  return lines === 0 ? 0 : (pico * Math.min(openLines, lines)) / lines;
}
