import type { Clock } from '../clock.ts';
import { unpricedLines } from '../ledger/job-summary.ts';
import type { Batch, Job, LineState } from '../ledger/records.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { Outage } from '../limits/outages.ts';
import type { LanePace } from '../limits/pace-event.ts';
import { formatPico } from '../models/price.ts';
import { oneLine } from '../reporters/one-line.ts';
import type { Progress } from '../reporters/reporter.ts';
import { type ModelLeft, remainingMs } from './remaining-time.ts';
import type { RunMoney } from './run-money.ts';
import type { RunOptions } from './run-options.ts';

/** Rates are averaged over this many whole seconds. */
const RATE_SECONDS = 15;
const THROTTLED_CODES = /throttl|limit|quota/i;

/** With fewer lines of a model in that time, its speed is averaged over the whole run. */
const TELLING_LINES = 5;
/** Above this share of the slots in use, calls wait for slots; a lane that starts this share of its pace does not. */
const SLOTS_TAKEN = 0.95;
const PACE_USED = 0.8;

type Second = {
  at: number;
  calls: number;
  tokens: number;
  settled: number;
  readonly settledOf: Map<string, number>;
};

/** Why it is not faster: an outage of the whole service, else the model paused longest; null: nothing to say. */
function slowText(outage: Outage | null, paces: readonly LanePace[]): string | null {
  if (outage !== null) {
    const time = `for ${Math.ceil(outage.forMs / 1000)} s`;
    const reason = oneLine(outage.reason);
    return outage.kind === 'unreachable'
      ? `no call has reached the service ${time}: ${reason}`
      : `every call has failed ${time}: ${reason}`;
  }
  const paused = paces
    .filter(({ pausedMs }) => pausedMs > 500)
    .toSorted((a, b) => b.pausedMs - a.pausedMs)[0];
  if (paused === undefined) return null;
  return `${paused.model} paused ${Math.ceil(paused.pausedMs / 1000)} s: the service throttles it`;
}

/** Counts what commits bring, and computes the numbers that reporters show. */
export class ProgressMeter {
  private readonly clock: Clock;
  private readonly job: Job;
  private readonly startedMs: number;
  private readonly seconds: Second[] = [];
  /** Lines settled by this run, by model. */
  private readonly settledOf: Map<string, number> = new Map();
  private readonly counts: Record<LineState, number>;
  private costPico: bigint;
  private unpriced: number;
  private throttled = 0;

  constructor({ clock, job, ledger }: Pick<RunOptions, 'clock' | 'job' | 'ledger'>) {
    this.clock = clock;
    this.job = job;
    this.startedMs = clock.monotonicMs();
    const { answered, failed, rejected } = job;
    this.counts = { answered, failed, rejected };
    this.costPico = job.costPico;
    this.unpriced = unpricedLines(ledger.database, job.id);
  }

  get elapsedMs(): number {
    return Math.round(this.clock.monotonicMs() - this.startedMs);
  }

  /** Lines with a record, over all runs. */
  get settled(): number {
    const { answered, failed, rejected } = this.counts;
    return answered + failed + rejected;
  }

  /** Lines without a record. */
  get open(): number {
    return Math.max(0, this.job.lineCount - this.settled);
  }

  /** Failed and settled lines among those sent, over all runs. */
  get sentCounts(): { failed: number; settled: number } {
    const { answered, failed } = this.counts;
    return { failed, settled: answered + failed };
  }

  add(batch: Batch): void {
    const second = this.second();
    second.settled += batch.settled.length;
    for (const end of batch.ends) {
      // The service does not count what was never sent.
      if (end.class !== 'never_sent') second.calls += 1;
      second.tokens += end.usage?.totalTokens ?? 0;
      if (end.class === 'answered') {
        if (end.costPico === null) this.unpriced += 1;
        else this.costPico += BigInt(end.costPico);
      }
      if (end.class === 'rejected' && THROTTLED_CODES.test(end.code ?? '')) this.throttled += 1;
    }
    for (const { state, model } of batch.settled) {
      this.counts[state] += 1;
      if (model === null) continue;
      for (const sums of [second.settledOf, this.settledOf])
        sums.set(model, (sums.get(model) ?? 0) + 1);
    }
  }

