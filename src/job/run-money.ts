import type { Clock } from '../clock.ts';
import {
  type EstimateSums,
  estimateSums,
  putEstimates,
  type SeenSizes,
} from '../ledger/estimates.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { UNCERTAIN, UNCERTAIN_PICO } from '../ledger/possibly-billed.ts';
import type { Job } from '../ledger/records.ts';
import { Budget } from '../limits/budget.ts';
import { parseAmountPico } from '../models/price.ts';
import type { OutputSeen } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import type { Settings } from '../settings.ts';
import { Expectations, TELLING_ANSWERS } from './expectations.ts';
import { openByModel, openPico } from './projection.ts';
import { outputSurveyed } from './survey-facts.ts';

/** Estimates are stored this often, so that a crash loses little. */
const WRITE_EVERY_MS = 10_000;

/** As the cap counts it: including answers without usage. */
function possiblyBilledPico(ledger: Ledger, job: Job): number {
  const sum = ledger.database
    .prepare(
      `SELECT coalesce(sum(${UNCERTAIN_PICO}), 0) FROM attempts a
       WHERE a.job_id = ? AND (${UNCERTAIN} OR (a.class = 'answered' AND a.cost_pico IS NULL))`,
    )
    .pluck()
    .get(job.id);
  return Number(sum);
}

/** The money of one run: the cap, the expected cost of calls, and how it compares with the actual cost. */
export class RunMoney {
  readonly budget: Budget;
  readonly expectations: Expectations;
  /** The answer lengths expected when the job was surveyed. */
  readonly outputSeen: OutputSeen;
  private readonly ledger: Ledger;
  private readonly job: Job;
  private readonly clock: Clock;
  /** Sums of the job's earlier runs. */
  private readonly before: readonly EstimateSums[];
  private writtenMs: number;

  constructor(options: {
    readonly ledger: Ledger;
    readonly job: Job;
    readonly clock: Clock;
    readonly pricing: Pricing;
    readonly seen: SeenSizes;
    readonly settings: Pick<Settings, 'maxCost'>;
  }) {
    const { ledger, job, clock, pricing, seen, settings } = options;
    this.ledger = ledger;
    this.job = job;
    this.clock = clock;
    const cap = settings.maxCost === undefined ? null : Number(parseAmountPico(settings.maxCost));
    const uncertain = cap === null ? 0 : possiblyBilledPico(ledger, job);
    this.budget = new Budget(cap, Number(job.costPico), uncertain);
    this.outputSeen = outputSurveyed(job.survey);
    this.expectations = new Expectations(pricing, seen);
    this.before = estimateSums(ledger.database, job.id);
    this.writtenMs = clock.monotonicMs();
  }

  /** The projected cost of `openLines` open lines, in pico-units, from the answers so far and the survey. */
  openPico(openLines: number): number {
    return openPico(this.job.survey, this.sums(), openLines);
  }

  /** The same; null while there are too few answers. */
  projectedPico(openLines: number): number | null {
    const answered = this.sums().reduce((sum, { lines }) => sum + lines, 0);
    return answered < TELLING_ANSWERS ? null : this.openPico(openLines);
  }

  /** The open lines by model. */
  openByModel(openLines: number): ReadonlyMap<string, number> {
    return openByModel(this.job.survey, this.sums(), openLines);
  }

  /** How many models have open lines. After a killed run, lines answered in its last seconds count as open. */
  modelsLeft(openLines: number): number {
    return [...this.openByModel(openLines).values()].filter((lines) => lines > 0).length;
  }

  private sums(): readonly EstimateSums[] {
    return [...this.before, ...this.expectations.sums()];
  }

  /** Joins a commit, now and then. */
  writeIfDue(run: number): void {
    const now = this.clock.monotonicMs();
    if (now - this.writtenMs < WRITE_EVERY_MS) return;
    this.writtenMs = now;
    this.write(run);
  }

  /** Writes the rest, in a transaction of its own. */
  finish(run: number): void {
    this.ledger.transact(() => {
      this.write(run);
    });
  }

  private write(run: number): void {
    putEstimates(this.ledger, { jobId: this.job.id, run }, this.expectations.records());
  }
}
