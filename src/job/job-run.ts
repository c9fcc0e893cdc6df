import { openTransport, type Transport } from '../call.ts';
import type { Clock } from '../clock.ts';
import { EXIT } from '../errors.ts';
import type { ApiFailure, Verdict } from '../failure.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job } from '../ledger/records.ts';
import { Budget } from '../limits/budget.ts';
import { AUTO_CALLS_MAX } from '../limits/call-cap.ts';
import { Limiter } from '../limits/limiter.ts';
import type { LineDefaults } from '../input/request-parts.ts';
import type { Catalog } from '../models/catalog.ts';
import { parseAmountPico } from '../models/price.ts';
import type { Scope } from '../models/scope.ts';
import { FirstReplies } from './first-replies.ts';
import { callsInFlight, paceLimits } from './pace-limits.ts';
import type { PlannedLine } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import { ProgressMeter } from './progress-meter.ts';
import { dashscope, foldDashscope } from '../protocols/dashscope.ts';
import { openai } from '../protocols/openai.ts';
import { oneLine } from '../reporters/one-line.ts';
import type { Report } from '../reporters/reporter.ts';
import type { RunStop, Stopped } from './run-stop.ts';
import type { Parked, SettleContext } from '../settle.ts';
import type { Settings } from '../settings.ts';

const PROGRESS_EVERY_MS = 250;
/** `--max-failures P%` is looked at once this many lines are settled. */
const PERCENT_AFTER_LINES = 100;
const SERVER_TIMEOUT_MS = 330_000;
const STREAM_TIMEOUT_MS = 3_600_000;
/** How much of a stranger's reply is shown. */
const REPLY_CHARS_MAX = 200;

/** Everything that the dispatch of a prepared job needs. */
export type RunOptions = {
  readonly ledger: Ledger;
  readonly job: Job;
  readonly settings: Settings;
  readonly defaults: LineDefaults;
  readonly catalog: Catalog;
  readonly pricing: Pricing;
  readonly scope: Scope;
  readonly endpoint: { readonly dashscope: string; readonly openai: string };
  readonly apiKey: string;
  readonly proxy: Parameters<typeof openTransport>[0]['proxy'];
  /** Shown at the start: a base URL, or `simulator`. */
  readonly endpointShown: string;
  readonly clock: Clock;
  readonly report: Report;
  readonly stop: RunStop;
  readonly redact: (text: string) => string;
  readonly writeStdout: (text: string) => Promise<void>;
  readonly resuming: boolean;
};

function possiblyBilledPico(ledger: Ledger, job: Job): number {
  const sum = ledger.database
    .prepare(
      `SELECT coalesce(sum(coalesce(cost_pico, estimated_pico)), 0) FROM attempts
       WHERE job_id = ? AND (class = 'possibly_billed' OR class IS NULL OR (class = 'answered' AND cost_pico IS NULL))`,
    )
    .pluck()
    .get(job.id);
  return Number(sum);
}

/** One run's moving parts, from opened files to the summary. */
export class JobRun {
  readonly options: RunOptions;
  readonly meter: ProgressMeter;
  readonly limiter: Limiter;
  readonly transport: Transport;
  private readonly firstReplies: FirstReplies = new FirstReplies((failure) => {
    this.wrongEndpoint(failure);
  });
  private readonly parked: Map<string, Parked> = new Map();
  private readonly parkedModels: Set<string> = new Set();
  private parkedStop: Stopped | null = null;
  private cancelProgress: (() => void) | null = null;
  private cancelDuration: (() => void) | null = null;

