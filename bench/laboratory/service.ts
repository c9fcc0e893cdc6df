import type { Clock } from '../../src/clock.ts';
import type { LabCall } from './calls.ts';
import { HiddenQuota, type Refusal } from './hidden-quota.ts';
import type { Scenario } from './scenario.ts';
import { seeded } from './virtual-time.ts';

/** One way, and what a refusal takes beyond: as a healthy line of 50 ms has it, with its jitter. */
const ONE_WAY_MS = { least: 10, spread: 20 } as const;
const REFUSAL_MS = { least: 15, spread: 30 } as const;
/** A round trip on the average. */
export const ROUND_TRIP_MS: number = 2 * (ONE_WAY_MS.least + ONE_WAY_MS.spread / 2);

/** What became of the calls of one model, in the order of their starts. */
export type Seen = {
  sent: number;
  refused: number;
  /** Starts that were admitted. */
  readonly startsMs: number[];
  tokens: number;
  /** The last of them, and what its call took. */
  lastStart: { readonly atMs: number; readonly tokens: number };
  lastEndMs: number;
  /** Time that calls were worked on, all together, and the most that were held at once. */
  workedMs: number;
  held: number;
  heldMost: number;
};

export type Reply =
  | { readonly kind: 'answer'; readonly tokens: number; readonly latencyMs: number }
  | { readonly kind: 'refusal'; readonly why: Refusal; readonly waitMs: number | null };

/**
 * The service: hidden quotas, endless capacity. What it saw is what the figures are made of. On a
 * virtual clock or on the machine's: the laboratory and bench/quota.mjs share it.
 */
export class Service {
  readonly seen: Map<string, Seen> = new Map();
  private readonly time: Clock;
  private readonly quotas: Map<string, HiddenQuota> = new Map();
  private readonly random: () => number;
  private readonly waiting: (() => void)[] = [];
  private readonly stall: Scenario['stall'];
  private free: number;

  constructor(scenario: Scenario, seed: number, time: Clock) {
    this.time = time;
    this.stall = scenario.stall;
    this.free = scenario.capacity ?? Infinity;
    this.random = seeded(seed * 7919 + 1);
    for (const { model, quota } of scenario.workloads) {
      this.quotas.set(model, new HiddenQuota(quota, this.random(), this.random));
      this.seen.set(model, {
        ...{ sent: 0, refused: 0, startsMs: [], tokens: 0, lastEndMs: 0 },
        lastStart: { atMs: 0, tokens: 0 },
        ...{ workedMs: 0, held: 0, heldMost: 0 },
      });
    }
  }

  /** Sends a call now; `onReply` is run when its reply is back. */
  send(call: LabCall, onReply: (reply: Reply) => void): void {
    const { model } = call.workload;
    const quota = this.quotas.get(model);
    const seen = this.seen.get(model);
    if (quota === undefined || seen === undefined) throw new Error(`no model ${model}`);
    const { time, random } = this;
    const startMs = time.monotonicMs();
    const oneWayMs = (): number => ONE_WAY_MS.least + random() * ONE_WAY_MS.spread;
    const tokens = call.inputTokens + call.outputTokens;
    seen.sent += 1;
    this.whenServing(oneWayMs(), () => {
      const refusal = call.refusedFor ?? quota.admit(time.monotonicMs(), tokens);
      if (refusal !== null) {
        seen.refused += 1;
        const takesMs = REFUSAL_MS.least + random() * REFUSAL_MS.spread;
        this.whenServing(takesMs + oneWayMs(), () => {
          onReply({ kind: 'refusal', why: refusal, waitMs: call.workload.quota.retryAfterMs });
        });
        return;
      }
      seen.startsMs.push(startMs);
      seen.tokens += tokens;
      if (startMs >= seen.lastStart.atMs) seen.lastStart = { atMs: startMs, tokens };
      seen.held += 1;
      seen.heldMost = Math.max(seen.heldMost, seen.held);
      this.work(call.latencyMs, () => {
        seen.held -= 1;
        seen.workedMs += call.latencyMs;
        quota.ended(time.monotonicMs(), tokens);
        this.whenServing(oneWayMs(), () => {
          seen.lastEndMs = time.monotonicMs();
          onReply({ kind: 'answer', tokens, latencyMs: time.monotonicMs() - startMs });
        });
      });
    });
  }

  /** After so long, and not while the service stands still: what is due meanwhile is done at its end, in its order. */
  private whenServing(ms: number, run: () => void): void {
    const { time, stall } = this;
    const atMs = time.monotonicMs() + ms;
    const isStill = stall !== null && atMs >= stall.fromMs && atMs < stall.toMs;
    time.after(isStill ? stall.toMs - time.monotonicMs() : ms, run);
  }

  /** Works on a call for so long, once a slot is free. */
  private work(ms: number, onDone: () => void): void {
    if (this.free === 0) {
      this.waiting.push(() => {
        this.work(ms, onDone);
      });
      return;
    }
    this.free -= 1;
    this.time.after(ms, () => {
      this.free += 1;
      onDone();
      this.waiting.shift()?.();
    });
  }
}
