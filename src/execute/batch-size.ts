/** A batch goes on gathering while each turn of the event loop brings more records, for so many turns at the most. */
export const BATCH_TURNS_MOST = 4;
/**
 * With so many records it does not even wait for the end of its turn: a thousand replies may come in one turn, and what
 * waits takes up memory and is copied by the garbage collector.
 */
const ENOUGH = 512;
/** The same where the event loop is idle between batches. */
const ENOUGH_AT_LEISURE = 128;
/**
 * It is idle where the first record after a commit comes so much later than the commit, on average. Where answers come at
 * once that gap is 0.5 to 0.7 ms.
 */
const LEISURE_MS = 1.5;
/** The average is a moving one over about so many gaps. */
const GAPS_AVERAGED = 8;
/** A longer gap counts as this much, so that a busy time after a long wait is soon seen. */
const GAP_MS_MOST = 20;

/**
 * How many records are enough for a batch. Calls that are answered together are recorded together, and
 * the next ones leave together: a convoy, with the loop idle while it is out. Smaller batches break it up
 * (answers after 50 ms, 256 in flight: 14 % more calls a second). Where the loop is never idle each
 * commit more is time lost (12 to 20 % fewer).
 */
export class BatchSize {
  /** When the last batch became durable; null: a record has come since. */
  private committedMs: number | null = null;
  private gapMs = 0;

  get recordsEnough(): number {
    return this.gapMs > LEISURE_MS ? ENOUGH_AT_LEISURE : ENOUGH;
  }

  /** A batch has become durable. */
  committed(nowMs: number): void {
    this.committedMs = nowMs;
  }

  /** A record has come. */
  recorded(nowMs: number): void {
    if (this.committedMs === null) return;
    const gapMs = Math.min(GAP_MS_MOST, nowMs - this.committedMs);
    this.gapMs += (gapMs - this.gapMs) / GAPS_AVERAGED;
    this.committedMs = null;
  }
}
