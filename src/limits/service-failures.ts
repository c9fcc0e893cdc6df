/** So much of the last calls failed: the service is called less often for a while. */
const SEVERAL_SHARE = 0.15;
const SEVERAL_OVER = 20;
/** Calls are compared by so many that were started one after the other, and a smaller share of failures needs no reason. */
const STRETCH = { calls: 80, failedLeast: 0.05 } as const;
/**
 * Failures come by chance where calls at no more than this share of a pace failed at no less than this share of what failed
 * then: an overloaded service would fail hardly any. Where more than half fail that is not so (ten times too much is
 * still five times too much at half the pace), and a service in such trouble is left in peace.
 */
const CHANCE = { pace: 0.6, failed: 0.6, most: 0.5 } as const;
/** Clearly more than by chance: so many times as much, and so much more, in one stretch or over about the last `latelyOver`. */
const MORE = {
  stretch: { times: 1.5, share: 0.1 },
  lately: { times: 1.3, share: 0.06 },
  latelyOver: 4,
} as const;

/** Twice as many slow stretches must look like chance each time that it was no chance after all, and so many at the most. */
const ASKED_MOST = 8;

/** A stretch is looked at from so many ended calls on: one that hangs for an hour may not hold up what the others say. */
const LOOKED_AT_FROM = STRETCH.calls * 0.9;

/** Calls that were started one after the other, and what became of them. */
export type Stretch = {
  /** Between each start and the one before it, in milliseconds. */
  readonly gapsMs: number[];
  /** What the calls were taken to cost, in tokens. */
  tokens: number;
  started: number;
  ended: number;
  failed: number;
  /** *Watching*: as many of it failed as of a clearly faster one. */
  looksLikeChance: boolean;
};

/** What a failure says: nothing (`stray`, `chance`), or that the service is called too often. */
export type FailureMeans = 'stray' | 'several' | 'chance';

/**
 * What calls that failed at the service say of the pace of their lane. A service with too much to do fails less when it is
 * called less; one that cuts every fifth connection does not, and a pace that went down for it would stay down.
 *
 * States: *watching* (the fastest stretch in which calls failed is remembered, and slower ones are compared with it), and
 * *by chance* (as many failed at a clearly lower pace: failures slow nothing, until they are clearly more, or over).
 */
export class ServiceFailures {
  /** Of the last calls, about `SEVERAL_OVER` of them, those that failed. */
  private lately = 0;
  private lastStartMs: number | null = null;
  /** The calls that are being started. */
  private latest: Stretch = newStretch();
  /** Null: *watching*, and hardly any have failed. */
  private fastest: Stretch | null = null;
  /** The share that fails by chance; null: *watching*. */
  private chanceShare: number | null = null;
  /** *By chance*: the share of the last stretches that failed. */
  private latelyShare = 0;
  /** How many slow stretches have looked like chance, and how many must. */
  private seen = 0;
  private asked = 1;

  /** Whether failures are known to come whatever the pace. */
  get areByChance(): boolean {
    return this.chanceShare !== null;
  }

  /** A call starts. Failures are told of its stretch: a call that fails late says nothing of the pace at which it ends. */
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
    // So many of all its calls at the least: that needs no waiting for the others.
    if (areMore(leastOf(stretch), this.chanceShare, MORE.stretch)) this.wasNoChance();
    return 'chance';
  }

  /** A call of that stretch ended, however. True: it is known since now that failures come by chance. */
  ended(stretch: Stretch): boolean {
    this.lately -= this.lately / SEVERAL_OVER;
    stretch.ended += 1;
    if (stretch.ended < LOOKED_AT_FROM) return false;
    if (this.chanceShare === null) return this.compare(stretch);
    if (stretch.ended === STRETCH.calls) this.check(leastOf(stretch), this.chanceShare);
    return false;
  }

  /** What was taken for chance follows the pace, or the moment: next time it takes more to believe it. */
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
    // All at one moment: that is no pace.
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

/** The share that failed at the least, whatever becomes of the calls that have not ended. */
function leastOf({ failed }: Stretch): number {
  return failed / STRETCH.calls;
}

/** The share that will have failed at the most. */
function mostOf({ failed, ended }: Stretch): number {
  return (failed + STRETCH.calls - ended) / STRETCH.calls;
}

/**
 * The pace at which the calls of a stretch were started; no gap counts for more than their median: pauses of the lane are no
 * slower pace, nor is one that comes in bursts as slots are free again.
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
    // Large lines come slowly where tokens bind, and ask as much of the service as small ones.
    Math.max(pace, (pace * slow.tokens) / fast.tokens) <= CHANCE.pace &&
    leastOf(slow) >= mostOf(fast) * CHANCE.failed &&
    Math.max(mostOf(slow), mostOf(fast)) <= CHANCE.most
  );
}
