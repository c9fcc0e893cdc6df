/** If more than this share of the last calls failed, the service is called less often for a while. */
const SEVERAL_SHARE = 0.15;
const SEVERAL_OVER = 20;
/** Calls are compared in cohorts of consecutive starts; a failed share below `failedLeast` needs no explanation. */
const COHORT = { calls: 80, failedLeast: 0.05 } as const;
/**
 * Failures are random if calls at no more than this part of a pace failed at no less than this part of its failure share:
 * an overloaded service would hardly fail any. Not so where more than half fail (ten times too much is still five times too
 * much at half the pace); a service in such trouble is spared.
 */
const RANDOM = { pace: 0.6, failed: 0.6, most: 0.5 } as const;
/** Clearly more than random: this many times as much and this much more, in one cohort or over about the last `recentOver`. */
const INCREASED = {
  cohort: { times: 1.5, share: 0.1 },
  recent: { times: 1.3, share: 0.06 },
  recentOver: 4,
} as const;

/** Each time that failures prove not to be random, twice as many slow cohorts must look random, up to this many. */
const NEEDED_MOST = 8;

/** A cohort is evaluated once this many calls ended: one call that hangs for an hour must not hold up the others. */
const EVALUATED_FROM = COHORT.calls * 0.9;

/** Consecutive starts, and what became of them. */
export type Cohort = {
  /** Between each start and the previous one, in milliseconds. */
  readonly gapsMs: number[];
  /** Estimated cost of the calls, in tokens. */
  tokens: number;
  started: number;
  ended: number;
  failed: number;
  /** *Watching*: as many of its calls failed as of a clearly faster cohort. */
  looksRandom: boolean;
};

/** What a failure shows: nothing (`isolated`, `random`), or that the service is called too often. */
export type FailurePattern = 'isolated' | 'several' | 'random';

/**
 * What failures at the service say about a lane's pace. An overloaded service fails less when it is called less; one that
 * drops every fifth connection does not, and a pace reduced for it would stay down.
 *
 * States: *watching* (remembers the fastest cohort with failures and compares slower ones with it), and *random* (as
 * many failed at a clearly lower pace: failures slow nothing until they are clearly more, or over).
 */
export class ServiceFailures {
  /** The failed share of the last calls, about `SEVERAL_OVER` of them. */
  private recentCallsShare = 0;
  private lastStartMs: number | null = null;
  /** The cohort that current starts belong to. */
  private latest: Cohort = newCohort();
  /** Null: *watching*, and hardly any call has failed. */
  private fastest: Cohort | null = null;
  /** The share that fails at random; null: *watching*. */
  private randomShare: number | null = null;
  /** *Random*: the failed share of the last cohorts. */
  private recentCohortsShare = 0;
  /** How many slow cohorts have looked random, and how many must. */
  private randomLooking = 0;
  private randomLookingNeeded = 1;

  /** Whether failures are known to be independent of the pace. */
  get areRandom(): boolean {
    return this.randomShare !== null;
  }

  /**
   * A call starts. Returns its cohort, to which its end is attributed: a late failure says nothing of the pace when it
   * ends.
   */
  started(nowMs: number, tokens: number): Cohort {
    if (this.latest.started === COHORT.calls) this.latest = newCohort();
    const { latest, lastStartMs } = this;
    if (lastStartMs !== null) latest.gapsMs.push(nowMs - lastStartMs);
    this.lastStartMs = nowMs;
    latest.started += 1;
    latest.tokens += tokens;
    return latest;
  }

  /** A call of that cohort failed at the service. `ended` follows. */
  failed(cohort: Cohort): FailurePattern {
    cohort.failed += 1;
    this.recentCallsShare += 1 / SEVERAL_OVER;
    if (this.randomShare === null)
      return this.recentCallsShare > SEVERAL_SHARE ? 'several' : 'isolated';
    // This share of all its calls at least: no need to wait for the others.
    if (haveIncreased(failedShareLeast(cohort), this.randomShare, INCREASED.cohort))
      this.wereNotRandom();
    return 'random';
  }

