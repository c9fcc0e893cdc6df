import { SHARES } from './rate-shares.ts';

const SECOND_MS = 1000;
/** Growth per second if the limit is unknown, and after the service has refused growth. */
const UNKNOWN = 1.5;
const GUARDED = 1.2;
/** After refusals were found to be random: other clients may share the quota and grow in the same way. */
const AFTER_RANDOM = { known: 1.2, unknown: 1.08 } as const;
/** Longest time that growth is made up for after a pause. */
const SECONDS_MOST = 2;
/**
 * Probing: `share` per window, doubled every `doublingWindows`; a window counts as at least `calls` calls. Where each
 * refusal costs a pause the first steps do not double, so that the limit is not overshot by much.
 */
const PROBE = {
  share: 0.01,
  doublingWindows: 4,
  calls: 10,
  doublingsMost: 8,
  evenSteps: 16,
} as const;

/** A limit from an earlier run, which may still hold: `share` per second, doubled every `doublingMs`. */
const UNTESTED = { share: 0.03, doublingMs: 2000 } as const;
/** The ratio of a pace to the limit that a single refusal at that pace is taken to show. */
export const TOUCHED_SHARE: number = 1 + PROBE.share;

/** The largest probing step over `seconds`, as a share of the pace; `perSecond` is the growth at an unknown limit. */
export type ProbeStepMost = (perSecond: number, seconds: number) => number;

/** How a pace grows. Results are factors over the given number of seconds. */
export class Growth {
  private perSecond: number = UNKNOWN;
  /** When probing above the learned limit starts; Infinity: not before one is learned. */
  probeAtMs: number = Infinity;
  /** The pace that rests until then; null: the limit was not met. */
  restedPerMs: number | null = null;
  /** The service asks for a pause with each refusal: probing is slow. */
  private areRefusalsCostly = false;
  /** When sudden growth was last refused. */
  private growthRefusedMs = -Infinity;
  private readonly probeStepMost: ProbeStepMost;

  constructor(probeStepMost: ProbeStepMost) {
    this.probeStepMost = probeStepMost;
  }

  /** The service refused sudden growth: slower from now on. Returns false if the call was sent before that was known. */
  growthRefused(nowMs: number, sentMs: number): boolean {
    if (sentMs < this.growthRefusedMs) return false;
    this.growthRefusedMs = nowMs;
    this.perSecond = GUARDED;
    return true;
  }

  /** The limit was met at `perMs`: probing starts after `ms`, or much later if the refusal cost a pause. */
  rest(nowMs: number, perMs: number, { ms, pauseMs }: { ms: number; pauseMs: number }): void {
    this.areRefusalsCostly = pauseMs > 0;
    this.restedPerMs = perMs;
    this.probeAtMs = nowMs + Math.max(ms, pauseMs * SHARES.pausesApart);
  }

  /** Refusals were found to be random: slower from now on. */
  slowDown(isBounded: boolean): void {
    this.perSecond = Math.min(
      this.perSecond,
      isBounded ? AFTER_RANDOM.known : AFTER_RANDOM.unknown,
    );
  }

  /** Growth at full speed, while the limit is unknown. */
  full(seconds: number): number {
    return this.perSecond ** Math.min(seconds, SECONDS_MOST);
  }

  /** Toward the learned limit: halfway at once, but no faster than at an unknown limit. */
  towardLearned(learned: number, pace: number, seconds: number): number {
    return Math.min(pace + (learned - pace) / 2, pace * this.full(seconds));
  }

  /** Toward what was granted before: half of the gap per step, no faster than at an unknown limit. */
  towardGranted(
    granted: number,
    pace: number,
    { seconds, steps }: { seconds: number; steps: number },
  ): number {
    const half = pace + (granted - pace) * (1 - 2 ** -steps);
    return Math.min(half, pace * this.full(seconds));
  }

  /** Gently above the learned limit, faster the longer nothing is refused. `forMs`: time since probing began. */
  probing(at: { forMs: number; windowMs: number; callsPerMs: number; seconds: number }): number {
    const stepMs = Math.max(at.windowMs, PROBE.calls / at.callsPerMs);
    const evenSteps = this.areRefusalsCostly ? PROBE.evenSteps : 0;
    const steps = Math.max(0, at.forMs / stepMs - evenSteps);
    const doublings = Math.min(steps / PROBE.doublingWindows, PROBE.doublingsMost);
    const share = PROBE.share * 2 ** doublings * (SECOND_MS / stepMs) * at.seconds;
    return 1 + Math.min(this.probeStepMost(this.perSecond, at.seconds), share);
  }

  /** Above a limit from an earlier run that this run has not met: accelerating, at most as at an unknown limit. */
  probingUntested({ forMs, seconds }: { forMs: number; seconds: number }): number {
    const doublings = Math.min(forMs / UNTESTED.doublingMs, PROBE.doublingsMost);
    return Math.min(this.full(seconds), 1 + UNTESTED.share * 2 ** doublings * seconds);
  }
}
