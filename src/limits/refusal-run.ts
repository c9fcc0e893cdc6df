/** The first gap between tries while everything is refused, at the least. */
const GAP_MS_LEAST = 50;
/** Tries grow apart up to this share of the time that the run has lasted, or a second. */
const GAP_SHARE = 1 / 6;
const GAP_MS_MOST = 30_000;

/**
 * A run of refusals: from the first call refused until one that was started after it is admitted.
 * While it lasts, tries grow apart: a quota that is used up opens again at a moment that nobody
 * tells. Times are monotonic milliseconds; `sentMs` is when a call was started.
 */
export class RefusalRun {
  /** When the first refused call was started. */
  readonly firstSentMs: number;
  /** When the last refused call was started. */
  lastSentMs: number;
  /** Refused although they were started after the first refusal had come back. */
  hits = 0;
  readonly knownMs: number;
  /** The pace before the run. */
  readonly perMs: number;
  private gapMs: number;
  /** Starts since the last refused one, whose fate is open. */
  private tries: number[] = [];

  constructor(nowMs: number, sentMs: number, perMs: number) {
    this.firstSentMs = sentMs;
    this.lastSentMs = sentMs;
    this.knownMs = nowMs;
    this.perMs = perMs;
    this.gapMs = 0;
  }

  /** The time between two tries now; 0: as the pace has it. */
  get betweenMs(): number {
    return this.hits === 0 ? 0 : this.gapMs;
  }

  refused(nowMs: number, sentMs: number, spacingMs: number): void {
    this.lastSentMs = Math.max(this.lastSentMs, sentMs);
    this.tries = this.tries.filter((tryMs) => tryMs > sentMs);
    if (sentMs < this.knownMs) return;
    this.hits += 1;
    const most = Math.max(1000, spacingMs, (nowMs - this.firstSentMs) * GAP_SHARE);
    this.gapMs = Math.min(
      Math.max(GAP_MS_LEAST, Math.min(spacingMs, 1000), this.gapMs * 2),
      most,
      GAP_MS_MOST,
    );
  }

  started(nowMs: number): void {
    this.tries.push(nowMs);
  }

  /** When the fate of the oldest open try is known, if it is not refused before. */
  knownAtMs(presumedAfterMs: number): number {
    const [first] = this.tries;
    return first === undefined ? Infinity : first + presumedAfterMs;
  }

  /** The start of the first try that was admitted, or is presumed to be; null: the run goes on. */
  endedBy(nowMs: number, presumedAfterMs: number): number | null {
    const [first] = this.tries;
    return first !== undefined && first + presumedAfterMs <= nowMs ? first : null;
  }
}
