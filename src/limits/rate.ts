import { Admissions } from './admissions.ts';
import { Chance, type TrialEnd } from './chance.ts';
import { Growth, TOUCHED_SHARE } from './growth.ts';
import { Noise } from './noise.ts';
import type { LimitOrigin } from './pace-limits.ts';
import { PaceFloor } from './pace-floor.ts';
import { PaceUse } from './pace-use.ts';
import type { RateOptions, RateReason, RateState } from './rate-options.ts';
import { RefusalRun } from './refusal-run.ts';
import { SHARES } from './rate-shares.ts';
import { rampedMs, rampShare } from './ramp.ts';
import { StartTimes } from './start-times.ts';
import { restMs } from './rests.ts';
import { closedForMs, limitToldBy, overdrawnMs } from './telling-run.ts';
import { CountingWindow, windowClosedFor } from './windows.ts';

const SECOND_MS = 1000;
/** Longest stretch that growth makes up for. */
const GROWTH_MS_MOST = 60_000;
/** The slowest pace: one call in so long. */
const SLOWEST_MS = 120_000;

/**
 * The pace of one dimension (requests, or tokens) of one lane: evenly spaced amounts, and what is
 * known of the limit behind them. Mutable; every time comes in, monotonic milliseconds.
 *
 * *Ramping* up to a limit that is known; *growing* where none is, until the first refusal; *learned*
 * after it: close to what was admitted, feeling for more at growing intervals. While everything is
 * refused (*half-open*) single tries are made, and the first one admitted says over which window the
 * service counts and how much it gives. See docs/decisions for the reasons.
 */
export class Rate {
  perMs: number;
  /** What was learned live, an amount a millisecond; null: the limit was not met. */
  learnedPerMs: number | null = null;
  /** When the first call was started, or the first after an outage; null: none was. */
  startedMs: number | null = null;
  private readonly options: RateOptions;
  private readonly admissions: Admissions;
  /** Null: what a call costs is known before. */
  private readonly noise: Noise | null;
  private boundPerMs = Infinity;
  private phase: 'ramping' | 'growing' | 'learned' = 'growing';
  private readonly window: CountingWindow;
  private readonly growth: Growth;
  private readonly use: PaceUse = new PaceUse();
  private readonly floor: PaceFloor;
  private readonly chance: Chance;
  private readonly starts: StartTimes = new StartTimes();
  private run: RefusalRun | null = null;
  private reopenedMs = -Infinity;
  private lastBurstMs = -Infinity;
  private feelAtMs = Infinity;
  private lastAmount = 1;
  private rests = 0;
  constructor(options: RateOptions) {
    this.options = options;
    const isNoisy = options.spread !== null;
    this.admissions = new Admissions(options.admitted, isNoisy);
    this.growth = new Growth(isNoisy);
    this.floor = new PaceFloor(this.admissions);
    this.chance = new Chance(options.sent, isNoisy);
    this.noise = options.spread === null ? null : new Noise(options.spread);
    this.window = new CountingWindow(options.windowMs);
    this.perMs = options.unknownPerMs;
    this.limit(options.perMinute, options.origin);
  }

  /** Sets what is known of the limit while calls are made: the next start is due as the new pace has it. */
  retune(nowMs: number, perMinute: number | null, origin: LimitOrigin): void {
    this.limit(perMinute, origin);
    this.starts.notAfter(nowMs + this.spacingMs(nowMs, this.lastAmount), nowMs);
  }

  /** Sets what is known of the limit; null: nothing. */
  limit(perMinute: number | null, origin: LimitOrigin): void {
    this.boundPerMs = Infinity;
    this.run = null;
    this.floor.hold(0);
    this.perMs = this.options.unknownPerMs;
    this.phase = perMinute === null ? 'growing' : 'ramping';
    if (perMinute === null) return;
    const perMs = perMinute / 60_000;
    this.learnedPerMs = origin === 'learned' ? perMs : null;
    this.perMs = perMs * (origin === 'learned' ? SHARES.learned : SHARES.bound);
    if (origin !== 'learned') this.boundPerMs = this.perMs;
    this.floor.hold(this.perMs);
  }

  get windowMs(): number {
    return this.window.windowMs;
  }

  get state(): RateState {
    if (this.run !== null && this.run.hits > 2) return 'half-open';
    if (this.phase !== 'learned') return this.phase;
    return this.perMs >= this.boundPerMs ? 'known' : 'learned';
  }

  /** When the next amount may be spent, or when to ask again. */
  nextStartMs(nowMs: number, presumedAfterMs: number): number {
    const triedMs = this.run?.endedBy(nowMs, presumedAfterMs) ?? null;
    if (triedMs !== null) this.endRun(nowMs, triedMs);
    const tried = this.chance.look(nowMs, presumedAfterMs);
    if (tried !== null) this.endTrial(nowMs, tried);
    this.grow(nowMs);
    const dueMs = this.starts.nextMs(nowMs);
    return this.run === null
      ? dueMs
      : Math.min(dueMs, Math.max(nowMs, this.run.knownAtMs(presumedAfterMs)));
  }

