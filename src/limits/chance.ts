import { Phases } from './phases.ts';
import { countOf, type Sent, shareOf, type StartLog } from './start-log.ts';
import type { Refusal } from './strays.ts';
import { suspected, type Suspicion } from './suspicion.ts';
import { haveStayed, openTrial, sentInTrial, type Trial } from './trial.ts';

/** A pace that has come to less than this share of the highest that was refused is low. */
const LOW_SHARE = 0.5;
/** A window that is used up refuses so many of so many calls in a row. */
const CLOSED = { of: 5, share: 0.75 } as const;
/** By chance, where it refuses more than `shareLeast`: so nearly all of so many that it comes once in so many times. */
const CLOSED_BY_CHANCE = {
  shareLeast: 0.15,
  shareMost: 0.9,
  onceIn: 100_000,
  share: 0.95,
} as const;
/** More refusals than chance brings: over so many calls, so many standard deviations and a little more. */
const MORE = { of: 120, ms: 4000, least: 40, deviations: 3, share: 0.02 } as const;
/** And over longer: others who share a quota and take each other for chance let it rise little by little. */
const LONG = { ms: 64_000, calls: 200, times: 1.3 } as const;
/** What is found again is chance to so many times of what it was. */
const AGAIN_TIMES = 3;
/** Looked into again after so long, twice as long each time. */
const AGAIN_MS = { first: 60_000, most: 960_000 } as const;
/** Refusals by chance are over where so little of their share is left. */
const OVER_SHARE = 0.25;
/** What was sent in so long says how it is now; and in so long how many calls a trial will have. */
const LATELY_MS = 16_000;
const FLOW_MS = 64_000;

/** A pace, and whether refusals have brought it as low as they may. */
export type PaceNow = { readonly perMs: number; readonly isLow: boolean };

/** What a refusal is taken for: of the limit, by chance, or the one at which a trial begins. */
export type RefusalMeans = 'limit' | 'chance' | 'trial';

/** What a trial has shown: the pace before it, whether the refusals stayed, and whether that was not known before. */
export type TrialEnd = {
  readonly perMs: number;
  readonly stayed: boolean;
  readonly isNews: boolean;
};

/** What is known of refusals by chance. */
type ByChance = {
  /** The share of calls that is refused whatever the pace. */
  readonly share: number;
  /** They come at one time of the second, and yet whatever the pace: of others who do not mind them. */
  readonly inSpiteOfSeconds: boolean;
  /** How long after the last trial the next one may begin. */
  readonly againMs: number;
};

/**
 * Refusals that come whatever the pace: a soft limit, others on the account, a service short of capacity
 * that says so in the words of a quota. A pace that follows them ends at next to nothing, for nothing.
 *
 * Two questions make the state: are refusals by chance known of (`known`), and is a trial going on (`trial`)?
 *
 * | state         | a refusal is taken for                                      | it leaves that                              |
 * | ------------- | ----------------------------------------------------------- | ------------------------------------------- |
 * | *off*         | the limit                                                   | to *trying*: many of the last calls were refused, scattered among others (`suspected`) |
 * | *on*          | chance; the limit where clearly more are refused than that  | to *trying* now and then; to *off* where hardly any are left |
 * | *trying*      | chance                                                      | to *on*: they stayed at another pace (`Trial`); to *off*: they did not |
 *
 * In every state a refusal is the limit's where a window is closed (nearly all of the last calls refused): a trial is broken
 * off by it, and what was known before stands. And, but for a trial, where refusals come at one time of the second.
 */
export class Chance {
  /** Null: *off*. Stands while it is tried again. */
  private known: ByChance | null = null;
  /** Null: not *trying*. */
  private trial: Trial | null = null;
  /** When the last trial ended. */
  private trialledMs = -Infinity;
  /** The last trial has shown that refusals are fewer at a lower pace. */
  private areFewerLower = false;
  /** The highest pace at which a call was refused since a window was closed. */
  private highPerMs = 0;
  private readonly phases: Phases = new Phases();
  private readonly log: StartLog;
  private readonly suspicion: Suspicion;

  constructor(log: StartLog, suspicion: Suspicion) {
    this.log = log;
    this.suspicion = suspicion;
  }

  /** Whether the pace is tried lower: it must not grow meanwhile. */
  get isTrying(): boolean {
    return this.trial !== null;
  }

  /** The pace of a trial, as a share of the one before. */
  get trialShare(): number {
    return this.trial?.pace ?? 1;
  }

  /** Whether refusals follow the pace: a trial has shown it, or they come when a second is used up. */
  followPace(nowMs: number): boolean {
    return this.areFewerLower || this.areOfSeconds(nowMs);
  }

  /** Whether calls are refused at one time of each second, when its share is used up. */
  areOfSeconds(nowMs: number): boolean {
    return this.phases.areConcentrated(nowMs, countOf(this.lately(nowMs)) / LATELY_MS);
  }

  /** Whatever was tried, the limit is another now. */
  drop(): void {
    this.trial = null;
    this.highPerMs = 0;
  }

  /** A call was refused that started at `sentMs` (the log knows of it); `isStray`: though hardly any other. */
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

  /** What the trial has shown, where it is over. `presumedAfterMs`: a call not refused for so long is admitted. */
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

  /** *On*: tried again, or *off* where hardly any refusals are left. */
  private lookAgain(refusal: Refusal, pace: PaceNow, known: ByChance): RefusalMeans {
    const before = this.lately(refusal.nowMs);
    if (shareOf(before) >= known.share * OVER_SHARE) return this.begin(refusal, pace, before);
    this.known = null;
    return 'limit';
  }

  /** To *trying*, unless it would take too long. `before`: what makes it look as if refusals came by chance. */
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

  /** Whether clearly more was refused than by chance, of late or for a minute. */
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

/** Of how many of the last calls which share is refused where a window is used up, if so large a share is refused by chance. */
function closedAfter(byChance: number): { readonly of: number; readonly share: number } {
  const { shareLeast, shareMost, onceIn, share } = CLOSED_BY_CHANCE;
  if (byChance <= shareLeast) return CLOSED;
  return { of: Math.ceil(-Math.log(onceIn) / Math.log(Math.min(shareMost, byChance))), share };
}

/** The largest share that chance brings of so many calls, where it brings `share` of many. */
function mostByChance(share: number, sent: Sent): number {
  const deviation = Math.sqrt((share * (1 - share)) / Math.max(1, countOf(sent)));
  return share + MORE.deviations * deviation;
}
