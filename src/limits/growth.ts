import { SHARES } from './rate-shares.ts';

const SECOND_MS = 1000;
/** Growth a second where nothing is known, and after the service has refused it. */
const UNKNOWN = 1.5;
const GUARDED = 1.2;
/** After refusals were found to come by chance: others may share the quota, and would do the same. */
const GENTLE = { known: 1.2, unknown: 1.08 } as const;
/** Longest that growth is made up for after a pause. */
const SECONDS_MOST = 2;
/**
 * Feeling for more: so much in each window, doubled every so many; a window is at least so many calls. Where each refusal costs a
 * pause the first ones are even, so that the limit is not met far above it.
 */
const FEEL = {
  share: 0.01,
  doublingWindows: 4,
  calls: 10,
  doublingsMost: 8,
  evenSteps: 16,
} as const;

/** Where the limit was learned in a run before, which may be true still: so much in a second, doubled every so many milliseconds. */
const UNTESTED = { share: 0.03, doublingMs: 2000 } as const;
/** How much a limit can be said to lie below the pace at which a single refusal met it. */
export const TOUCHED_SHARE: number = 1 + FEEL.share;

/** The most that is felt for in so many seconds, as a share of the pace, where growth in the dark is `perSecond`. */
export type FeltMost = (perSecond: number, seconds: number) => number;

/** How a pace goes up. Factors for so many seconds. */
export class Growth {
  private perSecond: number = UNKNOWN;
  /** From when on more than what was learned is felt for; Infinity: not before something is learned. */
  feelAtMs: number = Infinity;
  /** The service asks for a pause with each refusal: more is felt for slowly. */
  private areRefusalsDear = false;
  /** When sudden growth was refused last. */
  private guardedMs = -Infinity;
  private readonly feltMost: FeltMost;

  constructor(feltMost: FeltMost) {
    this.feltMost = feltMost;
  }

  /** The service refuses sudden growth: slower from now on. False: the call was sent before that was known, and is no news. */
  guard(nowMs: number, sentMs: number): boolean {
    if (sentMs < this.guardedMs) return false;
    this.guardedMs = nowMs;
    this.perSecond = GUARDED;
    return true;
  }

  /** The limit was met: more is felt for after so long; where that cost a pause, much later. */
  rest(nowMs: number, ms: number, pauseMs: number): void {
    this.areRefusalsDear = pauseMs > 0;
    this.feelAtMs = nowMs + Math.max(ms, pauseMs * SHARES.hintsApart);
  }

  /** Refusals were found to come by chance: slower from then on. */
  gentle(isBounded: boolean): void {
    this.perSecond = Math.min(this.perSecond, isBounded ? GENTLE.known : GENTLE.unknown);
  }

  /** As fast as can be, while nothing is known of the limit. */
  full(seconds: number): number {
    return this.perSecond ** Math.min(seconds, SECONDS_MOST);
  }

  /** Back to what was learned: halfway at once, but no faster than in the dark. */
  towards(learned: number, pace: number, seconds: number): number {
    return Math.min(pace + (learned - pace) / 2, pace * this.full(seconds));
  }

  /** Back to what was given before: half of what is missing in a step, at the most twice the pace, no faster than in the dark. */
  back(
    given: number,
    pace: number,
    { seconds, steps }: { seconds: number; steps: number },
  ): number {
    const half = pace + (given - pace) * (1 - 2 ** -steps);
    return Math.min(half, pace * 2 ** steps, pace * this.full(seconds));
  }

  /** Gently above what was learned, more so the longer nothing refuses it. `forMs`: since it began. */
  felt(at: { forMs: number; windowMs: number; callsPerMs: number; seconds: number }): number {
    const stepMs = Math.max(at.windowMs, FEEL.calls / at.callsPerMs);
    const evenSteps = this.areRefusalsDear ? FEEL.evenSteps : 0;
    const steps = Math.max(0, at.forMs / stepMs - evenSteps);
    const doublings = Math.min(steps / FEEL.doublingWindows, FEEL.doublingsMost);
    const share = FEEL.share * 2 ** doublings * (SECOND_MS / stepMs) * at.seconds;
    return 1 + Math.min(this.feltMost(this.perSecond, at.seconds), share);
  }

  /** Above what a run before has learned, while this one has not met it: faster and faster, at the most as in the dark. */
  hinted({ forMs, seconds }: { forMs: number; seconds: number }): number {
    const doublings = Math.min(forMs / UNTESTED.doublingMs, FEEL.doublingsMost);
    return Math.min(this.full(seconds), 1 + UNTESTED.share * 2 ** doublings * seconds);
  }
}
