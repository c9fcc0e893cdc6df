import { Phases } from './phases.ts';

/**
 * Refusals are looked into where so large a share of so many calls was refused, and so much in each part of
 * the time that these calls took: chance comes evenly, a limit that was met in one place.
 */
const SUSPECT = {
  callsLeast: 40,
  parts: 4,
  partShare: 0.035,
  /** Where more is refused, less is given (`PaceFloor`). */
  shareMost: 0.3,
} as const;
/** A smaller share than that is looked into once so many were refused; each part of the time has so much of the share. */
const FEW = { refusedLeast: 12, partOfShare: 0.4, steeredPace: 0.7 } as const;
/** Over so long a time, doubled where it holds fewer calls; longer where it does not even hold the least. */
const SPAN_MS = { least: 16_000, usual: 64_000, most: 1_024_000 } as const;
/** For so many calls the pace is a share of what it was; refusals by chance are then so many times as many. */
const TRIAL = { calls: 80, pace: 0.5, stays: { least: 0.55, most: 1.8 } } as const;
/** Where few calls are refused, at a higher pace, for as many as bring so many refusals. */
const TRIAL_OF_FEW = { calls: 400, pace: 0.8, stays: { least: 0.45, most: 2 } } as const;
const FEW_REFUSED = 6;
/** A pace that has come so low already is tried higher: refusals of a limit are more then. */
const TRIAL_UP = { calls: 50, pace: 2, stays: { least: 0.2, most: 1.7 } } as const;
const LOW_SHARE = 0.5;
const TRIAL_MS_LEAST = 4000;
/** Longer it may not take: a lane of a few calls a minute would stand at half its pace for a quarter of an hour. */
const TRIAL_MS_MOST = 300_000;
/** A window that is used up refuses so many of so many calls in a row. */
const CLOSED = { of: 5, share: 0.75 } as const;
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

export type Sent = { readonly calls: number; readonly refused: number };

/** What was sent of late: `calls` were not refused, as far as is known. */
export type SentLog = {
  /** The last so many calls that started no later than `untilMs` and not before `sinceMs`. */
  last(count: number, untilMs: number, sinceMs: number): Sent;
  between(fromMs: number, toMs: number): Sent;
};

/** A pace, and whether refusals have brought it as low as they may. */
export type PaceNow = { readonly perMs: number; readonly isLow: boolean };

/** How many refusals look as if they came by chance. */
export type Suspicion = {
  /** So large a share of so many calls. */
  readonly calls: number;
  readonly share: number;
  /** Or a share between this one and that. */
  fewShare(): number;
  /** Some refusals are steered for: few say something only once they have brought the pace low. */
  readonly isSteered: boolean;
};

/** What a refusal is taken for: of the limit, by chance, or the one at which a trial begins. */
export type RefusalMeans = 'limit' | 'chance' | 'trial';

/** What a trial has shown: the pace before it, whether the refusals stayed, and whether that was not known before. */
export type TrialEnd = {
  readonly perMs: number;
  readonly stayed: boolean;
  readonly isNews: boolean;
};

/**
 * Refusals that come whatever the pace: a soft limit, others on the account, a service short of capacity
 * that says so in the words of a quota. A pace that follows them ends at next to nothing, for nothing.
 *
 * *Off*: every refusal speaks of the limit. Where many of the last calls were refused, scattered among others,
 * a *trial* halves the pace for some tens of calls: refusals of a limit are gone then, those by chance stay.
 * If they stay it is *on*: a refusal speaks of the limit only where a window is closed (nearly all of
 * the last calls refused) or where clearly more are refused than by chance. Tried again now and then.
 */
export class Chance {
  /** The share of calls that is refused whatever the pace; 0: none that is known of. */
  share = 0;
  private trial: {
    readonly sinceMs: number;
    /** The pace before, and what was sent at it. */
    readonly perMs: number;
    readonly before: Sent;
    /** For so many calls. */
    readonly calls: number;
    /** What is tried, as a share of the pace before. */
    readonly pace: number;
    /** Refusals have stayed where their share is between these multiples of the share before. */
    readonly stays: { readonly least: number; readonly most: number };
  } | null = null;
  /** When the last trial ended. */
  private trialledMs = -Infinity;
  /** The highest pace at which a call was refused since a window was closed. */
  private highPerMs = 0;
  /** They come at one time of the second, and yet whatever the pace: of others who do not mind them. */
  private inSpiteOfSeconds = false;
  /** How long after a trial, once refusals are by chance, the next one may begin. */
  private againMs: number = AGAIN_MS.first;
  private readonly phases: Phases = new Phases();
  private readonly log: SentLog;
  private readonly suspicion: Suspicion;

