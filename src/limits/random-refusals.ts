import { RefusalPhases } from './refusal-phases.ts';
import { countOf, type CallCounts, refusedShareOf, type StartLog } from './start-log.ts';
import type { RefusalTimes } from './is-isolated-refusal.ts';
import { suspectedRandom, type SuspicionThreshold } from './suspected-random.ts';
import { areRefusalsUnchanged, openTrial, sentInTrial, type Trial } from './trial.ts';

/** A pace below this share of the highest pace that was refused is low. */
const LOW_SHARE = 0.5;
/** A window is used up where this share of the last `of` calls was refused. */
const CLOSED = { of: 5, share: 0.75 } as const;
/**
 * The same where more than `shareLeast` are refused at random: nearly all of so many calls that chance alone refuses them
 * once in `onceIn` times.
 */
const CLOSED_IF_RANDOM = {
  shareLeast: 0.15,
  shareMost: 0.9,
  onceIn: 100_000,
  share: 0.95,
} as const;
/** Clearly more refusals than random: over this many calls, this many standard deviations plus a margin. */
const INCREASED = { of: 120, ms: 4000, least: 40, deviations: 3, share: 0.02 } as const;
/** And over a longer span: clients that share a quota and take each other's load for random let the share creep up. */
const INCREASED_SLOWLY = { ms: 64_000, calls: 200, times: 1.3 } as const;
/** A repeated trial may raise the random share to at most this multiple of the previous one. */
const RETRIAL_SHARE_TIMES = 3;
/** How long until a trial is repeated; doubles each time. */
const RETRIAL_AFTER_MS = { first: 60_000, most: 960_000 } as const;
/** Random refusals are over when no more than this part of their share is left. */
const OVER_SHARE = 0.25;
/** Span for the current refusal share, and span for estimating how many calls a trial will have. */
const RECENT_MS = 16_000;
const CALL_RATE_MS = 64_000;

/** A pace, and whether refusals have already brought it down to its floor. */
export type PaceNow = { readonly perMs: number; readonly isLow: boolean };

/** How a refusal is classified: caused by the limit, random, or the trigger of a trial. */
export type RefusalCause = 'limit' | 'random' | 'trial';

/** Result of a trial: the pace before it, whether refusals stayed, and whether that changes what was known. */
export type TrialResult = {
  readonly perMs: number;
  readonly areRandom: boolean;
  readonly isNews: boolean;
};

/** What is known of random refusals. */
type RandomBaseline = {
  /** The share of calls refused whatever the pace. */
  readonly share: number;
  /** They fall at one phase of the second and yet are independent of the pace: other clients that do not back off. */
  readonly areInPhase: boolean;
  /** Minimum time between the last trial and the next. */
  readonly retrialAfterMs: number;
};

/**
 * Detects random refusals, which do not depend on the pace: a soft limit, other clients on the account, or a service short
 * of capacity that reports it as a quota error. A pace cut for each of them would end near zero to no avail.
 *
 * The state is two answers: are random refusals known (`known`), and is a trial in progress (`trial`)?
 *
 * | state    | a refusal counts as                           | transitions                                                  |
 * | -------- | --------------------------------------------- | ------------------------------------------------------------ |
 * | *off*    | the limit                                     | to *trying*: many recent calls were refused, scattered among others (`suspectedRandom`) |
 * | *on*     | random; the limit if clearly more are refused | to *trying* now and then; to *off* if hardly any are left |
 * | *trying* | random                                        | to *on*: they stayed at another pace (`Trial`); to *off*: they did not |
 *
 * In every state a refusal counts as the limit where a window is closed (nearly all of the last calls refused); that aborts
 * a trial and keeps what was known before. So it does, except during a trial, where refusals fall at one phase of the
 * second.
 */
export class RandomRefusals {
  /** Null: *off*. Kept while it is tried again. */
  private known: RandomBaseline | null = null;
  /** Null: not *trying*. */
  private trial: Trial | null = null;
  /** When the last trial ended. */
  private trialEndedMs = -Infinity;
  /** The last trial showed fewer refusals at a lower pace. */
  private didFollowPace = false;
  /** The highest pace at which a call was refused since a window was last closed. */
  private highestRefusedPerMs = 0;
  private readonly phases: RefusalPhases = new RefusalPhases();
  private readonly log: StartLog;
  private readonly threshold: SuspicionThreshold;