  /** A call of that cohort ended, in whatever way. Returns true if it is known from now on that failures are random. */
  ended(cohort: Cohort): boolean {
    this.recentCallsShare -= this.recentCallsShare / SEVERAL_OVER;
    cohort.ended += 1;
    if (cohort.ended < EVALUATED_FROM) return false;
    if (this.randomShare === null) return this.compare(cohort);
    if (cohort.ended === COHORT.calls) this.check(failedShareLeast(cohort), this.randomShare);
    return false;
  }

  /** Supposedly random failures depend on the pace, or on the moment: next time it takes more to believe it. */
  private wereNotRandom(): void {
    this.randomLookingNeeded = Math.min(NEEDED_MOST, this.randomLookingNeeded * 2);
    this.watch();
  }

  private watch(): void {
    this.randomShare = null;
    this.compareWith(null);
  }

  private compareWith(fastest: Cohort | null): void {
    this.fastest = fastest;
    this.randomLooking = 0;
  }

  private compare(cohort: Cohort): boolean {
    const { fastest } = this;
    if (failedShareMost(cohort) < COHORT.failedLeast) this.compareWith(null);
    // All started at one moment: that is no pace.
    else if (failedShareLeast(cohort) < COHORT.failedLeast || perMsOf(cohort) === Infinity)
      return false;
    else if (fastest === null || perMsOf(cohort) > perMsOf(fastest)) this.compareWith(cohort);
    else if (!cohort.looksRandom && isRandom(cohort, fastest)) {
      cohort.looksRandom = true;
      this.randomLooking += 1;
      if (this.randomLooking < this.randomLookingNeeded) return false;
      this.randomShare = (failedShareLeast(cohort) + failedShareLeast(fastest)) / 2;
      this.recentCohortsShare = this.randomShare;
      return true;
    }
    return false;
  }

  private check(failedShare: number, randomShare: number): void {
    this.recentCohortsShare += (failedShare - this.recentCohortsShare) / INCREASED.recentOver;
    if (haveIncreased(this.recentCohortsShare, randomShare, INCREASED.recent)) this.wereNotRandom();
    else if (failedShare < COHORT.failedLeast) this.watch();
  }
}

function newCohort(): Cohort {
  return { gapsMs: [], tokens: 0, started: 0, ended: 0, failed: 0, looksRandom: false };
}

/** The minimum failed share, whatever becomes of the calls that have not ended. */
function failedShareLeast({ failed }: Cohort): number {
  return failed / COHORT.calls;
}

/** The maximum share that will have failed. */
function failedShareMost({ failed, ended }: Cohort): number {
  return (failed + COHORT.calls - ended) / COHORT.calls;
}

/**
 * The pace at which a cohort started. No gap counts for more than the median: pauses of the lane do not make the pace
 * slower, nor do bursts as slots become free.
 */
function perMsOf({ gapsMs }: Cohort): number {
  const sorted = gapsMs.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  return sorted.length / sorted.reduce((sum, gap) => sum + Math.min(gap, median), 0);
}

function haveIncreased(
  failedShare: number,
  randomShare: number,
  than: { readonly times: number; readonly share: number },
): boolean {
  return failedShare > randomShare * than.times && failedShare > randomShare + than.share;
}

function isRandom(slow: Cohort, fast: Cohort): boolean {
  const pace = perMsOf(slow) / perMsOf(fast);
  return (
    // Where tokens bind, large lines come slowly and load the service as much as small ones.
    Math.max(pace, (pace * slow.tokens) / fast.tokens) <= RANDOM.pace &&
    failedShareLeast(slow) >= failedShareMost(fast) * RANDOM.failed &&
    Math.max(failedShareMost(slow), failedShareMost(fast)) <= RANDOM.most
  );
}
