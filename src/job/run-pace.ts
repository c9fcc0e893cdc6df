import type { Clock } from '../clock.ts';
import { learnedLimits, putLearnedLimits } from '../ledger/learned-limits.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { beginPaceTrace } from '../ledger/pace-trace.ts';
import type { Job } from '../ledger/records.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { LanePace, PaceEvent } from '../limits/pace-event.ts';
import type { PaceLimits } from '../limits/pace-limits.ts';
import type { Catalog } from '../models/catalog.ts';
import type { Scope } from '../models/scope.ts';
import type { DispatchState, Report } from '../reporters/reporter.ts';
import { countText } from '../reporters/number-text.ts';
import type { Origin, Settings } from '../settings.ts';
import { ControlFile } from './control-file.ts';
import {
  type ControlSettings,
  controlText,
  modelsNamed,
  strangersText,
} from './control-settings.ts';
import {
  type KnownLimits,
  knownLimits,
  NO_LIMIT,
  type LimitSourceOptions,
  paceLimits,
} from './limit-sources.ts';
import { callsInFlight } from './pace-limits.ts';
import { limitTold, PaceRecorder } from './pace-recorder.ts';
import type { ModelQuota } from './quota-reply.ts';

/** Polling interval of the control file. */
const LOOK_EVERY_MS = 1_000;
/** Learned limits are stored this often, so that a crash loses little. */
const LEARNED_EVERY_MS = 60_000;

function littleRoomText(calls: number): string {
  return `little disk space is free beside the ledger: at most ${countText(calls, 'call')} in flight, so that their answers still fit if the disk fills up`;
}

export type RunPaceOptions = {
  readonly ledger: Ledger;
  readonly job: Job;
  readonly settings: Settings;
  readonly origins: ReadonlyMap<keyof Settings, Origin>;
  readonly quotas: ReadonlyMap<string, ModelQuota>;
  readonly catalog: Catalog;
  readonly scope: Scope;
  readonly endpoint: { readonly dashscope: string };
  readonly clock: Clock;
  readonly report: Report;
};

/**
 * The surroundings of one run's limiter: the sources of its limits, the control file that changes them meanwhile, and the
 * trace of its actions.
 */
export class RunPace {
  private readonly options: RunPaceOptions;
  private readonly sources: LimitSourceOptions;
  private readonly file: ControlFile;
  private control: ControlSettings | null = null;
  private recorder: PaceRecorder | null = null;
  /** The most calls in flight whose answers fit on the disk. */
  private callsMost = Infinity;
  private lookedMs = -Infinity;
  private learnedMs: number;

  constructor(options: RunPaceOptions) {
    this.options = options;
    const { ledger, clock, endpoint } = options;
    const learned = learnedLimits(ledger.database, endpoint.dashscope, clock.wallMs());
    this.sources = { ...options, learned };
    this.file = new ControlFile(ledger.path);
    this.learnedMs = clock.monotonicMs();
  }

  /** The calls in flight: from the control file, else the settings. */
  get concurrency(): Settings['concurrency'] {
    const { concurrency, simulate } = this.options.settings;
    return callsInFlight({ concurrency: this.control?.concurrency ?? concurrency, simulate });
  }

  /** The limits of a model in the limiter's form. */
  limits(model: string): PaceLimits {
    return paceLimits(this.known(model), this.sources.learned.get(model));
  }

  add(event: PaceEvent): void {
    this.recorder?.add(event);
  }

  /** The number of this run in the ledger; null before `begin`. */
  get run(): number | null {
    return this.recorder?.run ?? null;
  }

  /** Starts the trace and applies an existing control file; before the first call. */
  begin(limiter: Limiter): void {
    const { ledger, job, clock } = this.options;
    const writer = ledger.transact(() => beginPaceTrace(ledger, job.id, clock.wallMs()));
    this.recorder = new PaceRecorder({ clock, writer, limits: (model) => this.known(model) });
    this.tellOfSettings();
    this.look(limiter);
  }

  /** Caps the calls in flight at those whose answers fit on the disk, whatever is requested; reports it if more was. */
  bound(
    limiter: Limiter,
    { callsMost, openCount }: { callsMost: number; openCount: number },
  ): void {
    if (callsMost === Infinity) return;
    this.callsMost = callsMost;
    limiter.retune({ callsMost });
    if (openCount > callsMost) this.tellOfBound();
  }

  /** Checks the control file if due, and retunes what it changed. */
  look(limiter: Limiter): void {
    const now = this.options.clock.monotonicMs();
    if (now - this.lookedMs < LOOK_EVERY_MS) return;
    this.lookedMs = now;
    const news = this.file.look();
    if (news.kind === 'same') return;
    if (news.kind === 'bad') this.warn(`${news.problem}; the previous settings stay in force`);
    else this.turnTo(news.control, limiter);
  }

