import { openTransport, type Transport } from '../call.ts';
import { EXIT } from '../errors.ts';
import type { ApiFailure, Verdict } from '../failure.ts';
import { Limiter } from '../limits/limiter.ts';
import type { LanePace } from '../limits/pace-event.ts';
import { formatPico } from '../models/price.ts';
import { FirstReplies } from './first-replies.ts';
import type { PlannedLine } from '../plan.ts';
import { type Parking, ParkedModels } from './parked-models.ts';
import { ProgressMeter } from './progress-meter.ts';
import { dashscope } from '../protocols/dashscope.ts';
import { openai } from '../protocols/openai.ts';
import type { DispatchState } from '../reporters/reporter.ts';
import type { ModelQuota } from './quota-reply.ts';
import { RunMoney } from './run-money.ts';
import type { RunOptions } from './run-options.ts';
import { RunPace } from './run-pace.ts';
import {
  costReached,
  everyCallFailed,
  isOwnWorkspaceRefused,
  saidOfLine,
  tooManyFailures,
  unreachable,
  wrongEndpoint,
} from './stop-reasons.ts';
import { Sample } from './sample.ts';
import { ownServerOf } from './own-server.ts';
import { timeoutsOf } from './timeouts-of.ts';
import type { Stopped } from './run-stop.ts';
import { UnnamedRefusals } from './unnamed-refusals.ts';
import type { SettleContext } from '../settle/settle-context.ts';

const PROGRESS_EVERY_MS = 250;
/** As many as calls in flight can be asked for. */
const CONNECTIONS_MAX = 10_000;

/** One run's moving parts, from opened files to the summary. */
export class JobRun {
  readonly options: RunOptions;
  readonly meter: ProgressMeter;
  readonly limiter: Limiter;
  readonly pace: RunPace;
  readonly money: RunMoney;
  readonly transport: Transport;
  private readonly firstReplies: FirstReplies = new FirstReplies((failure) => {
    this.options.stop.stop(wrongEndpoint(failure, this.options.endpoint));
  });
  private readonly refusedWorkspaces: Set<string> = new Set();
  private readonly unnamedRefusals: UnnamedRefusals;
  private readonly parked: ParkedModels = new ParkedModels();
  /** A question stands on the terminal: nothing is drawn over it. */
  private asking = false;
  private cancelProgress: (() => void) | null = null;
  private cancelDuration: (() => void) | null = null;
  private cancelAsked: (() => void) | null = null;

  /** `quotas`: what the service told of them. */
  constructor(options: RunOptions, quotas: ReadonlyMap<string, ModelQuota>) {
    this.options = options;
    const { settings, clock, job, stop } = options;
    this.meter = new ProgressMeter(options);
    this.unnamedRefusals = new UnnamedRefusals(job);
    this.money = new RunMoney(options);
    this.pace = new RunPace({ ...options, quotas });
    this.limiter = new Limiter({
      clock,
      concurrency: this.pace.concurrency,
      limits: (model) => this.pace.limits(model),
      ownServer: ownServerOf(options),
      onPace: (event) => {
        this.pace.add(event);
      },
      budget: this.money.budget,
      reserve: (line) => this.money.expectations.reserve(line),
      maxUnreachableMs: settings.maxUnreachableMs,
      onUnreachable: (model, reason, failedBy) => {
        if (failedBy === undefined || failedBy === null) this.unreachable(model, reason);
        else stop.stop(everyCallFailed(failedBy, settings, options.endpoint));
      },
      onBudgetReached: (reservedPico) => {
        stop.stop(costReached(settings, job.currency, reservedPico));
      },
    });
    this.transport = openTransport({
      baseUrls: options.endpoint,
      apiKey: options.apiKey,
      // The limiter bounds the calls in flight, and may be retuned; connections are opened as they are needed.
      connectionsMax: CONNECTIONS_MAX,
      timeoutMs: timeoutsOf(settings),
      idleTimeoutMs: settings.idleTimeoutMs,
      connectTimeoutMs: settings.connectTimeoutMs,
      workspace: settings.workspace,
      proxy: options.proxy,
      clock,
    });
    stop.stopSignal.addEventListener('abort', this.onStop);
    stop.abortSignal.addEventListener('abort', this.onAbort);
  }

