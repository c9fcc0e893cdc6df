/** A batch keeps gathering while each turn of the event loop brings more records, for at most this many turns. */
export const BATCH_TURNS_MOST = 4;
/**
 * With this many records it does not even wait for the end of the turn: a thousand replies may come in one turn, and
 * waiting records take memory and are copied by the garbage collector.
 */
const ENOUGH = 512;
/** The same if the event loop idles between batches. */
const ENOUGH_WHEN_IDLE = 128;
/**
 * The loop counts as idle if the first record after a commit comes later than this, on average. With instant answers that
 * gap is 0.5 to 0.7 ms.
 */
const IDLE_GAP_MS = 1.5;
/** Window of the moving average, in gaps. */
const GAPS_AVERAGED = 8;
/** A longer gap counts as this much, so that a busy phase after a long wait is noticed soon. */
const GAP_MS_MOST = 20;

/**
 * How many records make a batch. Calls answered together are recorded together, and the next ones leave together: a convoy,
 * with the loop idle while it is out. Smaller batches break it up (answers after 50 ms, 256 in flight: 14 % more calls a
 * second). If the loop is never idle, each extra commit costs throughput (12 to 20 % less).
 */
export class BatchSize {
  /** When the last batch became durable; null: a record has come since. */
  private committedMs: number | null = null;
  private gapMs = 0;

  get recordsEnough(): number {
    return this.gapMs > IDLE_GAP_MS ? ENOUGH_WHEN_IDLE : ENOUGH;
  }

  /** A batch became durable. */
  committed(nowMs: number): void {
    this.committedMs = nowMs;
  }

  /** A record arrived. */
  recorded(nowMs: number): void {
    if (this.committedMs === null) return;
    const gapMs = Math.min(GAP_MS_MOST, nowMs - this.committedMs);
    this.gapMs += (gapMs - this.gapMs) / GAPS_AVERAGED;
    this.committedMs = null;
  }
}
