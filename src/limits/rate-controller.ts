import { Admissions } from './admissions.ts';
import { RandomRefusals, type TrialResult } from './random-refusals.ts';
import { RecoveryTarget } from './recovery-target.ts';
import type { Costs } from './costs.ts';
import { cutForGrowth, cutPace, paceAfterTrial } from './cut-pace.ts';
import { grownPace, restMs } from './grown-pace.ts';
import { Growth } from './growth.ts';
import { LearnedLimit } from './learned-limit.ts';
import { type LimitMet, interpretRun, type RunEnd } from './interpret-run.ts';
import { Pace, type RateReason, type RateState } from './pace.ts';
import type { KnownLimit } from './pace-limits.ts';
import { PaceUse } from './pace-use.ts';
import { SHARES } from './rate-shares.ts';
import type { RateView } from './rate-view.ts';
import { RefusalRun, type RunStart } from './refusal-run.ts';
import type { StartLog } from './start-log.ts';
import { isIsolatedRefusal, type RefusalTimes } from './is-isolated-refusal.ts';
import { CountingWindow } from './counting-window.ts';

const SECOND_MS = 1000;

export type RateControllerOptions = {
  readonly limit: KnownLimit;
  readonly windowMs: number;
  readonly costs: Costs;
  /** What the lane has sent. */
  readonly log: StartLog;
  /** Called on every change of the pace. */
  onChange(reason: RateReason): void;
};

/**
 * One dimension (requests or tokens) of one lane: its pace, and what refusals have shown of the limit behind it. It decides
 * when the `Pace` moves (see the table there); pure functions decide where to. See docs/dispatch.md.
 *
 * A refusal is random (`RandomRefusals`), or starts a `RefusalRun`, in which single tries are made (*half-open* after some).
 * The first admitted try ends the run: `interpretRun` says what it means. Outside a run the pace grows. Times are
 * monotonic milliseconds.
 */
export class RateController {
  private readonly onChange: RateControllerOptions['onChange'];
  private readonly costs: Costs;
  private readonly admissions: Admissions;
  private readonly pace: Pace;
  readonly learned: LearnedLimit = new LearnedLimit();
  private readonly window: CountingWindow;
  private readonly growth: Growth;
  private readonly use: PaceUse = new PaceUse();
  private readonly randomness: RandomRefusals;
  private readonly recovery: RecoveryTarget = new RecoveryTarget();
  private run: RefusalRun | null = null;
  /** When the last run of refusals ended. */
  private reopenedMs = -Infinity;

  constructor(options: RateControllerOptions) {
    const { limit, windowMs, costs, log, onChange } = options;
    this.onChange = onChange;
    this.costs = costs;
    this.admissions = new Admissions(log, costs.amounts, costs.measured);
    this.growth = new Growth(costs.probeStepMost);
    this.randomness = new RandomRefusals(log, costs.suspicionThreshold);
    this.window = new CountingWindow(windowMs, costs.windowProof);
    const { unknownPerMs, rampMs } = costs;
    this.pace = new Pace({ unknownPerMs, rampMs, admissions: this.admissions, onChange });
    this.pace.setLimit(limit);
    this.beginWith(limit);
  }

  /** Sets a new limit while calls are made. */
  retune(nowMs: number, limit: KnownLimit): void {
    this.pace.retune(nowMs, limit);
    this.beginWith(limit);
  }

  get perMs(): number {
    return this.pace.perMs;
  }

  /** What to pass to a later run. */
  get storablePerMs(): number | null {
    return this.learned.storable(this.pace.boundPerMs);
  }

  get windowMs(): number {
    return this.window.windowMs;
  }

  get state(): RateState {
    if (this.run?.isHalfOpen === true) return 'half-open';
    const { phase, perMs, boundPerMs } = this.pace;
    return phase === 'learned' && perMs >= boundPerMs ? 'known' : phase;
  }

  /** When the next amount may be spent, or when to ask again. */
  nextStartMs(nowMs: number, presumedAfterMs: number): number {
    const { run } = this;
    if (run !== null && run.oldestTryMs + presumedAfterMs <= nowMs)
      this.endRun(nowMs, run, run.oldestTryMs);
    const trialResult = this.randomness.trialResult(nowMs, presumedAfterMs);
    if (trialResult !== null) this.endTrial(nowMs, trialResult);
    this.grow(nowMs);
    const knownMs = (this.run?.oldestTryMs ?? Infinity) + presumedAfterMs;
    return Math.min(this.pace.starts.nextMs(nowMs), Math.max(nowMs, knownMs));
  }

  /** Records that `amount` is spent now. */
  spend(nowMs: number, amount: number): void {
    const { pace, run } = this;
    const { steering } = this.costs;
    this.use.spend(nowMs, amount);
    if (steering !== null && pace.phase === 'learned' && run === null) pace.steerUp(steering.gain);
    pace.spend(nowMs, amount);
    if (run === null) return;
    run.started(nowMs);
    pace.starts.notBefore(nowMs + run.gapMs);
  }

