import type { SurveyFacts } from '../ledger/records.ts';
import { surveyedModels } from './survey-tally.ts';
import type { Survey } from '../survey.ts';

/** What of a survey is kept with the job. Pure. */
export function surveyFacts(survey: Survey): SurveyFacts {
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
    models: surveyedModels(survey.models),
  };
}
