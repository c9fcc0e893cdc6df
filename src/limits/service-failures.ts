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
/** Clearly more than by chance: so many times as much, and so much more. */
const MORE = { times: 1.5, share: 0.1 } as const;

/** Gaps between starts longer than all but this share count as those: a pause of the lane is no slower pace. */
const LONG_GAPS = 0.1;

/** Calls that were started one after the other, and what became of them. */
export type Stretch = {
  /** Between each start and the one before it, in milliseconds. */
  readonly gapsMs: number[];
  started: number;
  ended: number;
  failed: number;
};

/** What a stretch tells once all of its calls have ended: how fast they were started (a millisecond), and what share failed. */
type Told = { readonly perMs: number; readonly failedShare: number };

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
  private fastest: Told | null = null;
  /** The share that fails by chance; null: *watching*. */
  private chanceShare: number | null = null;

  /** Whether failures are known to come whatever the pace. */
  get areByChance(): boolean {
    return this.chanceShare !== null;
  }

  /** A call starts. Failures are told of its stretch: a call that fails late says nothing of the pace at which it ends. */
  started(nowMs: number): Stretch {
    if (this.latest.started === STRETCH.calls) this.latest = newStretch();
    const { latest, lastStartMs } = this;
    if (lastStartMs !== null) latest.gapsMs.push(nowMs - lastStartMs);
    this.lastStartMs = nowMs;
    latest.started += 1;
    return latest;
  }

  /** A call of that stretch failed at the service. `ended` follows. */
  failed(stretch: Stretch): FailureMeans {
    stretch.failed += 1;
    this.lately += 1 / SEVERAL_OVER;
    if (this.chanceShare === null) return this.lately > SEVERAL_SHARE ? 'several' : 'stray';
    // So many of all its calls at the least: that needs no waiting for the others.
    if (areMore(stretch.failed / STRETCH.calls, this.chanceShare)) this.watch();
    return 'chance';
  }

  /** A call of that stretch ended, however. True: it is known since now that failures come by chance. */
  ended(stretch: Stretch): boolean {
    this.lately -= this.lately / SEVERAL_OVER;
    stretch.ended += 1;
    if (stretch.ended < STRETCH.calls) return false;
    const failedShare = stretch.failed / STRETCH.calls;
    if (this.chanceShare === null) return this.compare({ perMs: perMsOf(stretch), failedShare });
    if (failedShare < STRETCH.failedLeast) this.watch();
    return false;
  }

  private watch(): void {
    this.chanceShare = null;
    this.fastest = null;
  }

  private compare(told: Told): boolean {
    const { fastest } = this;
    if (told.failedShare < STRETCH.failedLeast) this.fastest = null;
    // All at one moment: that is no pace.
    else if (told.perMs === Infinity) return false;
    else if (fastest === null || told.perMs > fastest.perMs) this.fastest = told;
    else if (isOfChance(told, fastest)) {
      this.chanceShare = (told.failedShare + fastest.failedShare) / 2;
      return true;
    }
    return false;
  }
}

function newStretch(): Stretch {
  return { gapsMs: [], started: 0, ended: 0, failed: 0 };
}

/** The pace at which the calls of a stretch were started, without its pauses. */
function perMsOf({ gapsMs }: Stretch): number {
  const sorted = gapsMs.toSorted((a, b) => a - b);
  const longest = sorted[Math.ceil(sorted.length * (1 - LONG_GAPS)) - 1] ?? 0;
  return sorted.length / sorted.reduce((sum, gap) => sum + Math.min(gap, longest), 0);
}

function areMore(failedShare: number, chanceShare: number): boolean {
  return failedShare > chanceShare * MORE.times && failedShare > chanceShare + MORE.share;
}

function isOfChance(slow: Told, fast: Told): boolean {
  return (
    slow.perMs <= fast.perMs * CHANCE.pace &&
    slow.failedShare >= fast.failedShare * CHANCE.failed &&
    Math.max(slow.failedShare, fast.failedShare) <= CHANCE.most
  );
}
