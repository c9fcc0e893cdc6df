import type { Admissions } from './admissions.ts';
import { countOf, refusedShareOf } from './start-log.ts';

/** Refusals cut a pace to no less than this share of the known or observed rate. */
const FLOOR_SHARE = 0.35;
/** A pace of at most this multiple of the floor counts as being at the floor. */
const REACHED = 1.05;
/** If more than this share of the last calls was refused, the rate has fallen. Fewer calls than `callsLeast` prove nothing. */
const FALLEN = { share: 0.3, callsLeast: 20 } as const;
/** When the pace is far too high, one second holds many calls and the tries that follow hold few: then this sample decides. */
const RECENT = { calls: 60, ms: 5000 } as const;

/** Amounts per millisecond, and when the lane's first call started. */
export type LaneAtFloor = {
  readonly perMs: number;
  readonly boundPerMs: number;
  readonly startedMs: number | null;
};

/**
 * The lower bound for cuts of a pace. A service may refuse a share of calls whatever the pace (a soft limit, other clients
 * on the account): then each cut is followed by the next refusal, and the pace ends at a call every two minutes (in the
 * laboratory, with one call in ten refused, a job of six minutes took ten days). So no cut goes below 35 % of the known
 * limit, or of the most that a minute has admitted. Only where more than 30 % are refused is less granted; from then on the
 * recent rate counts.
 */
export class PaceFloor {
  private readonly admissions: Admissions;
  private limitPerMs = 0;
  private admittedMostPerMs = 0;

  constructor(admissions: Admissions) {
    this.admissions = admissions;
  }

  /** Sets the floor by a known limit, an amount per millisecond; 0: none is known, the admitted rate counts. */
  setLimit(perMs: number): void {
    this.limitPerMs = perMs;
    this.admittedMostPerMs = 0;
  }

  /** A long window has shown what it grants: lowers the floor accordingly. */
  lower(perMs: number): void {
    this.limitPerMs = Math.min(this.limitPerMs, perMs / FLOOR_SHARE);
    this.admittedMostPerMs = Math.min(this.admittedMostPerMs, perMs / FLOOR_SHARE);
  }

  /** The known limit is certainly not granted: from now on the admitted rate counts. */
  dropLimit(nowMs: number, startedMs: number | null): void {
    if (this.limitPerMs === 0) return;
    this.limitPerMs = 0;
    const perMs = this.admissions.minuteSincePerMs(nowMs, startedMs ?? nowMs);
    this.admittedMostPerMs = Math.max(this.admittedMostPerMs, perMs);
  }

  /** The lowest pace that a refusal at `nowMs` may leave, for a lane whose first call was at `startedMs`. */
  perMs(nowMs: number, at: LaneAtFloor): number {
    const share = this.refusedShare(nowMs, at);
    const hasFallen = share > FALLEN.share;
    // What was granted before a lower bound was set is no longer granted.
    const perMs = Math.min(at.boundPerMs, this.admissions.minutePerMs(nowMs));
    if (hasFallen) this.limitPerMs = 0;
    this.admittedMostPerMs = hasFallen ? perMs : Math.max(this.admittedMostPerMs, perMs);
    return Math.min(at.perMs, Math.max(this.limitPerMs, this.admittedMostPerMs) * FLOOR_SHARE);
  }

  /** Whether a pace has come down to the floor, as last computed. */
  isReachedBy(perMs: number): boolean {
    return perMs <= Math.max(this.limitPerMs, this.admittedMostPerMs) * FLOOR_SHARE * REACHED;
  }

  private refusedShare(nowMs: number, at: { perMs: number; startedMs: number | null }): number {
    const sinceMs = at.startedMs ?? nowMs;
    const sent = this.admissions.between(Math.max(sinceMs, nowMs - RECENT.ms), nowMs);
    if (countOf(sent) >= RECENT.calls) return refusedShareOf(sent);
    const { callsLeast } = FALLEN;
    const lane = { perMs: at.perMs, windowMs: 0, sinceMs, callsLeast };
    return this.admissions.refusedShare(nowMs, lane);
  }
}
