import type { SurveyFacts } from '../ledger/records.ts';
import type { Survey } from '../survey.ts';

/** What of a survey is kept with the job. Pure. */
export function surveyFacts(survey: Survey): SurveyFacts {
  const models = [...survey.models].map(([model, { lines, expectedPico }]) => ({
    model,
    lines,
    expectedPico,
  }));
  let inputTokens = 0;
  let outputExpectedTokens = 0;
  let expectedPicoSum = 0;
  for (const entry of survey.models.values()) {
    inputTokens += entry.inputTokens;
    outputExpectedTokens += entry.outputExpectedTokens;
    expectedPicoSum += entry.expectedPico;
  }
  return {
    lines: survey.lines,
    valid: survey.valid,
    invalid: survey.invalid,
    inputTokens,
    outputExpectedTokens,
    expectedPico: expectedPicoSum,
    models,
  };
}
