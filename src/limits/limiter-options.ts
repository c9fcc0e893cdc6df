import type { Clock } from '../clock.ts';
import type { OwnServer } from './call-cap.ts';
import type { Budget } from './budget.ts';
import type { PaceEvent } from './pace-event.ts';
import type { PaceLimits } from './pace-limits.ts';
import type { Admittable, Reservation } from './ticket.ts';

/** Dependencies and settings of a limiter. */
export type LimiterOptions = {
  readonly clock: Clock;
  readonly concurrency: number | 'auto';
  /** Limits of a model, asked once for each, and again where a retuning says so. */
  limits(model: string): PaceLimits;
  readonly budget: Budget;
  /** What a call reserves; by default the line's own estimate. */
  readonly reserve?: (line: Admittable) => Reservation;
  readonly maxUnreachableMs: number;
  /** A self-hosted server, whose latency rises with its load: it then gets fewer calls. Default null: it is none. */
  readonly ownServer?: OwnServer | null;
  /**
   * Nothing was admitted for longer than allowed; null: by the service as a whole. `reason`: what was said last, if
   * anything. `failedBy`: it was reached, but all calls failed at it, the last by this. In the service's own words.
   */
  onUnreachable(model: string | null, reason: string | null, failedBy?: string | null): void;
  /**
   * The next call does not fit into the budget and none is in flight that could make room. `reservedPico`: what it would
   * reserve; null: it has no price.
   */
  onBudgetReached(reservedPico: number | null): void;
  /** The trace: what each lane did in each second, and every change with its reason. */
  onPace?(event: PaceEvent): void;
};
