import type { ApiFailure } from '../failure.ts';
import type { Job } from '../ledger/records.ts';

/** This many of one model without an answer in between mean that the model is refused. */
const IN_A_ROW_MOST = 10;

/** The facts needed of a job: how many lines it has answered, and its models. */
type JobFacts = Pick<Job, 'answered'> & {
  readonly survey: { readonly models: readonly { readonly model: string }[] };
};

/**
 * 403 refusals that do not say who refuses: without any of the service's codes. If the model answers other lines, something
 * on the way (a firewall) rejects the text; if it has not answered yet, or many are refused in a row, the model is refused.
 */
export class UnnamedRefusals {
  /** For models that have answered: refusals since the last answer. */
  private readonly sinceAnswer: Map<string, number>;

  /** Answers of earlier runs count if the job has one model: with several it is unknown whose they were. */
  constructor({ answered, survey: { models } }: JobFacts) {
    const answering = answered > 0 && models.length === 1 ? models : [];
    this.sinceAnswer = new Map(answering.map(({ model }) => [model, 0]));
  }

  answered(model: string): void {
    this.sinceAnswer.set(model, 0);
  }

  /** Whether this refusal concerns its line only, and not the model; counts it. */
  isOfLine(model: string, { code }: Pick<ApiFailure, 'code'>): boolean {
    const before = this.sinceAnswer.get(model);
    if (code !== 'qbatch_http_403' || before === undefined) return false;
    this.sinceAnswer.set(model, before + 1);
    return before < IN_A_ROW_MOST;
  }
}