  /** A call started at `sentMs` was certainly admitted. */
  admitted(nowMs: number, sentMs: number): void {
    const { run } = this;
    if (run !== null && sentMs > run.lastSentMs && sentMs >= run.knownMs)
      this.endRun(nowMs, run, sentMs);
  }

  /** The service refused a call of that amount because of this dimension. */
  refused(refusal: RefusalTimes, amount: number): void {
    const { pace, costs, learned, growth, reopenedMs } = this;
    const { nowMs, sentMs } = refusal;
    if (this.isTakenAsRandom(refusal)) return;
    if (this.run === null) {
      this.run = this.newRun({ nowMs, sentMs, amount, isOfGrowth: false });
      learned.refused();
      pace.move(nowMs, cutPace({ ...this.view, ...refusal, learned, growth, reopenedMs }));
    } else {
      if (costs.steering !== null) pace.steerDown(nowMs, costs.steering.cut);
      this.run.isOfGrowth = false;
      this.run.refused(nowMs, sentMs, amount / pace.perMs);
    }
    pace.starts.notBefore(nowMs + this.run.restMs);
  }

  /** The service refused the growth as too sudden. */
  growthRefused({ nowMs, sentMs, pausedMs }: RefusalTimes): void {
    const { pace, run } = this;
    if (this.isTakenAsRandom({ nowMs, sentMs, pausedMs })) return;
    run?.refused(nowMs, sentMs, 1 / pace.perMs);
    if (run !== null) return pace.starts.notBefore(nowMs + run.restMs);
    if (!this.growth.growthRefused(nowMs, sentMs)) return;
    this.run = this.newRun({ nowMs, sentMs, amount: 1, isOfGrowth: true });
    pace.move(nowMs, cutForGrowth(this.view, nowMs));
    pace.starts.notBefore(nowMs + 1 / pace.perMs);
  }

  /** The service asks for a pause: it is not caught up, and the time it adds to a run says nothing of windows. */
  paused(nowMs: number, waitMs: number): void {
    if (waitMs > 0) this.pace.starts.notBefore(nowMs + waitMs);
    if (this.run !== null) this.run.pauseMs = Math.max(this.run.pauseMs, waitMs);
  }

  /** A call started at `sentMs` says nothing of the limit and took nothing of it: treats it as if it had never been made. */
  withdraw(nowMs: number, sentMs: number, amount: number): void {
    this.run?.withdraw(sentMs);
    this.pace.starts.refund(amount / this.perMs, nowMs);
  }

  /** Schedules the next amount within `ms`, or after the gap between tries if that is longer. */
  dueWithin(nowMs: number, ms: number): void {
    this.pace.starts.notAfter(nowMs + Math.max(ms, this.run?.gapMs ?? 0), nowMs);
  }

  /** Token costs turned out to be `factor` times the estimate: rescales what was learned in this run. */
  rescale(factor: number): void {
    const { pace, learned } = this;
    if (learned.perMs === null || learned.isUntested) return;
    learned.rescale(factor, pace.boundPerMs * SHARES.rescaled);
    pace.rescale(factor);
  }

  /** Forgets what was observed at the previous limit. */
  private beginWith({ perMinute, origin }: KnownLimit): void {
    this.run = null;
    this.randomness.reset();
    this.recovery.reset();
    if (perMinute !== null) this.learned.begin(origin === 'learned' ? perMinute / 60_000 : null);
  }

  private newRun(refusal: Omit<RunStart, keyof RateView>): RefusalRun {
    this.pace.makeFinite(refusal.sentMs, refusal.amount);
    return new RefusalRun({ ...this.view, ...refusal });
  }

  /** Records a refusal. Returns whether it says nothing of the limit: it is random, or triggers a trial. */
  private isTakenAsRandom(refusal: RefusalTimes): boolean {
    const { pace, randomness, view, reopenedMs } = this;
    const { nowMs } = refusal;
    const cause = randomness.refused(refusal, pace, isIsolatedRefusal(view, refusal, reopenedMs));
    if (cause === 'trial') {
      // Another pace for some tens of calls, whatever is refused, to find out whether refusals follow the pace.
      this.run = null;
      pace.scaleForTrial(nowMs, randomness.trialShare);
      return true;
    }
    // Refusals that fall at one phase of the second follow the pace.
    if (randomness.areInPhase(nowMs)) pace.floor.dropLimit(nowMs, pace.startedMs);
    // A run started by a limit ends by its own rules.
    return cause === 'random' && this.run === null;
  }

