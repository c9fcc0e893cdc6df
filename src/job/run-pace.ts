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

/** The control file is looked at this often. */
const LOOK_EVERY_MS = 1_000;
/** What was learned is written down this often, so that a crash forgets little. */
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
 * What surrounds the limiter of one run: where its limits come from, the control file that changes
 * them while it goes on, and the trace of what it does.
 */
export class RunPace {
  private readonly options: RunPaceOptions;
  private readonly sources: LimitSourceOptions;
  private readonly file: ControlFile;
  private control: ControlSettings | null = null;
  private recorder: PaceRecorder | null = null;
  /** The most calls in flight that there is room for the answers of. */
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

  /** The calls in flight: the control file's word, else the settings'. */
  get concurrency(): Settings['concurrency'] {
    const { concurrency, simulate } = this.options.settings;
    return callsInFlight({ concurrency: this.control?.concurrency ?? concurrency, simulate });
  }

  /** The limits of a model as the limiter takes them. */
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

  /** Begins the trace, and takes over a control file that is there; before the first call. */
  begin(limiter: Limiter): void {
    const { ledger, job, clock } = this.options;
    const writer = ledger.transact(() => beginPaceTrace(ledger, job.id, clock.wallMs()));
    this.recorder = new PaceRecorder({ clock, writer, limits: (model) => this.known(model) });
    this.tellOfSettings();
    this.look(limiter);
  }

  /** Has no more calls in flight than there is room for the answers of, whatever is asked for; told where that is more. */
  bound(
    limiter: Limiter,
    { callsMost, openCount }: { callsMost: number; openCount: number },
  ): void {
    if (callsMost === Infinity) return;
    this.callsMost = callsMost;
    limiter.retune({ callsMost });
    if (openCount > callsMost) this.tellOfBound();
  }

  /** Looks at the control file, where it is time, and retunes what it changed. */
  look(limiter: Limiter): void {
    const now = this.options.clock.monotonicMs();
    if (now - this.lookedMs < LOOK_EVERY_MS) return;
    this.lookedMs = now;
    const news = this.file.look();
    if (news.kind === 'same') return;
    if (news.kind === 'bad') this.warn(`${news.problem}; the previous settings stay in force`);
    else this.turnTo(news.control, limiter);
  }

  /** Joins a commit: the trace, and now and then what was learned. */
  writeIfDue(limiter: Limiter): void {
    this.recorder?.writeIfDue();
    const now = this.options.clock.monotonicMs();
    if (now - this.learnedMs < LEARNED_EVERY_MS) return;
    this.learnedMs = now;
    this.putLearned(limiter);
  }

  /** Writes down the rest, once the limiter has stopped. */
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

  /** Whether a lane goes by a pace that only stands for there being no limit. */
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
      // `auto` makes the limiter ask for the limits again: only where there are others.
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

  /** That fewer calls are in flight than are asked for; `auto` may ask for more at any time. */
  private tellOfBound(): void {
    const wanted = this.concurrency === 'auto' ? Infinity : this.concurrency;
    if (wanted > this.callsMost) this.warn(littleRoomText(this.callsMost));
  }

  /** A file or a variable may be there for other jobs too; a flag is for this one. */
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
    // The simulator's quotas are those it is told, this time.
    if (settings.simulate !== undefined) return;
    putLearnedLimits(ledger, endpoint.dashscope, limiter.learned(), clock.wallMs());
  }
}
