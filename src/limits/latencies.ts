/** Answers over which a latency is taken. */
const KEPT = 256;

/** The latencies of the last answers of a lane, in milliseconds. */
export class Latencies {
  private readonly ring: number[] = [];
  private next = 0;

  add(latencyMs: number): void {
    if (this.ring.length < KEPT) this.ring.push(latencyMs);
    else this.ring[this.next] = latencyMs;
    this.next = (this.next + 1) % KEPT;
  }

  /** The latency that `share` of the answers stay below; null without any. */
  quantile(share: number): number | null {
    const sorted = this.ring.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
  }
}