  /** Notes that so much is spent now. */
  spend(nowMs: number, amount: number): void {
    this.startedMs ??= nowMs;
    this.use.spend(nowMs, amount);
    if (amount > 0) this.lastAmount = amount;
    if (this.noise !== null && this.phase === 'learned' && this.run === null)
      this.perMs = Math.min(this.boundPerMs, this.perMs * this.noise.gain);
    if (this.perMs === Infinity) return;
    this.starts.started(nowMs, this.spacingMs(nowMs, amount));
    if (this.run === null) return;
    this.run.started(nowMs);
    this.starts.notBefore(nowMs + this.run.betweenMs);
  }

  /** What was counted as one is `factor`: a pace that was learned is so much more; a bound was never wrong. */
  recount(factor: number): void {
    if (this.learnedPerMs === null) return;
    const most = this.boundPerMs === Infinity ? Infinity : this.boundPerMs * SHARES.recounted;
    this.learnedPerMs = Math.min(most, this.learnedPerMs * factor);
    this.perMs = most === Infinity ? this.perMs * factor : most;
  }

  /** The service refused a call started at `sentMs` because of this dimension. */
  refused(nowMs: number, sentMs: number, amount: number): void {
    const means = this.chance.refused(nowMs, sentMs, this.perMs);
    if (means === 'trial') return this.beginTrial(nowMs);
    // A run that a limit has begun ends by its own rules.
    if (means === 'chance' && this.run === null) return;
    if (this.run === null) {
      // The very first calls may be refused: then nothing was admitted yet.
      if (this.perMs === Infinity)
        this.perMs = this.admissions.recentPerMs(sentMs, this) || amount / SECOND_MS;
      const { perMs, windowMs } = this;
      const admitted = this.admissions.calls(sentMs - windowMs, sentMs);
      const isNoisy = this.noise !== null && this.phase !== 'growing';
      const rates = { perMs, spacingMs: amount / perMs, windowMs, admitted };
      this.run = new RefusalRun({ nowMs, sentMs, ...rates, isNoisy });
      this.cutAtOnce(nowMs, sentMs);
    } else {
      if (this.noise !== null)
        this.perMs = Math.max(this.perMs * this.noise.cut, this.floor.perMs(nowMs, this));
      this.run.refused(nowMs, sentMs, amount / this.perMs);
    }
    this.starts.notBefore(nowMs + this.run.restMs);
  }

  /** The service found the growth too sudden. */
  growthRefused(nowMs: number, sentMs: number): void {
    if (sentMs < this.lastBurstMs) return;
    this.lastBurstMs = nowMs;
    this.growth.guard();
    const admitted = this.admissions.recentPerMs(nowMs, this);
    const perMs = Math.min(this.perMs, Math.max(admitted, this.perMs / 2)) * SHARES.burstCut;
    if (this.phase === 'ramping') this.phase = 'growing';
    this.setPace(nowMs, perMs, 'growth refused');
    this.starts.notBefore(nowMs + 1 / this.perMs);
  }

  /** A call started at `sentMs` was admitted for certain. */
  admitted(nowMs: number, sentMs: number): void {
    if (this.run !== null && sentMs > this.run.lastSentMs && sentMs >= this.run.knownMs)
      this.endRun(nowMs, sentMs);
  }

  /** Slower for some tens of calls, whatever is refused: to find out whether refusals follow the pace. */
  private beginTrial(nowMs: number): void {
    this.run = null;
    this.starts.notAfter(nowMs, nowMs);
    this.setPace(nowMs, this.perMs * this.chance.trialShare, 'refused');
  }

  private endTrial(nowMs: number, { perMs, stayed, isNews }: TrialEnd): void {
    const anew = stayed && isNews && this.boundPerMs === Infinity;
    this.phase = anew ? 'growing' : 'learned';
    // What was learned before chance was known was learned of it.
    if (anew) this.learnedPerMs = null;
    // Where costs are known only afterwards the pace is steered from where it was.
    const share = stayed || this.noise !== null ? 1 : SHARES.touchCut;
    this.setPace(nowMs, perMs * share, 'recovered');
    if (stayed) this.feelAtMs = nowMs;
    else if (share < 1) this.rest(nowMs);
  }

  /** For how long the ramp has been climbed; Infinity: none is. */
  private climbedMs(nowMs: number): number {
    return this.phase === 'ramping' ? nowMs - (this.startedMs ?? nowMs) : Infinity;
  }

  /** How long the pace takes for so much from now on. */
  private spacingMs(nowMs: number, amount: number): number {
    return rampedMs(amount / this.perMs, this.climbedMs(nowMs), this.noise !== null);
  }

