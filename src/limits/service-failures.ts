/** If more than this share of the last calls failed, the service is called less often for a while. */
const SEVERAL_SHARE = 0.15;
const SEVERAL_OVER = 20;
/** Calls are compared in stretches of consecutive starts; a failed share below `failedLeast` needs no explanation. */
const STRETCH = { calls: 80, failedLeast: 0.05 } as const;
/**
 * Failures are random if calls at no more than this part of a pace failed at no less than this part of its failure share:
 * an overloaded service would hardly fail any. Not so where more than half fail (ten times too much is still five times too
 * much at half the pace); a service in such trouble is spared.
 */
const CHANCE = { pace: 0.6, failed: 0.6, most: 0.5 } as const;
/** Clearly more than random: this many times as much and this much more, in one stretch or over about the last `latelyOver`. */
const MORE = {
  stretch: { times: 1.5, share: 0.1 },
  lately: { times: 1.3, share: 0.06 },
  latelyOver: 4,
} as const;

/** Each time that chance proves wrong, twice as many slow stretches must look like chance, up to this many. */
const ASKED_MOST = 8;

/** A stretch is evaluated once this many calls ended: one call that hangs for an hour must not hold up the others. */
const LOOKED_AT_FROM = STRETCH.calls * 0.9;

/** Consecutive starts, and what became of them. */
export type Stretch = {
  /** Between each start and the previous one, in milliseconds. */
  readonly gapsMs: number[];
  /** Estimated cost of the calls, in tokens. */
  tokens: number;
  started: number;
  ended: number;
  failed: number;
  /** *Watching*: as many of its calls failed as of a clearly faster stretch. */
  looksLikeChance: boolean;
};

/** What a failure shows: nothing (`stray`, `chance`), or that the service is called too often. */
export type FailureMeans = 'stray' | 'several' | 'chance';

/**
 * What failures at the service say about a lane's pace. An overloaded service fails less when it is called less; one that
 * drops every fifth connection does not, and a pace reduced for it would stay down.
 *
 * States: *watching* (remembers the fastest stretch with failures and compares slower ones with it), and *by chance* (as
 * many failed at a clearly lower pace: failures slow nothing until they are clearly more, or over).
 */
export class ServiceFailures {
  /** The failed share of the last calls, about `SEVERAL_OVER` of them. */
  private lately = 0;
  private lastStartMs: number | null = null;
  /** The stretch that current starts belong to. */
  private latest: Stretch = newStretch();
  /** Null: *watching*, and hardly any call has failed. */
  private fastest: Stretch | null = null;
  /** The share that fails at random; null: *watching*. */
  private chanceShare: number | null = null;
  /** *By chance*: the failed share of the last stretches. */
  private latelyShare = 0;
  /** How many slow stretches have looked like chance, and how many must. */
  private seen = 0;
  private asked = 1;

  /** Whether failures are known to be independent of the pace. */
  get areByChance(): boolean {
    return this.chanceShare !== null;
  }

  /**
   * A call starts. Returns its stretch, to which its end is attributed: a late failure says nothing of the pace when it
   * ends.
   */
  started(nowMs: number, tokens: number): Stretch {
    if (this.latest.started === STRETCH.calls) this.latest = newStretch();
    const { latest, lastStartMs } = this;
    if (lastStartMs !== null) latest.gapsMs.push(nowMs - lastStartMs);
    this.lastStartMs = nowMs;
    latest.started += 1;
    latest.tokens += tokens;
    return latest;
  }

  /** A call of that stretch failed at the service. `ended` follows. */
  failed(stretch: Stretch): FailureMeans {
    stretch.failed += 1;
    this.lately += 1 / SEVERAL_OVER;
    if (this.chanceShare === null) return this.lately > SEVERAL_SHARE ? 'several' : 'stray';
    // This share of all its calls at least: no need to wait for the others.
    if (areMore(leastOf(stretch), this.chanceShare, MORE.stretch)) this.wasNoChance();
    return 'chance';
  }

  /** A call of that stretch ended, in whatever way. Returns true if it is known from now on that failures are random. */
  ended(stretch: Stretch): boolean {
    this.lately -= this.lately / SEVERAL_OVER;
    stretch.ended += 1;
    if (stretch.ended < LOOKED_AT_FROM) return false;
    if (this.chanceShare === null) return this.compare(stretch);
    if (stretch.ended === STRETCH.calls) this.check(leastOf(stretch), this.chanceShare);
    return false;
  }

  /** Supposedly random failures depend on the pace, or on the moment: next time it takes more to believe it. */
  private wasNoChance(): void {
    this.asked = Math.min(ASKED_MOST, this.asked * 2);
    this.watch();
  }

  private watch(): void {
    this.chanceShare = null;
    this.compareWith(null);
  }

  private compareWith(fastest: Stretch | null): void {
    this.fastest = fastest;
    this.seen = 0;
  }

  private compare(stretch: Stretch): boolean {
    const { fastest } = this;
    if (mostOf(stretch) < STRETCH.failedLeast) this.compareWith(null);
    // All started at one moment: that is no pace.
    else if (leastOf(stretch) < STRETCH.failedLeast || perMsOf(stretch) === Infinity) return false;
    else if (fastest === null || perMsOf(stretch) > perMsOf(fastest)) this.compareWith(stretch);
    else if (!stretch.looksLikeChance && isOfChance(stretch, fastest)) {
      stretch.looksLikeChance = true;
      this.seen += 1;
      if (this.seen < this.asked) return false;
      this.chanceShare = (leastOf(stretch) + leastOf(fastest)) / 2;
      this.latelyShare = this.chanceShare;
      return true;
    }
    return false;
  }

  private check(failedShare: number, chanceShare: number): void {
    this.latelyShare += (failedShare - this.latelyShare) / MORE.latelyOver;
    if (areMore(this.latelyShare, chanceShare, MORE.lately)) this.wasNoChance();
    else if (failedShare < STRETCH.failedLeast) this.watch();
  }
}

function newStretch(): Stretch {
  return { gapsMs: [], tokens: 0, started: 0, ended: 0, failed: 0, looksLikeChance: false };
}

/** The minimum failed share, whatever becomes of the calls that have not ended. */
function leastOf({ failed }: Stretch): number {
  return failed / STRETCH.calls;
}

/** The maximum share that will have failed. */
function mostOf({ failed, ended }: Stretch): number {
  return (failed + STRETCH.calls - ended) / STRETCH.calls;
}

/**
 * The pace at which a stretch started. No gap counts for more than the median: pauses of the lane do not make the pace
 * slower, nor do bursts as slots become free.
 */
function perMsOf({ gapsMs }: Stretch): number {
  const sorted = gapsMs.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  return sorted.length / sorted.reduce((sum, gap) => sum + Math.min(gap, median), 0);
}

function areMore(
  failedShare: number,
  chanceShare: number,
  than: { readonly times: number; readonly share: number },
): boolean {
  return failedShare > chanceShare * than.times && failedShare > chanceShare + than.share;
}

function isOfChance(slow: Stretch, fast: Stretch): boolean {
  const pace = perMsOf(slow) / perMsOf(fast);
  return (
    // Where tokens bind, large lines come slowly and load the service as much as small ones.
    Math.max(pace, (pace * slow.tokens) / fast.tokens) <= CHANCE.pace &&
    leastOf(slow) >= mostOf(fast) * CHANCE.failed &&
    Math.max(mostOf(slow), mostOf(fast)) <= CHANCE.most
  );
}
