import type { SentLog } from './sent-log.ts';
import type { Costs } from './costs.ts';
import type { LimitOrigin } from './pace-limits.ts';
import type { RateReason } from './rate-reason.ts';

export type RateOptions = {
  /** A minute; null: unknown. */
  readonly perMinute: number | null;
  readonly origin: LimitOrigin;
  readonly windowMs: number;
  /** Where nothing is known: what to begin with; Infinity: unbounded until it is refused. */
  readonly unknownPerMs: number;
  /** Whether what a call takes of it is known before it is sent. */
  readonly costs: Costs;
  /** What was admitted from one time to another, in this dimension and in calls, and how many calls were refused. */
  admitted(fromMs: number, toMs: number): { amount: number; calls: number; refused: number };
  /** The last so many calls of the lane, by when they were started. */
  readonly sent: SentLog;
  /** Told of every change of the pace. */
  onChange(reason: RateReason): void;
};