  /** Joins a commit: the trace and, now and then, learned limits. */
  writeIfDue(limiter: Limiter): void {
    this.recorder?.writeIfDue();
    const now = this.options.clock.monotonicMs();
    if (now - this.learnedMs < LEARNED_EVERY_MS) return;
    this.learnedMs = now;
    this.putLearned(limiter);
  }

  /** Writes the rest, once the limiter has stopped. */
  finish(limiter: Limiter): void {
    const { recorder } = this;
    if (recorder === null) return;
    this.options.ledger.transact(() => {
      recorder.finish();
      this.putLearned(limiter);
    });
  }

  state(limiter: Limiter): Pick<DispatchState, 'controlFile' | 'models'> {
    const models = limiter.paces().map((lane): DispatchState['models'][number] => {
      const known = this.known(lane.model);
      const rpm = limitTold(lane.rpmLimit, lane.rpmOrigin, known.rpm);
      const tpm = limitTold(lane.tpmLimit, lane.tpmOrigin, known.tpm);
      return {
        model: lane.model,
        state: lane.state,
        rpm: Number.isFinite(lane.rpm) ? lane.rpm : null,
        rpmLimit: rpm.perMinute,
        rpmOrigin: rpm.origin,
        tpm: lane.tpm,
        tpmLimit: tpm.perMinute,
        tpmOrigin: tpm.origin,
        waiting: lane.waiting,
        inFlight: lane.inFlight,
        pausedMs: lane.pausedMs,
        throttles: lane.throttlesBy,
      };
    });
    return { models, controlFile: this.control === null ? null : this.file.path };
  }

  /** Whether a lane's pace only stands for no limit. */
  isUnlimited({ model, rpmLimit, rpmOrigin }: LanePace): boolean {
    return limitTold(rpmLimit, rpmOrigin, this.known(model).rpm).origin === NO_LIMIT;
  }

  private known(model: string): KnownLimits {
    return knownLimits(this.sources, this.control, model);
  }

  private turnTo(control: ControlSettings | null, limiter: Limiter): void {
    const before = limiter.paces().map(({ model }) => ({ model, limits: this.limits(model) }));
    const concurrencyBefore = this.concurrency;
    this.control = control;
    for (const { model, limits } of before) {
      const { rpm, tpm } = this.limits(model);
      // `auto` makes the limiter query the limits again: only where they differ.
      const retuning = {
        ...(rpm !== limits.rpm && { rpm: 'auto' as const }),
        ...(tpm !== limits.tpm && { tpm: 'auto' as const }),
      };
      if (Object.keys(retuning).length > 0) limiter.retune({ model, ...retuning });
    }
    const { concurrency } = this;
    if (concurrency !== concurrencyBefore) limiter.retune({ concurrency });
    this.tell(control);
  }

  private tell(control: ControlSettings | null): void {
    const message =
      control === null
        ? `${this.file.path} is gone: the run's own settings are in force again`
        : `${this.file.path} is in force: ${controlText(control)}`;
    this.options.report({ event: 'notice', severity: 'note', message });
    if (control !== null) this.tellOfStrangers(this.file.path, modelsNamed(control), 'warning');
    if (control?.concurrency !== undefined) this.tellOfBound();
  }

  /** Warns that fewer calls are in flight than requested; `auto` may request more at any time. */
  private tellOfBound(): void {
    const wanted = this.concurrency === 'auto' ? Infinity : this.concurrency;
    if (wanted > this.callsMost) this.warn(littleRoomText(this.callsMost));
  }

  /** A file or variable may be meant for other jobs too; a flag is meant for this one. */
  private tellOfSettings(): void {
    const { settings, origins } = this.options;
    for (const key of ['rpm', 'tpm'] as const) {
      const origin = origins.get(key) ?? 'default';
      const place = origin === 'flag' ? `--${key}` : `${key} of ${origin}`;
      const severity = origin === 'flag' ? 'warning' : 'note';
      this.tellOfStrangers(place, modelsNamed({ [key]: settings[key] }), severity);
    }
  }

  private tellOfStrangers(
    place: string,
    named: readonly string[],
    severity: 'warning' | 'note',
  ): void {
    const { report, job } = this.options;
    const models = job.survey.models.map(({ model }) => model);
    const message = strangersText(place, named, models);
    if (message !== null) report({ event: 'notice', severity, message });
  }

  private warn(message: string): void {
    this.options.report({ event: 'notice', severity: 'warning', message });
  }

  private putLearned(limiter: Limiter): void {
    const { ledger, endpoint, settings, clock } = this.options;
    // The simulator's quotas are set anew for each run.
    if (settings.simulate !== undefined) return;
    putLearnedLimits(ledger, endpoint.dashscope, limiter.learned(), clock.wallMs());
  }
}