  constructor(log: SentLog, suspicion: Suspicion) {
    this.log = log;
    this.suspicion = suspicion;
  }

  /** Whether the pace is tried lower: it must not grow meanwhile. */
  get isTrying(): boolean {
    return this.trial !== null;
  }

  /** Whatever was tried, the limit is another now. */
  drop(): void {
    this.trial = null;
    this.highPerMs = 0;
  }

  /** The pace of a trial, as a share of the one before. */
  get trialShare(): number {
    return this.trial?.pace ?? 1;
  }

  /** A call was refused that started at `sentMs`, at a pace of `perMs` (the log knows of it). */
  refused(nowMs: number, sentMs: number, { perMs, isLow }: PaceNow): RefusalMeans {
    this.phases.refused(sentMs);
    if (this.isClosed(sentMs)) {
      // Whatever else there is, a limit was met; what is known of chance stands, and a trial ends.
      if (this.trial !== null) this.trialledMs = nowMs;
      this.trial = null;
      this.highPerMs = perMs === Infinity ? 0 : perMs;
      return 'limit';
    }
    if (this.trial !== null) return 'chance';
    if (this.isOfSeconds(nowMs) && !this.inSpiteOfSeconds && !isLow) return 'limit';
    if (this.share > 0) {
      if (nowMs - this.trialledMs > this.againMs) return this.again(nowMs, { perMs, isLow });
      return this.isMore(nowMs, sentMs) ? 'limit' : 'chance';
    }
    if (perMs !== Infinity) this.highPerMs = Math.max(this.highPerMs, perMs);
    const before = this.suspected(nowMs, perMs);
    return before === null ? 'limit' : this.begin(nowMs, { perMs, isLow }, before);
  }

  /** What the trial has shown, where it is over. `presumedAfterMs`: a call not refused for so long is admitted. */
  look(nowMs: number, presumedAfterMs: number): TrialEnd | null {
    const { trial } = this;
    if (trial === null) return null;
    if (this.suspicion.isSteered && trial.perMs < this.highPerMs * LOW_SHARE) {
      const stayed = !this.isOfSeconds(nowMs);
      return this.end(nowMs, trial.perMs, { sent: trial.before, stayed });
    }
    const untilMs = nowMs - presumedAfterMs;
    if (untilMs - trial.sinceMs < TRIAL_MS_LEAST) return null;
    const sent = this.log.between(trial.sinceMs, untilMs);
    if (countOf(sent) < trial.calls) return null;
    const times = shareOf(sent) / shareOf(trial.before);
    const { least, most } = trial.stays;
    const stayed = times >= least && times <= most && (trial.pace > 1 || !this.isOfSeconds(nowMs));
    const both = {
      calls: sent.calls + trial.before.calls,
      refused: sent.refused + trial.before.refused,
    };
    return this.end(nowMs, trial.perMs, { sent: both, stayed });
  }

  /** Whether calls are refused at one time of each second, when its share is used up. */
  isOfSeconds(nowMs: number): boolean {
    const sent = this.log.between(nowMs - SPAN_MS.least, nowMs);
    return this.phases.areConcentrated(nowMs, countOf(sent) / SPAN_MS.least);
  }

  private end(nowMs: number, perMs: number, told: { sent: Sent; stayed: boolean }): TrialEnd {
    const { sent, stayed } = told;
    this.trial = null;
    this.trialledMs = nowMs;
    this.highPerMs = perMs;
    const wasOff = this.share === 0;
    this.againMs = wasOff ? AGAIN_MS.first : Math.min(AGAIN_MS.most, this.againMs * 2);
    const most = wasOff ? 1 : this.share * AGAIN_TIMES;
    this.share = stayed ? Math.min(shareOf(sent), most) : 0;
    this.inSpiteOfSeconds = stayed && this.isOfSeconds(nowMs);
    return { perMs, stayed, isNews: stayed === wasOff };
  }

