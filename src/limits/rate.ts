import { Admissions } from './admissions.ts';
import { begunRun } from './begun-run.ts';
import { Chance, type TrialEnd } from './chance.ts';
import { Comeback } from './comeback.ts';
import type { Costs } from './costs.ts';
import { cutForGrowth, cutPace } from './cut-pace.ts';
import { grownPace } from './grown-pace.ts';
import { Growth } from './growth.ts';
import { Learned } from './learned.ts';
import { meaningOf } from './meaning-of-run.ts';
import { Pace } from './pace.ts';
import type { LimitOrigin } from './pace-limits.ts';
import { PaceUse } from './pace-use.ts';
import type { RateOptions } from './rate-options.ts';
import type { RefusalRun } from './refusal-run.ts';
import { SHARES } from './rate-shares.ts';
import { rateState, type RateState } from './rate-state.ts';
import type { RateView } from './rate-view.ts';
import { CountingWindow } from './windows.ts';

const SECOND_MS = 1000;

/**
 * One dimension (requests, or tokens) of one lane: its pace, and what refusals have shown of the limit behind it.
 * It says when the `Pace` moves, and why (the phases are told there); the decisions themselves are pure functions.
 *
 * A refusal is by chance (`Chance`), or it begins a `RefusalRun` and cuts the pace (`cutPace`). While the run lasts single
 * tries are made (*half-open*). The first one that is admitted ends it: `meaningOf` says over which window the service counts
 * and how much it gives, or that it was an outage, which leaves the pace as it was. Without a run the pace goes up
 * (`grownPace`). Mutable; every time is monotonic. See docs/dispatch.md, and docs/decisions for the reasons.
 */
export class Rate {
  private readonly onChange: RateOptions['onChange'];
  private readonly costs: Costs;
  private readonly admissions: Admissions;
  private readonly pace: Pace;
  readonly learned: Learned = new Learned();
  private readonly window: CountingWindow;
  private readonly growth: Growth;
  private readonly use: PaceUse = new PaceUse();
  private readonly chance: Chance;
  private readonly comeback: Comeback = new Comeback();
  private run: RefusalRun | null = null;
  /** When the last run of refusals was over. */
  private reopenedMs = -Infinity;
  /** From when on more than what was learned is felt for. */
  private feelAtMs = Infinity;

  constructor(options: RateOptions) {
    const { costs, admitted, sent, perMinute, origin, onChange } = options;
    this.onChange = onChange;
    this.costs = costs;
    this.admissions = new Admissions(admitted, costs.measured);
    this.growth = new Growth(costs.feltMost);
    this.chance = new Chance(sent, costs.suspicion);
    this.window = new CountingWindow(options.windowMs, costs.windowProof);
    this.pace = new Pace({ ...options, rampMs: costs.rampMs, admissions: this.admissions });
    this.pace.limit(perMinute, origin);
    this.begin(perMinute, origin);
  }

  /** Sets what is known of the limit while calls are made; null: nothing. */
  retune(nowMs: number, perMinute: number | null, origin: LimitOrigin): void {
    this.pace.retune(nowMs, perMinute, origin);
    this.begin(perMinute, origin);
  }

  get perMs(): number {
    return this.pace.perMs;
  }

  /** What a later run should know of it. */
  get tellablePerMs(): number | null {
    return this.learned.tellable(this.pace.boundPerMs);
  }

  get windowMs(): number {
    return this.window.windowMs;
  }

  get state(): RateState {
    return rateState(this.pace, this.run);
  }

  /** When the next amount may be spent, or when to ask again. */
  nextStartMs(nowMs: number, presumedAfterMs: number): number {
    const triedMs = this.run?.endedBy(nowMs, presumedAfterMs) ?? null;
    if (triedMs !== null) this.endRun(nowMs, triedMs);
    const tried = this.chance.look(nowMs, presumedAfterMs);
    if (tried !== null) this.endTrial(nowMs, tried);
    this.grow(nowMs);
    const dueMs = this.pace.starts.nextMs(nowMs);
    const knownMs = this.run?.knownAtMs(presumedAfterMs) ?? Infinity;
    return Math.min(dueMs, Math.max(nowMs, knownMs));
  }

  /** Notes that so much is spent now. */
  spend(nowMs: number, amount: number): void {
    const { pace, run } = this;
    const { steering } = this.costs;
    this.use.spend(nowMs, amount);
    if (steering !== null && pace.phase === 'learned' && run === null) pace.steerUp(steering.gain);
    pace.spend(nowMs, amount);
    if (run === null) return;
    run.started(nowMs);
    pace.starts.notBefore(nowMs + run.betweenMs);
  }

