import type { SurveyedModel, SurveyFacts } from '../ledger/records.ts';
import type { OutputSeen } from '../plan.ts';
import type { Survey } from '../survey.ts';
import type { ModelSurvey } from './survey-tally.ts';

/** The part of a survey stored with the job; `outputSeen` is what it was based on. Pure. */
export function surveyFacts(survey: Survey, outputSeen: OutputSeen): SurveyFacts {
  let inputTokens = 0;
  let outputExpectedTokens = 0;
  let expectedPico = 0;
  for (const entry of survey.models.values()) {
    inputTokens += entry.inputTokens;
    outputExpectedTokens += entry.outputExpectedTokens;
    expectedPico += entry.expectedPico;
  }
  return {
    lines: survey.lines,
    valid: survey.valid,
    invalid: survey.invalid,
    inputTokens,
    outputExpectedTokens,
    expectedPico,
    models: [...survey.models].map(([model, entry]) => surveyedModel(model, entry, outputSeen)),
  };
}

function surveyedModel(
  model: string,
  { lines, expectedPico, textScale, countedLines }: ModelSurvey,
  outputSeen: OutputSeen,
): SurveyedModel {
  const seen = [outputSeen(model, false), outputSeen(model, true)] as const;
  return {
    model,
    lines,
    expectedPico,
    ...(countedLines > 0 && { textScale }),
    ...(seen.some((mean) => mean !== null) && { outputSeen: seen }),
  };
}

/**
 * The lengths the survey was based on: a line's expected cost must be the same in every run of its job, or it could not be
 * compared with the survey's sum.
 */
export function outputSurveyed({ models }: SurveyFacts): OutputSeen {
  const seen = new Map(models.map(({ model, outputSeen }) => [model, outputSeen]));
  return (model, thinking) => seen.get(model)?.[thinking ? 1 : 0] ?? null;
}
