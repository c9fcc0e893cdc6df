import { Phases } from './phases.ts';
import { countOf, type Sent, shareOf, type StartLog } from './start-log.ts';
import type { Refusal } from './strays.ts';
import { suspected, type Suspicion } from './suspicion.ts';
import { haveStayed, openTrial, sentInTrial, type Trial } from './trial.ts';

/** A pace below this share of the highest pace that was refused is low. */
const LOW_SHARE = 0.5;
/** A window is used up where this share of the last `of` calls was refused. */
const CLOSED = { of: 5, share: 0.75 } as const;
/**
 * The same where more than `shareLeast` are refused at random: nearly all of so many calls that chance alone refuses them
 * once in `onceIn` times.
 */
const CLOSED_BY_CHANCE = {
  shareLeast: 0.15,
  shareMost: 0.9,
  onceIn: 100_000,
  share: 0.95,
} as const;
/** Clearly more refusals than random: over this many calls, this many standard deviations plus a margin. */
const MORE = { of: 120, ms: 4000, least: 40, deviations: 3, share: 0.02 } as const;
/** And over a longer span: clients that share a quota and take each other's load for random let the share creep up. */
const LONG = { ms: 64_000, calls: 200, times: 1.3 } as const;
/** A repeated trial may raise the random share to at most this multiple of the previous one. */
const AGAIN_TIMES = 3;
/** How long until a trial is repeated; doubles each time. */
const AGAIN_MS = { first: 60_000, most: 960_000 } as const;
/** Random refusals are over when no more than this part of their share is left. */
const OVER_SHARE = 0.25;
/** Span for the current refusal share, and span for estimating how many calls a trial will have. */
const LATELY_MS = 16_000;
const FLOW_MS = 64_000;

/** A pace, and whether refusals have already brought it down to its floor. */
export type PaceNow = { readonly perMs: number; readonly isLow: boolean };

/** How a refusal is classified: caused by the limit, random, or the trigger of a trial. */
export type RefusalMeans = 'limit' | 'chance' | 'trial';

/** Result of a trial: the pace before it, whether refusals stayed, and whether that changes what was known. */
export type TrialEnd = {
  readonly perMs: number;
  readonly stayed: boolean;
  readonly isNews: boolean;
};

/** What is known of random refusals. */
type ByChance = {
  /** The share of calls refused whatever the pace. */
  readonly share: number;
  /** They fall at one phase of the second and yet are independent of the pace: other clients that do not back off. */
  readonly inSpiteOfSeconds: boolean;
  /** Minimum time between the last trial and the next. */
  readonly againMs: number;
};

/**
 * Detects random refusals, which do not depend on the pace: a soft limit, other clients on the account, or a service short
 * of capacity that reports it as a quota error. A pace cut for each of them would end near zero to no avail.
 *
 * The state is two answers: are random refusals known (`known`), and is a trial in progress (`trial`)?
 *
 * | state    | a refusal counts as                           | transitions                                                  |
 * | -------- | --------------------------------------------- | ------------------------------------------------------------ |
 * | *off*    | the limit                                     | to *trying*: many recent calls were refused, scattered among others (`suspected`) |
 * | *on*     | random; the limit if clearly more are refused | to *trying* now and then; to *off* if hardly any are left |
 * | *trying* | random                                        | to *on*: they stayed at another pace (`Trial`); to *off*: they did not |
 *
 * In every state a refusal counts as the limit where a window is closed (nearly all of the last calls refused); that aborts
 * a trial and keeps what was known before. So it does, except during a trial, where refusals fall at one phase of the
 * second.
 */
export class Chance {
  /** Null: *off*. Kept while it is tried again. */
  private known: ByChance | null = null;
  /** Null: not *trying*. */
  private trial: Trial | null = null;
  /** When the last trial ended. */
  private trialledMs = -Infinity;
  /** The last trial showed fewer refusals at a lower pace. */
  private areFewerLower = false;
  /** The highest pace at which a call was refused since a window was last closed. */
  private highPerMs = 0;
  private readonly phases: Phases = new Phases();
  private readonly log: StartLog;
  private readonly suspicion: Suspicion;