  private readonly onStop = (): void => {
    this.limiter.stop();
    // What is waited for is paid for; these would only be from now on.
    this.transport.dropUnsent();
    const { stop, report } = this.options;
    report({
      event: 'stopping',
      reason: stop.stopped?.message ?? 'stopped',
      // Not the limiter's, to which the call that met the stop is in flight until its end is committed.
      inFlight: this.transport.inFlight,
    });
  };

  private readonly onAbort = (): void => {
    this.transport.dropAll();
  };

  /** Why lines of parked models are still open; null where none are. */
  get stoppedModels(): Stopped | null {
    return this.parked.whyOpen;
  }

  /** The pilot of this run; null where none is wanted, or enough is answered already. */
  sample(): Sample | null {
    const { settings, job, stop } = this.options;
    const { sample } = settings;
    if (sample === undefined || job.answered + job.failed >= sample) return null;
    return new Sample(sample - job.answered - job.failed, {
      stop: stop.stopSignal,
      goOn: (lines) => this.goOnAfter(lines),
    });
  }

  context(): Omit<SettleContext, 'journal'> {
    const { settings, clock, pricing, stop, report, redact, redactJson } = this.options;
    return {
      clock,
      limiter: this.limiter,
      transport: this.transport,
      protocols: { dashscope, openai },
      pricing,
      expectations: this.money.expectations,
      maxAttempts: settings.maxAttempts,
      onAmbiguous: settings.onAmbiguous,
      stop: stop.stopSignal,
      abort: stop.abortSignal,
      failureOfUnsent: (model) => this.parked.failureOfUnsent(model),
      onAnswered: (model) => this.unnamedRefusals.answered(model),
      onStop: (line, verdict, failure) => this.stopOf(line, verdict, failure),
      firstReplies: this.firstReplies,
      redact,
      redactJson,
      report,
    };
  }

  begin(): void {
    const { settings, clock, report, stop } = this.options;
    this.pace.begin(this.limiter);
    this.options.boundGarbage?.(this.limiter.concurrency);
    this.cancelAsked =
      this.options.onStateAsked?.(() => {
        report({ event: 'dispatch-state', ...this.state() });
      }) ?? null;
    const tick = (): void => {
      this.pace.look(this.limiter);
      this.options.boundGarbage?.(this.limiter.concurrency);
      if (!this.asking) this.tellProgress();
      this.cancelProgress = clock.after(PROGRESS_EVERY_MS, tick);
    };
    this.cancelProgress = clock.after(PROGRESS_EVERY_MS, tick);
    if (settings.maxDurationMs === undefined) return;
    this.cancelDuration = clock.after(settings.maxDurationMs, () => {
      stop.stop({
        reason: 'duration',
        code: EXIT.limitReached,
        message: 'the run took as long as --max-duration allows',
      });
    });
  }

  /** Joins a commit with what is to be remembered of the run beside its lines. */
  writeIfDue(): void {
    this.pace.writeIfDue(this.limiter);
    if (this.pace.run !== null) this.money.writeIfDue(this.pace.run);
  }

  /** No further call; the trace to its end. Throws where the ledger cannot be written. */
  finishRecords(): void {
    this.limiter.stop();
    this.pace.finish(this.limiter);
    if (this.pace.run !== null) this.money.finish(this.pace.run);
  }

  async end(): Promise<void> {
    this.cancelProgress?.();
    this.cancelDuration?.();
    this.cancelAsked?.();
    const { stop } = this.options;
    stop.stopSignal.removeEventListener('abort', this.onStop);
    stop.abortSignal.removeEventListener('abort', this.onAbort);
    this.limiter.stop();
    stop.release();
    await this.transport.close();
  }