  private endTrial(nowMs: number, result: TrialResult): void {
    const { pace, costs, learned, growth } = this;
    const { areRandom, isNews } = result;
    // The floor is for refusals that do not follow the pace.
    if (!areRandom) pace.floor.setLimit(0);
    if (areRandom && isNews) {
      // What was learned before randomness was known was learned from random refusals.
      learned.forget();
      growth.slowDown(pace.boundPerMs !== Infinity);
    }
    pace.move(nowMs, paceAfterTrial(result, costs));
    if (areRandom) growth.probeAtMs = nowMs;
    else if (costs.steering === null) growth.probeAtMs = nowMs + restMs(this.view, learned, nowMs);
  }

  /** Everything opened again before `tryMs`: what was granted shows the limit. */
  private endRun(nowMs: number, run: RefusalRun, tryMs: number): void {
    this.run = null;
    if (run.isOfGrowth) return this.endGrowthRun(nowMs, run);
    const { pace, admissions, window, reopenedMs, costs, randomness } = this;
    // It opened some time between the last refused try and the first admitted one.
    const openedMs = (run.lastSentMs + tryMs) / 2;
    const followsPace = randomness.dependOnPace(nowMs);
    const end = { openedMs, reopenedMs, admissions, pace, followsPace };
    const interpreted = interpretRun(run, end, { reading: costs.reading, window });
    if (typeof interpreted === 'string') this.recovery.granted(run, this.windowMs);
    // Nothing was admitted before: an unknown limit is searched for as at the start.
    const isLimitUnknown = pace.boundPerMs === Infinity && this.learned.perMs === null;
    if (interpreted === 'nothing' && isLimitUnknown) return this.resume(nowMs, null);
    if (interpreted === 'nothing' || interpreted === 'outage') return this.resume(nowMs, run.perMs);
    this.limitMet(nowMs, run, interpreted, end);
    // Tries were further apart than the pace: return to its spacing.
    if (run.refusedRounds > 0) pace.scheduleFrom(tryMs, nowMs);
  }

  private limitMet(
    nowMs: number,
    run: RefusalRun,
    { limitPerMs, touchedPerMs, afterFewCalls, isWindowNew }: LimitMet,
    { openedMs, followsPace }: RunEnd,
  ): void {
    const { pace, learned, growth, costs } = this;
    if (isWindowNew) this.onChange('window learned');
    learned.update(limitPerMs ?? touchedPerMs, afterFewCalls);
    const { confirmations } = learned;
    const isMeasured = this.windowMs > SECOND_MS || (followsPace && confirmations >= 2);
    const isSure = costs.steering === null && isMeasured;
    if (limitPerMs !== null) pace.windowReopened(nowMs, limitPerMs, isSure);
    const ms = learned.isDoubtful ? this.windowMs : restMs(this.view, learned, nowMs);
    growth.rest(nowMs, pace.perMs, { ms, pauseMs: run.pauseMs });
    this.reopenedMs = openedMs;
    this.recovery.runEnded(nowMs, run, { ...this.view, limitPerMs, confirmations });
  }

  /** Growth is accepted again: if everything was refused for a while, ramps gently up to the pace that was left. */
  private endGrowthRun(nowMs: number, { isHalfOpen }: RefusalRun): void {
    const { pace } = this;
    if (isHalfOpen && pace.phase !== 'growing') this.resume(nowMs, pace.perMs);
    else pace.starts.notAfter(nowMs + 1 / pace.perMs, nowMs);
  }

  /** After a run that says nothing of the limit: ramps up to the pace before, as at the start; null: starts over. */
  private resume(nowMs: number, perMs: number | null): void {
    this.reopenedMs = nowMs;
    if (perMs === null) this.pace.restart(nowMs);
    else this.pace.resume(nowMs, perMs);
  }

  /** Raises a pace that was used without a refusal. */
  private grow(nowMs: number): void {
    const { pace, learned, growth, recovery, reopenedMs } = this;
    const ramp = pace.rampShare(nowMs);
    const use = this.use.measure(nowMs, pace.perMs * ramp);
    if (use === null) return;
    if (pace.phase === 'ramping' && ramp === 1) {
      pace.rampedUp();
      growth.probeAtMs = nowMs + restMs(this.view, learned, nowMs);
    }
    // Unused growth would find no limit, only surprise the service later; and a trial must keep its pace.
    if (this.run !== null || this.randomness.isTrying) return;
    if (pace.perMs >= pace.boundPerMs || !(use.share > SHARES.used)) return;
    const recoveryPerMs = recovery.targetPerMs(nowMs, pace.perMs);
    const at = { ...this.view, learned, growth, recoveryPerMs, reopenedMs };
    const grown = grownPace({ ...at, passedMs: use.passedMs, nowMs });
    if (grown !== null) pace.move(nowMs, grown);
  }

  private get view(): RateView {
    const { pace, admissions, windowMs, costs } = this;
    return { pace, admissions, windowMs, costs };
  }
}