  constructor(log: StartLog, threshold: SuspicionThreshold) {
    this.log = log;
    this.threshold = threshold;
  }

  /** Whether a trial is in progress: the pace must not grow meanwhile. */
  get isTrying(): boolean {
    return this.trial !== null;
  }

  /** The pace of the trial, as a share of the pace before it. */
  get trialShare(): number {
    return this.trial?.pace ?? 1;
  }

  /** Whether refusals depend on the pace: a trial showed it, or they fall where a second's quota is used up. */
  dependOnPace(nowMs: number): boolean {
    return this.didFollowPace || this.areInPhase(nowMs);
  }

  /** Whether refusals fall at one phase of each second, when its quota is used up. */
  areInPhase(nowMs: number): boolean {
    return this.phases.areConcentrated(nowMs, countOf(this.recent(nowMs)) / RECENT_MS);
  }

  /** The limit was replaced: drops what was tried at the old one. */
  reset(): void {
    this.trial = null;
    this.highestRefusedPerMs = 0;
  }

  /**
   * Classifies the refusal of a call started at `sentMs` (already in the log). `isIsolated`: hardly any other call was
   * refused.
   */
  refused(refusal: RefusalTimes, pace: PaceNow, isIsolated: boolean): RefusalCause {
    const { nowMs, sentMs } = refusal;
    const { perMs, isLow } = pace;
    this.phases.refused(sentMs);
    if (this.isWindowClosed(sentMs)) {
      if (this.trial !== null) this.trialEndedMs = nowMs;
      this.trial = null;
      this.highestRefusedPerMs = perMs === Infinity ? 0 : perMs;
      return 'limit';
    }
    if (this.trial !== null || isIsolated) return 'random';
    const { known } = this;
    if (this.areInPhase(nowMs) && known?.areInPhase !== true && !isLow) return 'limit';
    if (known !== null) {
      if (nowMs - this.trialEndedMs > known.retrialAfterMs)
        return this.reexamine(refusal, pace, known);
      return this.haveIncreased(nowMs, sentMs, known) ? 'limit' : 'random';
    }
    if (perMs !== Infinity) this.highestRefusedPerMs = Math.max(this.highestRefusedPerMs, perMs);
    const { trialEndedMs, highestRefusedPerMs } = this;
    const before = suspectedRandom(this.log, this.threshold, {
      nowMs,
      trialEndedMs,
      perMs,
      highestRefusedPerMs,
    });
    return before === null ? 'limit' : this.startTrial(refusal, pace, before);
  }

  /** The result of the trial once it is over. `presumedAfterMs`: a call not refused for this long is presumed admitted. */
  trialResult(nowMs: number, presumedAfterMs: number): TrialResult | null {
    const { trial } = this;
    if (trial === null) return null;
    const { before, perMs, pace } = trial;
    // Steered to less than half of what was refused before, and refused still: that was the trial.
    if (this.threshold.isSteered && perMs < this.highestRefusedPerMs * LOW_SHARE)
      return this.endTrial(nowMs, perMs, { sent: before, areRandom: !this.areInPhase(nowMs) });
    const sent = sentInTrial(trial, this.log, nowMs - presumedAfterMs);
    if (sent === null) return null;
    const areRandom = areRefusalsUnchanged(trial, sent) && (pace > 1 || !this.areInPhase(nowMs));
    const both = { calls: sent.calls + before.calls, refused: sent.refused + before.refused };
    return this.endTrial(nowMs, perMs, { sent: both, areRandom });
  }

  /** *On*: starts another trial, or goes *off* if hardly any refusals are left. */
  private reexamine(refusal: RefusalTimes, pace: PaceNow, known: RandomBaseline): RefusalCause {
    const before = this.recent(refusal.nowMs);
    if (refusedShareOf(before) >= known.share * OVER_SHARE)
      return this.startTrial(refusal, pace, before);
    this.known = null;
    return 'limit';
  }