  /** What the sample says of the lines that are left, and whether the user wants them. */
  private async goOnAfter(sampleLines: number): Promise<boolean> {
    const { report, job, stop, confirmSampled } = this.options;
    const openLines = this.meter.open;
    if (openLines === 0) return true;
    const pico = this.money.openPico(openLines);
    const expected = pico === 0 ? null : formatPico(BigInt(Math.round(pico)));
    report({ event: 'sample-end', sampleLines, openLines, expected, currency: job.currency });
    this.asking = true;
    const refusal = await confirmSampled(pico, openLines);
    this.asking = false;
    if (refusal === null) return true;
    stop.stop({ reason: 'cost', code: EXIT.limitReached, message: refusal });
    return false;
  }

  private tellProgress(): void {
    const { money } = this;
    const { inFlight } = this.transport;
    const isUnlimited = (lane: LanePace): boolean => this.pace.isUnlimited(lane);
    const progress = this.meter.progress(this.limiter, { money, inFlight, isUnlimited });
    this.options.report({ event: 'progress', ...progress });
  }

  private state(): DispatchState {
    return {
      ...this.pace.state(this.limiter),
      elapsedMs: this.meter.elapsedMs,
      settled: this.meter.settled,
      total: this.options.job.lineCount,
      inFlight: this.limiter.inFlight,
      concurrency: this.limiter.concurrency,
      stopping: this.options.stop.stopped !== null,
    };
  }

  checkFailures(): void {
    const { settings, stop } = this.options;
    const why = tooManyFailures(settings.maxFailures, this.meter.sentCounts);
    if (why !== null) stop.stop(why);
  }

  private unreachable(model: string | null, reason: string | null): void {
    const { stop, settings } = this.options;
    const why = unreachable(model, reason, settings);
    if (model === null) stop.stop(why);
    else {
      const told = { code: 'qbatch_unreachable', message: why.message };
      this.park(model, { lines: 'stay open', failure: null, why }, told);
    }
  }

  private park(
    model: string,
    parking: Parking,
    told: { readonly code: string; readonly message: string },
  ): void {
    const { stop, job, report } = this.options;
    this.parked.park(model, parking);
    this.limiter.park(model);
    const why = this.parked.whyJobStops(job.survey.models.map((one) => one.model));
    if (why !== null) stop.stop(why);
    const open = [...this.money.openByModel(this.meter.open)].filter(([, lines]) => lines > 0);
    const isLeft = !this.parked.areAllParked(open.map(([name]) => name));
    const othersContinue = stop.stopped === null && isLeft;
    report({ event: 'model-parked', model, ...told, othersContinue });
  }

  /** A verdict that nothing more of this model or account can succeed (cli.md section 6). */
  private stopOf(line: PlannedLine, verdict: Verdict, failure: ApiFailure): 'open' | 'fail' {
    const { stop, job, settings } = this.options;
    if (isOwnWorkspaceRefused(line, failure, settings, this.refusedWorkspaces)) return 'fail';
    if (this.unnamedRefusals.isOfLine(line.model, failure)) return 'fail';
    const message = saidOfLine(line, failure);
    if (verdict.scope !== 'model') {
      stop.stop({ reason: verdict.class, code: EXIT.access, message });
      return 'open';
    }
    if (!this.parked.isByVerdict(line.model)) {
      const why = { reason: 'access', code: EXIT.access, message: `${line.model}, ${message}` };
      const isMissingOne =
        verdict.class === 'not_found' &&
        job.survey.models.some(({ model }) => model !== line.model);
      const parking: Parking = isMissingOne
        ? { lines: 'fail', failure }
        : { lines: 'stay open', failure, why };
      this.park(line.model, parking, { code: failure.code, message: failure.message });
    }
    // By the first verdict: a line left open while the others fail would be open with nothing that says why.
    return this.parked.failureOfUnsent(line.model) === null ? 'open' : 'fail';
  }
}