  constructor(options: RunOptions) {
    this.options = options;
    const { settings, clock, ledger, job, stop } = options;
    this.meter = new ProgressMeter(clock, job);
    const cap = settings.maxCost === undefined ? null : Number(parseAmountPico(settings.maxCost));
    const spent = Number(job.costPico) + (cap === null ? 0 : possiblyBilledPico(ledger, job));
    const concurrency = callsInFlight(settings);
    this.limiter = new Limiter({
      clock,
      concurrency,
      limits: (model) => paceLimits(options, model),
      budget: new Budget(cap, spent),
      maxUnreachableMs: settings.maxUnreachableMs,
      onUnreachable: (model, reason) => {
        this.unreachable(model, reason);
      },
      onBudgetReached: () => {
        stop.stop({
          reason: 'cost',
          code: EXIT.limitReached,
          message: `the next call would go beyond --max-cost ${settings.maxCost ?? ''} ${job.currency}`,
        });
      },
    });
    this.transport = openTransport({
      baseUrls: options.endpoint,
      apiKey: options.apiKey,
      connectionsMax: concurrency === 'auto' ? AUTO_CALLS_MAX : concurrency,
      timeoutMs: {
        whole: settings.timeoutMs ?? SERVER_TIMEOUT_MS,
        streamed: settings.timeoutMs ?? STREAM_TIMEOUT_MS,
      },
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
    const { stop, report } = this.options;
    report({
      event: 'stopping',
      reason: stop.stopped?.message ?? 'stopped',
      inFlight: this.limiter.inFlight,
    });
  };

  private readonly onAbort = (): void => {
    this.transport.dropAll();
  };

  /** Why lines of parked models are still open; null where none are. */
  get stoppedModels(): Stopped | null {
    return this.parkedStop;
  }

  context(): Omit<SettleContext, 'journal'> {
    const { settings, clock, pricing, stop, report, redact } = this.options;
    return {
      clock,
      limiter: this.limiter,
      transport: this.transport,
      protocols: { dashscope, openai },
      openFold: (line: PlannedLine, reply) =>
        line.call.protocol === 'openai'
          ? openai.fold(reply, line.model)
          : foldDashscope(reply, { incremental: line.incremental, model: line.model }),
      pricing,
      maxAttempts: settings.maxAttempts,
      onAmbiguous: settings.onAmbiguous,
      stop: stop.stopSignal,
      abort: stop.abortSignal,
      parked: this.parked,
      onStop: (line, verdict, failure) => this.stopOf(line, verdict, failure),
      firstReplies: this.firstReplies,
      redact,
      report,
    };
  }

  begin(): void {
    const { settings, clock, report, stop } = this.options;
    const tick = (): void => {
      report({ event: 'progress', ...this.meter.progress(this.limiter) });
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

  async end(): Promise<void> {
    this.cancelProgress?.();
    this.cancelDuration?.();
    const { stop } = this.options;
    stop.stopSignal.removeEventListener('abort', this.onStop);
    stop.abortSignal.removeEventListener('abort', this.onAbort);
    this.limiter.stop();
    stop.release();
    await this.transport.close();
  }

  checkFailures(): void {
    const { settings, stop } = this.options;
    const limit = settings.maxFailures;
    if (limit === undefined) return;
    const { bad, settled } = this.meter.settledCounts;
    const reached =
      'count' in limit
        ? bad >= limit.count
        : settled >= PERCENT_AFTER_LINES && bad * 100 >= limit.percent * settled;
    if (!reached) return;
    const said = 'count' in limit ? String(limit.count) : `${limit.percent}%`;
    stop.stop({
      reason: 'failures',
      code: EXIT.limitReached,
      message: `${bad} of ${settled} settled lines failed (--max-failures ${said})`,
    });
  }

  private wrongEndpoint({ message, statusCode }: ApiFailure): void {
    const { stop, endpoint } = this.options;
    const where = [...new Set([endpoint.dashscope, endpoint.openai])].join(' and ');
    stop.stop({
      reason: 'endpoint',
      code: EXIT.config,
      message: `no model service answers at ${where}: the first replies were nothing but HTTP ${String(statusCode)} (${oneLine(message, REPLY_CHARS_MAX)}); the lines stay open: check --base-url or --region, then run again`,
    });
  }

  private unreachable(model: string | null, reason: string | null): void {
    const { stop, settings } = this.options;
    const seconds = Math.round(settings.maxUnreachableMs / 1000);
    if (model === null) {
      stop.stop({
        reason: 'unreachable',
        code: EXIT.unavailable,
        message: `the service could not be reached for ${seconds} s (--max-unreachable)${reason === null ? '' : `: ${reason}`}; the lines stay open: run again when it is back`,
      });
      return;
    }
    this.park(model, null, {
      reason: 'unreachable',
      code: EXIT.unavailable,
      message: `${model} admitted nothing for ${seconds} s (--max-unreachable); its lines stay open: run again later, or wait longer with --max-unreachable`,
    });
  }

  private park(model: string, parked: Parked | null, why: Stopped | null): void {
    if (parked !== null) this.parked.set(model, parked);
    if (why !== null) this.parkedStop ??= why;
    this.limiter.park(model);
    this.parkedModels.add(model);
    const { stop, job } = this.options;
    const allOpen = ![...this.parked.values()].some(({ failUnsent }) => failUnsent);
    if (
      allOpen &&
      why !== null &&
      job.survey.models.every((one) => this.parkedModels.has(one.model))
    ) {
      stop.stop(this.parkedStop ?? why);
    }
    this.options.report({
      event: 'model-parked',
      model,
      code: parked?.failure.code ?? 'qbatch_unreachable',
      message: parked?.failure.message ?? why?.message ?? '',
    });
  }

  /** A verdict that nothing more of this model or account can succeed (cli.md section 6). */
  private stopOf(line: PlannedLine, verdict: Verdict, failure: ApiFailure): 'open' | 'fail' {
    const { stop, job } = this.options;
    const message = `${failure.code}: ${failure.message}`;
    if (verdict.scope !== 'model') {
      stop.stop({ reason: verdict.class, code: EXIT.access, message });
      return 'open';
    }
    const others = job.survey.models.some(({ model }) => model !== line.model);
    const failUnsent = verdict.class === 'not_found' && others;
    if (!this.parked.has(line.model)) {
      this.park(
        line.model,
        { failure, failUnsent },
        failUnsent
          ? null
          : { reason: 'access', code: EXIT.access, message: `${line.model}: ${message}` },
      );
    }
    return failUnsent ? 'fail' : 'open';
  }
}