  /** Begins a trial, unless it would take too long. `before`: what makes it look as if refusals came by chance. */
  private begin(nowMs: number, pace: PaceNow, before: Sent): RefusalMeans {
    const share = shareOf(before);
    const few = share < this.suspicion.share;
    const isLow = pace.isLow || pace.perMs < this.highPerMs * LOW_SHARE;
    const kind = few ? TRIAL_OF_FEW : isLow ? TRIAL_UP : TRIAL;
    const calls = few ? Math.min(kind.calls, FEW_REFUSED / share) : kind.calls;
    const { usual } = SPAN_MS;
    const callsPerMs = countOf(this.log.between(nowMs - usual, nowMs)) / usual;
    if (calls / (callsPerMs * kind.pace) > TRIAL_MS_MOST) return 'limit';
    this.trial = { sinceMs: nowMs, perMs: pace.perMs, before, ...kind, calls };
    return 'trial';
  }

  /** By chance so far: tried again, or over where hardly any refusals are left. */
  private again(nowMs: number, pace: PaceNow): RefusalMeans {
    const before = this.log.between(nowMs - SPAN_MS.least, nowMs);
    if (shareOf(before) >= this.share * OVER_SHARE) return this.begin(nowMs, pace, before);
    this.share = 0;
    this.inSpiteOfSeconds = false;
    return 'limit';
  }

  /** What was sent of late, where so much of it was refused, and so evenly, that a limit may not be why; else null. */
  private suspected(nowMs: number, perMs: number): Sent | null {
    const { calls, share, isSteered } = this.suspicion;
    let spanMs: number = SPAN_MS.least;
    let sent = this.log.between(nowMs - spanMs, nowMs);
    while (
      countOf(sent) < (spanMs < SPAN_MS.usual ? calls : SUSPECT.callsLeast) &&
      spanMs < SPAN_MS.most
    ) {
      spanMs *= 2;
      sent = this.log.between(nowMs - spanMs, nowMs);
    }
    if (nowMs - spanMs < this.trialledMs) return null;
    if (countOf(sent) < SUSPECT.callsLeast || shareOf(sent) > SUSPECT.shareMost) return null;
    if (shareOf(sent) >= share) return this.isEven(nowMs, spanMs, SUSPECT.partShare) ? sent : null;
    // Where some are steered for, only once they have brought the pace low.
    const isLow = !isSteered || perMs < this.highPerMs * FEW.steeredPace;
    return isLow ? this.suspectedFew(nowMs) : null;
  }

  /** The same of few refusals, over as long a time as the log remembers. */
  private suspectedFew(nowMs: number): Sent | null {
    const spanMs = Math.min(SPAN_MS.usual, nowMs - this.trialledMs);
    const sent = this.log.between(nowMs - spanMs, nowMs);
    if (sent.refused < FEW.refusedLeast || shareOf(sent) < this.suspicion.fewShare()) return null;
    return this.isEven(nowMs, spanMs, shareOf(sent) * FEW.partOfShare) ? sent : null;
  }

  /** Whether so much was refused in each part of the time. */
  private isEven(nowMs: number, spanMs: number, partShare: number): boolean {
    const partMs = spanMs / SUSPECT.parts;
    for (let part = 1; part <= SUSPECT.parts; part += 1) {
      const untilMs = nowMs - (part - 1) * partMs;
      if (shareOf(this.log.between(untilMs - partMs, untilMs)) < partShare) return false;
    }
    return true;
  }

  /** Whether nearly all of the last few calls were refused: a window is used up. */
  private isClosed(sentMs: number): boolean {
    const { calls, refused } = this.log.last(CLOSED.of, sentMs, -Infinity);
    return calls + refused >= CLOSED.of && refused >= (calls + refused) * CLOSED.share;
  }

  /** Whether clearly more was refused than by chance, of late or for a minute. */
  private isMore(nowMs: number, sentMs: number): boolean {
    const calls = this.log.last(MORE.of, sentMs, this.trialledMs);
    const sent =
      countOf(calls) < MORE.of
        ? calls
        : this.log.between(Math.max(this.trialledMs, nowMs - MORE.ms), nowMs);
    const long = this.log.between(Math.max(this.trialledMs, nowMs - LONG.ms), nowMs);
    return (
      (countOf(sent) >= MORE.least && shareOf(sent) > this.usual(sent) + MORE.share) ||
      (countOf(long) >= LONG.calls && shareOf(long) > this.usual(long) * LONG.times)
    );
  }

  /** The most that chance brings of so many calls. */
  private usual(sent: Sent): number {
    const deviation = Math.sqrt((this.share * (1 - this.share)) / Math.max(1, countOf(sent)));
    return this.share + MORE.deviations * deviation;
  }
}

function countOf({ calls, refused }: Sent): number {
  return calls + refused;
}

function shareOf(sent: Sent): number {
  return sent.refused / Math.max(1, countOf(sent));
}
