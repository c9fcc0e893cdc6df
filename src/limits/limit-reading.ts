import type { Admissions } from './admissions.ts';
import type { Pace } from './pace.ts';
import type { RefusalRun } from './refusal-run.ts';

/** What is known when a run of refusals is over, of the dimension that it was met in. Times are monotonic milliseconds. */
export type RunEnd = {
  /** When the window opened again, and when the one before did (-Infinity: none did). */
  readonly openedMs: number;
  readonly reopenedMs: number;
  readonly admissions: Admissions;
  /** The pace now, after what the refusals took. */
  readonly pace: Pick<Pace, 'perMs' | 'boundPerMs' | 'startedMs'>;
  /** A trial has shown that refusals are fewer at a lower pace. */
  readonly followsPace: boolean;
};

/** The same, with the window over which the service counts, as far as is known then. */
export type RunEndInWindow = RunEnd & { readonly windowMs: number };

/** How the limit is read out of a run of refusals that is over (`meaningOf`). Amounts a millisecond. */
export type LimitReading = {
  /** What the touch alone says of the limit; null: nothing. */
  touchedPerMs(run: RefusalRun, end: RunEndInWindow): number | null;
  /** For how long one large call may have closed a window by taking more than was left of it. */
  overdrawnMs(run: RefusalRun, end: RunEnd): number;
  /** Whether windows before had given clearly more than the one that seems to have been closed. */
  gaveMoreBefore(run: RefusalRun, end: RunEndInWindow): boolean;
  /** What the limit is, where the run tells; null: only its edge was touched. */
  toldPerMs(run: RefusalRun, end: RunEndInWindow): number | null;
  /** Whether so little came before that another reason is as likely as a limit. */
  saysLittle(run: RefusalRun, windowMs: number): boolean;
};
