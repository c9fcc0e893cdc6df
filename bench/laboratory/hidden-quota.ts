import type { QuotaShape } from './scenario.ts';

export type Refusal = 'throttle_rate' | 'throttle_tokens' | 'throttle_burst';

const SECOND_MS = 1000;
const GUARD_SECONDS = 10;

/** The quota of one model as the service counts it; only refusals reveal anything of it. */
export class HiddenQuota {
  private readonly shape: QuotaShape;
  private readonly phaseMs: number;
  private readonly random: () => number;
  private window = -1;
  private calls = 0;
  private tokens = 0;
  private filledMs = 0;
  private second = -1;
  private seen = 0;
  private readonly seconds: number[] = [];

  /** `phase`: where in a window the job begins, in [0, 1). */
  constructor(shape: QuotaShape, phase: number, random: () => number) {
    this.random = random;
    this.shape = shape;
    this.phaseMs = phase * shape.windowMs;
    this.calls = this.perWindow(0).calls;
    this.tokens = this.perWindow(0).tokens;
  }

  /** Whether a call that arrives now is let through, and charges it. Null: it is. */
  admit(nowMs: number, tokens: number): Refusal | null {
    this.fill(nowMs);
    if (this.isSudden(nowMs)) return 'throttle_burst';
    const { change } = this.shape;
    if (change?.why !== undefined && nowMs >= change.fromMs && nowMs < change.toMs)
      return change.why;
    const { randomRefusals } = this.shape;
    if (randomRefusals !== null && this.random() < randomRefusals.share) return randomRefusals.why;
    if (this.calls < 1) return 'throttle_rate';
    if (this.tokens <= 0) return 'throttle_tokens';
    this.calls -= 1;
    if (this.shape.charge === 'start') this.tokens -= tokens;
    return null;
  }

  /** Charges what is only known when the call ends. */
  ended(nowMs: number, tokens: number): void {
    if (this.shape.charge === 'start') return;
    this.fill(nowMs);
    this.tokens -= tokens;
  }

  private perWindow(nowMs: number): { calls: number; tokens: number } {
    const { rpm, tpm, windowMs, change } = this.shape;
    const changed = change !== null && nowMs >= change.fromMs && nowMs < change.toMs;
    const minutes = (windowMs / 60_000) * (changed ? change.share : 1);
    return { calls: rpm * minutes, tokens: tpm * minutes };
  }

  private fill(nowMs: number): void {
    const { windowMs, kind } = this.shape;
    const most = this.perWindow(nowMs);
    if (kind === 'bucket') {
      const windows = (nowMs - this.filledMs) / windowMs;
      this.calls = Math.min(most.calls, this.calls + most.calls * windows);
      this.tokens = Math.min(most.tokens, this.tokens + most.tokens * windows);
      this.filledMs = nowMs;
      return;
    }
    const window = Math.floor((nowMs + this.phaseMs) / windowMs);
    if (window === this.window) return;
    const passed = window - Math.max(0, this.window);
    this.window = window;
    if (passed === 0) return;
    this.calls = most.calls;
    // A call larger than what was left has overdrawn the window; the next one pays.
    this.tokens = Math.min(most.tokens, Math.min(0, this.tokens) + most.tokens * passed);
  }

  private isSudden(nowMs: number): boolean {
    const { guard } = this.shape;
    if (guard === null) return false;
    const second = Math.floor((nowMs + this.phaseMs) / SECOND_MS);
    if (this.second < 0) this.second = second;
    for (; this.second < second; this.second += 1) {
      this.seconds.push(this.seen);
      this.seen = 0;
      if (this.seconds.length > GUARD_SECONDS) this.seconds.shift();
    }
    this.seen += 1;
    const mean =
      this.seconds.reduce((sum, count) => sum + count, 0) / Math.max(1, this.seconds.length);
    return this.seen > Math.max(guard.floor, mean * guard.factor);
  }
}
