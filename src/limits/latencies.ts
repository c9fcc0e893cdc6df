/** Number of recent answers kept. */
const KEPT = 256;

/** Latencies of a lane's most recent answers, in milliseconds. */
export class Latencies {
  private readonly ring: number[] = [];
  private next = 0;

  add(latencyMs: number): void {
    if (this.ring.length < KEPT) this.ring.push(latencyMs);
    else this.ring[this.next] = latencyMs;
    this.next = (this.next + 1) % KEPT;
  }

  /** The latency that `share` of the answers stay below; null if there are none. */
  quantile(share: number): number | null {
    const sorted = this.ring.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
  }
}