  /**
   * `money`: the projected cost of open lines, if it can be told yet. `inFlight`: calls that wait for a reply, as a stop tells
   * them. The limiter's also hold those whose end is not committed. `isUnlimited`: a lane whose pace is not a limit worth showing.
   */
  progress(
    limiter: Pick<Limiter, 'paces' | 'inFlight' | 'concurrency' | 'outage'>,
    at: {
      readonly money: Pick<RunMoney, 'budget' | 'projectedPico' | 'openByModel'>;
      readonly inFlight: number;
      isUnlimited(lane: LanePace): boolean;
    },
  ): Progress {
    const { open } = this;
    const { budget } = at.money;
    const openPico = at.money.projectedPico(open);
    const rates = this.rates();
    const paces = limiter.paces();
    const priced = this.costPico > 0n;
    return {
      total: this.job.lineCount,
      ...this.counts,
      inFlight: at.inFlight,
      rpm: rates.calls * 60,
      tpm: rates.tokens * 60,
      rpmLimit:
        paces.length === 0 || paces.some((lane) => at.isUnlimited(lane))
          ? null
          : paces.reduce((sum, { rpm }) => sum + rpm, 0),
      tpmLimit:
        paces.some(({ tpm }) => tpm === null) || paces.length === 0
          ? null
          : paces.reduce((sum, { tpm }) => sum + (tpm ?? 0), 0),
      cost: priced ? formatPico(this.costPico) : null,
      costProjected:
        priced && openPico !== null
          ? formatPico(this.costPico + BigInt(Math.round(openPico)))
          : null,
      unpricedLines: this.unpriced,
      maxCost: budget.capPico === null ? null : formatPico(BigInt(budget.capPico)),
      possiblyBilled:
        budget.capPico === null ? null : formatPico(BigInt(Math.round(budget.possiblyBilledPico))),
      currency: this.job.currency,
      throttled: this.throttled,
      etaMs: remainingMs(this.modelsLeft(at.money.openByModel(open), paces), {
        openLines: open,
        linesPerSecond: rates.settled,
        waitForSlots: limiter.inFlight >= limiter.concurrency * SLOTS_TAKEN,
      }),
      slow: slowText(limiter.outage(), paces),
      elapsedMs: this.elapsedMs,
    };
  }

  private second(): Second {
    const at = Math.floor(this.clock.monotonicMs() / 1000);
    const last = this.seconds.at(-1);
    if (last?.at === at) return last;
    const fresh: Second = { at, calls: 0, tokens: 0, settled: 0, settledOf: new Map() };
    this.seconds.push(fresh);
    if (this.seconds.length > RATE_SECONDS + 1) this.seconds.shift();
    return fresh;
  }

  /** What is left of each model that is still being sent. */
  private modelsLeft(
    openByModel: ReadonlyMap<string, number>,
    paces: readonly LanePace[],
  ): ModelLeft[] {
    const { recent, spanSeconds } = this.recent();
    const lanes = new Map(paces.map((lane) => [lane.model, lane]));
    const sent = [...openByModel].filter(([model]) => lanes.get(model)?.state !== 'parked');
    return sent.map(([model, openLines]) => {
      const lately = recent.reduce((sum, { settledOf }) => sum + (settledOf.get(model) ?? 0), 0);
      const inAll = (this.settledOf.get(model) ?? 0) / Math.max(1, this.elapsedMs / 1000);
      const linesPerSecond = lately >= TELLING_LINES ? lately / spanSeconds : inAll;
      const { rpm = Infinity } = lanes.get(model) ?? {};
      return { openLines, linesPerSecond, isPaced: linesPerSecond * 60 >= rpm * PACE_USED };
    });
  }

  /** The last seconds, and their number. */
  private recent(): { recent: readonly Second[]; spanSeconds: number } {
    const now = this.clock.monotonicMs() / 1000;
    return {
      recent: this.seconds.filter(({ at }) => at >= now - RATE_SECONDS - 1),
      spanSeconds: Math.min(RATE_SECONDS, Math.max(1, now - this.startedMs / 1000)),
    };
  }

  /** Per second. */
  private rates(): { calls: number; tokens: number; settled: number } {
    const { recent, spanSeconds } = this.recent();
    const sum = { calls: 0, tokens: 0, settled: 0 };
    for (const { calls, tokens, settled } of recent) {
      sum.calls += calls;
      sum.tokens += tokens;
      sum.settled += settled;
    }
    return {
      calls: sum.calls / spanSeconds,
      tokens: sum.tokens / spanSeconds,
      settled: sum.settled / spanSeconds,
    };
  }
}