  constructor(log: StartLog, suspicion: Suspicion) {
    this.log = log;
    this.suspicion = suspicion;
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
  followPace(nowMs: number): boolean {
    return this.areFewerLower || this.areOfSeconds(nowMs);
  }

  /** Whether refusals fall at one phase of each second, when its quota is used up. */
  areOfSeconds(nowMs: number): boolean {
    return this.phases.areConcentrated(nowMs, countOf(this.lately(nowMs)) / LATELY_MS);
  }

  /** The limit was replaced: drops what was tried at the old one. */
  drop(): void {
    this.trial = null;
    this.highPerMs = 0;
  }

  /**
   * Classifies the refusal of a call started at `sentMs` (already in the log). `isStray`: hardly any other call was
   * refused.
   */
  refused(refusal: Refusal, pace: PaceNow, isStray: boolean): RefusalMeans {
    const { nowMs, sentMs } = refusal;
    const { perMs, isLow } = pace;
    this.phases.refused(sentMs);
    if (this.isClosed(sentMs)) {
      if (this.trial !== null) this.trialledMs = nowMs;
      this.trial = null;
      this.highPerMs = perMs === Infinity ? 0 : perMs;
      return 'limit';
    }
    if (this.trial !== null || isStray) return 'chance';
    const { known } = this;
    if (this.areOfSeconds(nowMs) && known?.inSpiteOfSeconds !== true && !isLow) return 'limit';
    if (known !== null) {
      if (nowMs - this.trialledMs > known.againMs) return this.lookAgain(refusal, pace, known);
      return this.areMore(nowMs, sentMs, known) ? 'limit' : 'chance';
    }
    if (perMs !== Infinity) this.highPerMs = Math.max(this.highPerMs, perMs);
    const { trialledMs, highPerMs } = this;
    const before = suspected(this.log, this.suspicion, { nowMs, trialledMs, perMs, highPerMs });
    return before === null ? 'limit' : this.begin(refusal, pace, before);
  }

  /** The result of the trial once it is over. `presumedAfterMs`: a call not refused for this long is presumed admitted. */
  look(nowMs: number, presumedAfterMs: number): TrialEnd | null {
    const { trial } = this;
    if (trial === null) return null;
    const { before, perMs, pace } = trial;
    // Steered to less than half of what was refused before, and refused still: that was the trial.
    if (this.suspicion.isSteered && perMs < this.highPerMs * LOW_SHARE)
      return this.end(nowMs, perMs, { sent: before, stayed: !this.areOfSeconds(nowMs) });
    const sent = sentInTrial(trial, this.log, nowMs - presumedAfterMs);
    if (sent === null) return null;
    const stayed = haveStayed(trial, sent) && (pace > 1 || !this.areOfSeconds(nowMs));
    const both = { calls: sent.calls + before.calls, refused: sent.refused + before.refused };
    return this.end(nowMs, perMs, { sent: both, stayed });
  }

  /** *On*: starts another trial, or goes *off* if hardly any refusals are left. */
  private lookAgain(refusal: Refusal, pace: PaceNow, known: ByChance): RefusalMeans {
    const before = this.lately(refusal.nowMs);
    if (shareOf(before) >= known.share * OVER_SHARE) return this.begin(refusal, pace, before);
    this.known = null;
    return 'limit';
  }

  /** To *trying*, unless the trial would take too long. `before`: the calls that raised the suspicion. */
  private begin(
    { nowMs, pausedMs }: Refusal,
    { perMs, isLow }: PaceNow,
    before: Sent,
  ): RefusalMeans {
    this.trial = openTrial(nowMs, {
      perMs,
      before,
      pausedMs,
      areFew: shareOf(before) < this.suspicion.share,
      isLow: isLow || perMs < this.highPerMs * LOW_SHARE,
      callsPerMs: countOf(this.log.between(nowMs - FLOW_MS, nowMs)) / FLOW_MS,
    });
    return this.trial === null ? 'limit' : 'trial';
  }

  /** From *trying* to *on* or *off*. */
  private end(nowMs: number, perMs: number, told: { sent: Sent; stayed: boolean }): TrialEnd {
    const { sent, stayed } = told;
    const { known } = this;
    this.trial = null;
    this.trialledMs = nowMs;
    this.highPerMs = perMs;
    this.areFewerLower = !stayed;
    const againMs = known === null ? AGAIN_MS.first : Math.min(AGAIN_MS.most, known.againMs * 2);
    const shareMost = known === null ? 1 : known.share * AGAIN_TIMES;
    const share = Math.min(shareOf(sent), shareMost);
    this.known = stayed ? { share, inSpiteOfSeconds: this.areOfSeconds(nowMs), againMs } : null;
    return { perMs, stayed, isNews: stayed === (known === null) };
  }

  private lately(nowMs: number): Sent {
    return this.log.between(nowMs - LATELY_MS, nowMs);
  }

  /** Whether nearly all of the last few calls were refused: a window is used up. */
  private isClosed(sentMs: number): boolean {
    const { trial, known } = this;
    const { of, share } = closedAfter(known?.share ?? (trial === null ? 0 : shareOf(trial.before)));
    const sent = this.log.last(of, sentMs, -Infinity);
    return countOf(sent) >= of && sent.refused >= countOf(sent) * share;
  }

  /** Whether clearly more than the random share was refused, recently or over a minute. */
  private areMore(nowMs: number, sentMs: number, { share }: ByChance): boolean {
    const { log, trialledMs } = this;
    const calls = log.last(MORE.of, sentMs, trialledMs);
    const sent =
      countOf(calls) < MORE.of ? calls : log.between(Math.max(trialledMs, nowMs - MORE.ms), nowMs);
    const long = log.between(Math.max(trialledMs, nowMs - LONG.ms), nowMs);
    return (
      (countOf(sent) >= MORE.least && shareOf(sent) > mostByChance(share, sent) + MORE.share) ||
      (countOf(long) >= LONG.calls && shareOf(long) > mostByChance(share, long) * LONG.times)
    );
  }
}

/**
 * How many of the last calls to look at, and which share of them is refused where a window is used up, given the random
 * share.
 */
function closedAfter(byChance: number): { readonly of: number; readonly share: number } {
  const { shareLeast, shareMost, onceIn, share } = CLOSED_BY_CHANCE;
  if (byChance <= shareLeast) return CLOSED;
  return { of: Math.ceil(-Math.log(onceIn) / Math.log(Math.min(shareMost, byChance))), share };
}

/** The largest share that chance may produce in this many calls if the true share is `share`. */
function mostByChance(share: number, sent: Sent): number {
  const deviation = Math.sqrt((share * (1 - share)) / Math.max(1, countOf(sent)));
  return share + MORE.deviations * deviation;
}