  /** A call started at `sentMs` says nothing of the limit, and took nothing of it: as if it had never been. */
  forget(nowMs: number, sentMs: number, amount: number): void {
    this.run?.forget(sentMs);
    this.pace.starts.giveBack(amount / this.perMs, nowMs);
  }

  /** The next amount is due within so long, or once the time between two tries is over where that is longer. */
  dueWithin(nowMs: number, ms: number): void {
    this.pace.starts.notAfter(nowMs + Math.max(ms, this.run?.betweenMs ?? 0), nowMs);
  }

  /** What was counted as one is `factor`: what was learned here was counted wrong. */
  recount(factor: number): void {
    const { pace, learned } = this;
    if (learned.perMs === null || learned.isUntested) return;
    learned.recount(factor, pace.boundPerMs * SHARES.recounted);
    pace.recount(factor);
  }

  /** The service refused a call started at `sentMs` because of this dimension. */
  refused(nowMs: number, sentMs: number, amount: number): void {
    const { pace, costs } = this;
    if (this.isByChance(nowMs, sentMs)) return;
    if (this.run === null) {
      pace.makeFinite(sentMs, amount);
      this.run = begunRun(this.view(), { nowMs, sentMs, amount });
      this.learned.refused();
      this.cutAtOnce(nowMs, sentMs);
    } else {
      if (costs.steering !== null) pace.steerDown(nowMs, costs.steering.cut);
      this.run.isOfGrowth = false;
      this.run.refused(nowMs, sentMs, amount / pace.perMs);
    }
    pace.starts.notBefore(nowMs + this.run.restMs);
  }

  /** The service found the growth too sudden. */
  growthRefused(nowMs: number, sentMs: number): void {
    const { pace, run } = this;
    if (this.isByChance(nowMs, sentMs)) return;
    run?.refused(nowMs, sentMs, 1 / pace.perMs);
    if (run !== null) return pace.starts.notBefore(nowMs + run.restMs);
    if (!this.growth.guard(nowMs, sentMs)) return;
    pace.makeFinite(sentMs, 1);
    this.run = begunRun(this.view(), { nowMs, sentMs, amount: 1, isOfGrowth: true });
    if (pace.phase === 'ramping') pace.enter('growing');
    pace.set(nowMs, cutForGrowth(this.view(), nowMs), 'growth refused');
    pace.starts.notBefore(nowMs + 1 / pace.perMs);
  }

  /** The service asks for a pause: what a run of refusals lasts longer for it says nothing of windows. */
  paused(waitMs: number): void {
    if (this.run !== null) this.run.pauseMs = Math.max(this.run.pauseMs, waitMs);
  }

  /** A call started at `sentMs` was admitted for certain. */
  admitted(nowMs: number, sentMs: number): void {
    if (this.run !== null && sentMs > this.run.lastSentMs && sentMs >= this.run.knownMs)
      this.endRun(nowMs, sentMs);
  }

  private begin(perMinute: number | null, origin: LimitOrigin): void {
    this.run = null;
    this.chance.drop();
    this.comeback.drop();
    if (perMinute !== null) this.learned.begin(origin === 'learned' ? perMinute / 60_000 : null);
  }

  /** Whether a refusal says nothing of the limit, or is the one at which a trial begins. */
  private isByChance(nowMs: number, sentMs: number): boolean {
    const means = this.chance.refused(nowMs, sentMs, this.pace);
    if (means === 'trial') {
      // Slower for some tens of calls, whatever is refused: to find out whether refusals follow the pace.
      this.run = null;
      this.pace.tryLower(nowMs, this.chance.trialShare);
      return true;
    }
    // Refusals that follow the seconds follow the pace.
    if (this.chance.areOfSeconds(nowMs)) this.pace.floor.release(nowMs, this.pace.startedMs);
    // A run that a limit has begun ends by its own rules.
    return means === 'chance' && this.run === null;
  }

  private endTrial(nowMs: number, { perMs, stayed, isNews }: TrialEnd): void {
    const { pace } = this;
    // The floor is there for refusals that do not follow the pace.
    if (!stayed) pace.floor.hold(0);
    const isFound = stayed && isNews;
    // What was learned before chance was known was learned of it.
    if (isFound) {
      this.learned.forget();
      this.growth.gentle(pace.boundPerMs !== Infinity);
    }
    pace.enter(isFound ? 'growing' : 'learned');
    // Where costs are known only afterwards the pace is steered from where it was.
    const share = stayed || this.costs.steering !== null ? 1 : SHARES.touchCut;
    pace.set(nowMs, perMs * share, 'recovered');
    if (stayed) this.feelAtMs = nowMs;
    else if (share < 1) this.rest(nowMs);
  }