  /** To *trying*, unless the trial would take too long. `before`: the calls that raised the suspicion. */
  private startTrial(
    { nowMs, pausedMs }: RefusalTimes,
    { perMs, isLow }: PaceNow,
    before: CallCounts,
  ): RefusalCause {
    this.trial = openTrial(nowMs, {
      perMs,
      before,
      pausedMs,
      areFewRefused: refusedShareOf(before) < this.threshold.share,
      isLow: isLow || perMs < this.highestRefusedPerMs * LOW_SHARE,
      callsPerMs: countOf(this.log.between(nowMs - CALL_RATE_MS, nowMs)) / CALL_RATE_MS,
    });
    return this.trial === null ? 'limit' : 'trial';
  }

  /** From *trying* to *on* or *off*. */
  private endTrial(
    nowMs: number,
    perMs: number,
    outcome: { sent: CallCounts; areRandom: boolean },
  ): TrialResult {
    const { sent, areRandom } = outcome;
    const { known } = this;
    this.trial = null;
    this.trialEndedMs = nowMs;
    this.highestRefusedPerMs = perMs;
    this.didFollowPace = !areRandom;
    const retrialAfterMs =
      known === null
        ? RETRIAL_AFTER_MS.first
        : Math.min(RETRIAL_AFTER_MS.most, known.retrialAfterMs * 2);
    const shareMost = known === null ? 1 : known.share * RETRIAL_SHARE_TIMES;
    const share = Math.min(refusedShareOf(sent), shareMost);
    this.known = areRandom ? { share, areInPhase: this.areInPhase(nowMs), retrialAfterMs } : null;
    return { perMs, areRandom, isNews: areRandom === (known === null) };
  }

  private recent(nowMs: number): CallCounts {
    return this.log.between(nowMs - RECENT_MS, nowMs);
  }

  /** Whether nearly all of the last few calls were refused: a window is used up. */
  private isWindowClosed(sentMs: number): boolean {
    const { trial, known } = this;
    const { of, share } = closedCriterion(
      known?.share ?? (trial === null ? 0 : refusedShareOf(trial.before)),
    );
    const sent = this.log.last(of, sentMs, -Infinity);
    return countOf(sent) >= of && sent.refused >= countOf(sent) * share;
  }

  /** Whether clearly more than the random share was refused, recently or over a minute. */
  private haveIncreased(nowMs: number, sentMs: number, { share }: RandomBaseline): boolean {
    const { log, trialEndedMs } = this;
    const calls = log.last(INCREASED.of, sentMs, trialEndedMs);
    const sent =
      countOf(calls) < INCREASED.of
        ? calls
        : log.between(Math.max(trialEndedMs, nowMs - INCREASED.ms), nowMs);
    const long = log.between(Math.max(trialEndedMs, nowMs - INCREASED_SLOWLY.ms), nowMs);
    return (
      (countOf(sent) >= INCREASED.least &&
        refusedShareOf(sent) > randomShareMost(share, sent) + INCREASED.share) ||
      (countOf(long) >= INCREASED_SLOWLY.calls &&
        refusedShareOf(long) > randomShareMost(share, long) * INCREASED_SLOWLY.times)
    );
  }
}

/**
 * How many of the last calls to look at, and which share of them is refused where a window is used up, given the random
 * share.
 */
function closedCriterion(randomShare: number): { readonly of: number; readonly share: number } {
  const { shareLeast, shareMost, onceIn, share } = CLOSED_IF_RANDOM;
  if (randomShare <= shareLeast) return CLOSED;
  return { of: Math.ceil(-Math.log(onceIn) / Math.log(Math.min(shareMost, randomShare))), share };
}

/** The largest share that chance may produce in this many calls if the true share is `share`. */
function randomShareMost(share: number, sent: CallCounts): number {
  const deviation = Math.sqrt((share * (1 - share)) / Math.max(1, countOf(sent)));
  return share + INCREASED.deviations * deviation;
}
