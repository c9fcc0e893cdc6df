/** So much of the last calls failed: the service is called less often for a while. */
const SEVERAL_SHARE = 0.15;
const SEVERAL_OVER = 20;
/** Calls are compared by so many, and a smaller share of failures needs no reason. */
const STRETCH = { calls: 80, failedLeast: 0.05 } as const;
/**
 * Failures come by chance where calls at no more than this share of a pace failed at no less than this share of what failed
 * then: an overloaded service would fail hardly any. Where more than half fail that is not so (ten times too much is
 * still five times too much at half the pace), and a service in such trouble is left in peace.
 */
const CHANCE = { pace: 0.6, failed: 0.6, most: 0.5 } as const;
/** Clearly more than by chance: so many times as much, and so much more. */
const MORE = { times: 1.5, share: 0.1 } as const;

/** Calls that ended one after the other: how fast (a millisecond), and what share failed. */
type Stretch = { readonly perMs: number; readonly failedShare: number };

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
  private sinceMs: number | null = null;
  private calls = 0;
  private failures = 0;
  /** Null: *watching*, and hardly any have failed. */
  private fastest: Stretch | null = null;
  /** The share that fails by chance; null: *watching*. */
  private chanceShare: number | null = null;

  /** Whether failures are known to come whatever the pace. */
  get areByChance(): boolean {
    return this.chanceShare !== null;
  }

  /** A call failed at the service. `ended` follows. */
  failed(): FailureMeans {
    this.failures += 1;
    this.lately += 1 / SEVERAL_OVER;
    if (this.areByChance) return 'chance';
    return this.lately > SEVERAL_SHARE ? 'several' : 'stray';
  }

  /** A call ended, however. True: it is known since now that failures come by chance. */
  ended(nowMs: number): boolean {
    this.lately -= this.lately / SEVERAL_OVER;
    this.sinceMs ??= nowMs;
    this.calls += 1;
    if (this.calls < STRETCH.calls || nowMs === this.sinceMs) return false;
    const stretch = {
      perMs: this.calls / (nowMs - this.sinceMs),
      failedShare: this.failures / this.calls,
    };
    this.sinceMs = nowMs;
    this.calls = 0;
    this.failures = 0;
    return this.chanceShare === null
      ? this.compare(stretch)
      : this.check(stretch, this.chanceShare);
  }

  private compare(stretch: Stretch): boolean {
    const { fastest } = this;
    if (stretch.failedShare < STRETCH.failedLeast) this.fastest = null;
    else if (fastest === null || stretch.perMs > fastest.perMs) this.fastest = stretch;
    else if (isOfChance(stretch, fastest)) {
      this.chanceShare = (stretch.failedShare + fastest.failedShare) / 2;
      return true;
    }
    return false;
  }

  private check({ failedShare }: Stretch, chanceShare: number): false {
    const isOver = failedShare < STRETCH.failedLeast;
    const areMore =
      failedShare > chanceShare * MORE.times && failedShare > chanceShare + MORE.share;
    if (isOver || areMore) {
      this.chanceShare = null;
      this.fastest = null;
    }
    return false;
  }
}

function isOfChance(slow: Stretch, fast: Stretch): boolean {
  return (
    slow.perMs <= fast.perMs * CHANCE.pace &&
    slow.failedShare >= fast.failedShare * CHANCE.failed &&
    Math.max(slow.failedShare, fast.failedShare) <= CHANCE.most
  );
}