  /** The first refusal of a run: at once a little less, or what was admitted where nothing was known. */
  private cutAtOnce(nowMs: number, sentMs: number): void {
    const wasGrowing = this.phase === 'growing';
    this.phase = 'learned';
    const admitted = this.admissions.recentPerMs(sentMs, this);
    // A pace far above what was sent is no limit that was met: what was sent is.
    if (wasGrowing || (admitted > 0 && admitted < this.perMs * SHARES.unused)) {
      const most = Math.min(this.perMs, admitted) * SHARES.learned;
      return this.setPace(nowMs, admitted > 0 ? most : this.perMs / 2, 'refused');
    }
    const calls = this.admissions.callsPerMs(nowMs, this.perMs) * this.windowMs;
    const isBounded = this.boundPerMs !== Infinity;
    const isFirst = this.perMs >= this.boundPerMs && this.learnedPerMs === null;
    const left = this.noise?.firstCut({ calls, isBounded, isFirst }) ?? SHARES.touchCut;
    this.setPace(nowMs, this.perMs * left, 'refused');
  }

  /** The window opened again before `triedMs`: what it gave says how much the limit is. */
  private endRun(nowMs: number, triedMs: number): void {
    const { run } = this;
    if (run === null) return;
    this.run = null;
    // It opened at some moment between the last try that was refused and the first that was not.
    const openedMs = (run.lastSentMs + triedMs) / 2;
    const before = this.learnedPerMs;
    const { admissions, noise, reopenedMs } = this;
    const closedMs = closedForMs(run) - overdrawnMs(run, { openedMs, admissions, noise });
    if (windowClosedFor(closedMs) === null) return this.resume(nowMs, run.perMs);
    if (this.window.opened(openedMs, closedMs, noise !== null))
      this.options.onChange(nowMs, 'window learned');
    const { startedMs, windowMs } = this;
    const since = { openedMs, reopenedMs, startedMs: startedMs ?? openedMs };
    const told = limitToldBy(run, { ...since, windowMs, admissions, noise });
    if (told !== null) this.setPace(nowMs, told * SHARES.learned, 'reopened');
    this.learnedPerMs = told ?? (noise === null ? run.perMs / TOUCHED_SHARE : this.perMs);
    const changed = before === null || Math.abs(this.learnedPerMs / before - 1) > SHARES.changed;
    this.rests = changed ? 0 : this.rests + 1;
    this.rest(nowMs);
    this.reopenedMs = openedMs;
    // Tries were further apart than the pace has it: back to the pace.
    if (run.hits > 0) this.starts.notAfter(triedMs + this.lastAmount / this.perMs, nowMs);
  }

  /** After an outage, which says nothing of the limit: up to the pace before, as at the start. */
  private resume(nowMs: number, perMs: number): void {
    this.phase = 'ramping';
    this.startedMs = this.reopenedMs = nowMs;
    this.starts.notAfter(nowMs, nowMs);
    this.setPace(nowMs, perMs, 'reopened');
  }

  private rest(nowMs: number): void {
    const { rests: times, windowMs, perMs, boundPerMs, noise } = this;
    const callsPerMs = this.admissions.callsPerMs(nowMs, perMs);
    this.feelAtMs = nowMs + restMs({ times, callsPerMs, windowMs, perMs, boundPerMs, noise });
  }

  private grow(nowMs: number): void {
    const ramp = rampShare(this.climbedMs(nowMs), this.noise !== null);
    const use = this.use.look(nowMs, this.perMs * ramp);
    if (use === null) return;
    if (this.phase === 'ramping' && ramp === 1) {
      this.phase = 'learned';
      this.rest(nowMs);
    }
    // Growth that is not used would find no limit, only surprise the service later.
    if (this.run !== null || this.perMs >= this.boundPerMs || !(use.share > SHARES.used)) return;
    this.growBy(nowMs, Math.min(use.passedMs, GROWTH_MS_MOST) / SECOND_MS);
  }

  private growBy(nowMs: number, seconds: number): void {
    if (this.phase === 'ramping') return;
    if (this.phase === 'growing')
      return this.setPace(nowMs, this.perMs * this.growth.full(seconds), 'felt for more');
    const learned = (this.learnedPerMs ?? this.perMs) * SHARES.learned;
    if (this.noise === null && this.perMs < learned * SHARES.recovered)
      return this.setPace(nowMs, this.growth.towards(learned, this.perMs, seconds), 'recovered');
    if (nowMs < this.feelAtMs) return;
    const { windowMs, perMs } = this;
    const callsPerMs = this.admissions.callsPerMs(nowMs, perMs);
    const now = { forMs: nowMs - this.feelAtMs, windowMs, callsPerMs, seconds };
    const most = perMs * this.growth.felt(now);
    // Close to a bound it is steered, not felt for.
    const near = this.noise === null ? 0 : this.boundPerMs * SHARES.recounted;
    this.setPace(nowMs, perMs < near ? Math.min(most, near) : most, 'felt for more');
  }

  private setPace(nowMs: number, perMs: number, reason: RateReason): void {
    const before = this.perMs;
    // No refusal cuts the pace below its floor.
    const least = perMs < before ? this.floor.perMs(nowMs, this) : 0;
    this.perMs = Math.min(Math.max(perMs, least, this.lastAmount / SLOWEST_MS), this.boundPerMs);
    if (this.perMs !== before) this.options.onChange(nowMs, reason);
  }
}
