import type { SurveyedModel, SurveyFacts } from '../ledger/records.ts';
import type { OutputSeen } from '../plan.ts';
import type { Survey } from '../survey.ts';
import type { ModelSurvey } from './survey-tally.ts';

/** What of a survey is kept with the job; `outputSeen` is what it went by. Pure. */
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
 * What the survey went by: a line is expected to take the same in every run of its job, or what lines
 * were expected to take could not be set against the survey's sum.
 */
export function outputSurveyed({ models }: SurveyFacts): OutputSeen {
  const seen = new Map(models.map(({ model, outputSeen }) => [model, outputSeen]));
  return (model, thinking) => seen.get(model)?.[thinking ? 1 : 0] ?? null;
}
