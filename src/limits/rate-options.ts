import type { SentLog } from './chance.ts';
import type { LimitOrigin } from './pace-limits.ts';

export type RateOptions = {
  /** A minute; null: unknown. */
  readonly perMinute: number | null;
  readonly origin: LimitOrigin;
  readonly windowMs: number;
  /** Where nothing is known: what to begin with; Infinity: unbounded until it is refused. */
  readonly unknownPerMs: number;
  /**
   * Where what a call costs is known only afterwards: how far single calls are from what they were
   * taken to cost (standard deviation ÷ mean; null: not known yet). Some refusals say nothing of the limit then. Null:
   * costs are known.
   */
  readonly spread: (() => number | null) | null;
  /** What was admitted from one time to another, in this dimension and in calls, and how many calls were refused. */
  admitted(fromMs: number, toMs: number): { amount: number; calls: number; refused: number };
  /** The last so many calls of the lane, by when they were started. */
  readonly sent: SentLog;
  /** Told of every change of the pace. */
  onChange(reason: RateReason): void;
};

export type RateReason =
  | 'refused'
  | 'reopened'
  | 'growth refused'
  | 'window learned'
  | 'felt for more'
  | 'recovered'
  | 'set anew';