  /** The first refusal of a run: at once a little less, or what was admitted where nothing was known. */
  private cutAtOnce(nowMs: number, sentMs: number): void {
    const hasLearned = this.learned.perMs !== null;
    const cut = cutPace({ ...this.view(), hasLearned, nowMs, sentMs });
    this.pace.enter('learned');
    this.pace.set(nowMs, cut, 'refused');
  }

  private view(): RateView {
    const { pace, admissions, windowMs, costs } = this;
    return { pace, admissions, windowMs, costs };
  }

  /** It opened again before `triedMs`: what it gave says how much the limit is. */
  private endRun(nowMs: number, triedMs: number): void {
    const { run, pace, learned, costs } = this;
    if (run === null) return;
    this.run = null;
    if (run.isOfGrowth) return this.endGrowthRun(nowMs, run);
    // It opened at some moment between the last try that was refused and the first that was not.
    const openedMs = (run.lastSentMs + triedMs) / 2;
    const { admissions, reopenedMs } = this;
    const followsPace = this.chance.followPace(nowMs);
    const end = { openedMs, reopenedMs, admissions, pace, followsPace };
    const meaning = meaningOf(run, end, { reading: costs.reading, window: this.window });
    if (meaning === 'nothing') return this.beginAnew(nowMs, run);
    if (meaning === 'outage') return this.resume(nowMs, run.perMs);
    const { toldPerMs, touchedPerMs, afterFew } = meaning;
    if (meaning.isWindowNew) this.onChange('window learned');
    learned.told(toldPerMs ?? touchedPerMs, afterFew);
    const isMeasured = this.windowMs > SECOND_MS || (followsPace && learned.times >= 2);
    const isSure = costs.steering === null && isMeasured;
    if (toldPerMs !== null) pace.told(nowMs, toldPerMs, isSure);
    this.rest(nowMs);
    if (learned.isDoubtful) this.feelAtMs = nowMs + this.windowMs;
    // A pause that is asked for each time must not be met often.
    this.feelAtMs = Math.max(this.feelAtMs, nowMs + run.pauseMs * SHARES.hintsApart);
    this.reopenedMs = openedMs;
    this.comeback.runOver(nowMs, run, { ...this.view(), toldPerMs, sameTimes: learned.times });
    // Tries were further apart than the pace has it: back to the pace.
    if (run.hits > 0) pace.goOn(triedMs, nowMs);
  }

  /** Growth is let through again: where everything was refused for a while, gently up to the pace that was left. */
  private endGrowthRun(nowMs: number, { isHalfOpen }: RefusalRun): void {
    if (isHalfOpen && this.pace.phase !== 'growing') return this.resume(nowMs, this.pace.perMs);
    this.pace.starts.notAfter(nowMs + 1 / this.pace.perMs, nowMs);
  }

  /** Nothing had been admitted before everything was refused: the limit, where none is known, is looked for as at the start. */
  private beginAnew(nowMs: number, { perMs }: RefusalRun): void {
    if (this.pace.boundPerMs !== Infinity || this.learned.perMs !== null)
      return this.resume(nowMs, perMs);
    this.reopenedMs = nowMs;
    this.pace.beginAnew(nowMs);
  }

  /** After what says nothing of the limit: up to the pace before, as at the start. */
  private resume(nowMs: number, perMs: number): void {
    this.reopenedMs = nowMs;
    this.pace.resume(nowMs, perMs);
  }

  private rest(nowMs: number): void {
    const { learned, windowMs } = this;
    const { perMs, boundPerMs } = this.pace;
    const callsPerMs = this.admissions.callsPerMs(nowMs, perMs);
    this.feelAtMs = nowMs + this.costs.restMs({ perMs, boundPerMs, callsPerMs, windowMs, learned });
  }

  private grow(nowMs: number): void {
    const { pace } = this;
    const ramp = pace.rampShare(nowMs);
    const use = this.use.look(nowMs, pace.perMs * ramp);
    if (use === null) return;
    if (pace.phase === 'ramping' && ramp === 1) {
      pace.enter('learned');
      this.rest(nowMs);
    }
    // Growth that is not used would find no limit, only surprise the service later; and a trial is of the pace it has.
    if (this.run !== null || this.chance.isTrying) return;
    if (pace.perMs >= pace.boundPerMs || !(use.share > SHARES.used)) return;
    const { learned, growth, feelAtMs } = this;
    const backPerMs = this.comeback.targetPerMs(nowMs, pace.perMs);
    const known = { learned, growth, passedMs: use.passedMs, nowMs, feelAtMs, backPerMs };
    const grown = grownPace({ ...this.view(), ...known });
    if (grown !== null) pace.set(nowMs, grown.perMs, grown.reason);
  }
}
