import type { Admissions } from './admissions.ts';
import { countOf, shareOf } from './start-log.ts';

/** A pace is cut to this share of what is known to be given, and no further. */
const FLOOR_SHARE = 0.35;
/** A pace of no more than so many times the floor has come down to it. */
const REACHED = 1.05;
/** Unless so large a share of the last calls was refused: then less is given. Fewer calls do not say so. */
const FALLEN = { share: 0.3, callsLeast: 20 } as const;
/** At a pace far too high a second holds many calls, and the tries that follow few: then so many in so long say it. */
const FAST = { calls: 60, ms: 5000 } as const;

/** Amounts a millisecond, and when the lane first called. */
export type LaneAtFloor = {
  readonly perMs: number;
  readonly boundPerMs: number;
  readonly startedMs: number | null;
};

/**
 * How far refusals may cut a pace. A service may refuse a share of calls whatever the pace (a soft limit,
 * others on the account): then every cut is answered by the next refusal, and a pace that follows ends at a call
 * every two minutes (in the laboratory, with one call in ten refused, a job of six minutes took ten
 * days). So no cut goes below a third of the limit that somebody has set, or of the most that a minute has admitted.
 * Only where three of ten calls are refused less is given, and what was admitted of late counts from then on.
 */
export class PaceFloor {
  private readonly admissions: Admissions;
  private heldPerMs = 0;
  private mostPerMs = 0;

  constructor(admissions: Admissions) {
    this.admissions = admissions;
  }

  /** Sets the limit that somebody has set, an amount a millisecond; 0: nobody has, and what was admitted counts. */
  hold(perMs: number): void {
    this.heldPerMs = perMs;
    this.mostPerMs = 0;
  }

  /** A long window has told how much it gives: the floor is no higher. */
  lower(perMs: number): void {
    this.heldPerMs = Math.min(this.heldPerMs, perMs / FLOOR_SHARE);
    this.mostPerMs = Math.min(this.mostPerMs, perMs / FLOOR_SHARE);
  }

  /** What somebody has set is not given, for sure: what was admitted counts from then on. */
  release(nowMs: number, startedMs: number | null): void {
    if (this.heldPerMs === 0) return;
    this.heldPerMs = 0;
    const perMs = this.admissions.minuteSincePerMs(nowMs, startedMs ?? nowMs);
    this.mostPerMs = Math.max(this.mostPerMs, perMs);
  }

  /** The least that a refusal at `nowMs` may leave of the pace of a lane that first called at `startedMs`. */
  perMs(nowMs: number, at: LaneAtFloor): number {
    const share = this.refusedShare(nowMs, at);
    const hasFallen = share > FALLEN.share;
    // What was given before a lower bound was set is not given any more.
    const perMs = Math.min(at.boundPerMs, this.admissions.minutePerMs(nowMs));
    if (hasFallen) this.heldPerMs = 0;
    this.mostPerMs = hasFallen ? perMs : Math.max(this.mostPerMs, perMs);
    return Math.min(at.perMs, Math.max(this.heldPerMs, this.mostPerMs) * FLOOR_SHARE);
  }

  /** Whether a pace has come down to it, as far as it was looked at. */
  isReachedBy(perMs: number): boolean {
    return perMs <= Math.max(this.heldPerMs, this.mostPerMs) * FLOOR_SHARE * REACHED;
  }

  private refusedShare(nowMs: number, at: { perMs: number; startedMs: number | null }): number {
    const sinceMs = at.startedMs ?? nowMs;
    const sent = this.admissions.between(Math.max(sinceMs, nowMs - FAST.ms), nowMs);
    if (countOf(sent) >= FAST.calls) return shareOf(sent);
    const { callsLeast } = FALLEN;
    const lane = { perMs: at.perMs, windowMs: 0, sinceMs, callsLeast };
    return this.admissions.refusedShare(nowMs, lane);
  }
}
