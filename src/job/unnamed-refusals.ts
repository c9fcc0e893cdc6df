import type { ApiFailure } from '../failure.ts';
import type { Job } from '../ledger/records.ts';

/** So many of one model, without an answer between them, and the model is refused. */
const IN_A_ROW_MOST = 10;

/** What is asked of a job: how many lines it has answered, and its models. */
type JobFacts = Pick<Job, 'answered'> & {
  readonly survey: { readonly models: readonly { readonly model: string }[] };
};

/**
 * Refusals with 403 that do not say who refuses: none of the service's codes is with them. Where the model answers other lines it
 * is a text that something on the way (a firewall) does not let through; where it has not answered yet, or many are refused one
 * after the other, it is the model.
 */
export class UnnamedRefusals {
  /** Of models that have answered: how many were refused since. */
  private readonly sinceAnswer: Map<string, number>;

  /** What earlier runs of the job had answered counts where it has one model: of several nobody knows which. */
  constructor({ answered, survey: { models } }: JobFacts) {
    const answering = answered > 0 && models.length === 1 ? models : [];
    this.sinceAnswer = new Map(answering.map(({ model }) => [model, 0]));
  }

  answered(model: string): void {
    this.sinceAnswer.set(model, 0);
  }

  /** Whether this refusal is of its line, and says nothing of the model; counts it. */
  isOfLine(model: string, { code }: Pick<ApiFailure, 'code'>): boolean {
    const before = this.sinceAnswer.get(model);
    if (code !== 'qbatch_http_403' || before === undefined) return false;
    this.sinceAnswer.set(model, before + 1);
    return before < IN_A_ROW_MOST;
  }
}
