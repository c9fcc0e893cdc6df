import type { MeasuringSpans } from './admissions.ts';
import type { ProbeStepMost } from './growth.ts';
import type { LearnedLimit } from './learned-limit.ts';
import type { LimitReading } from './interpret-run.ts';
import type { CutAt, Steering } from './steering.ts';
import type { SuspicionThreshold } from './suspected-random.ts';
import type { WindowProof } from './counting-window.ts';

/**
 * All that differs between a dimension whose costs are known before a call is sent (`KNOWN_COSTS`: requests, one each) and
 * one whose costs only the answer tells (`estimatedCosts`: tokens). In the second, windows are used up early at random,
 * whatever the pace: more evidence is needed, and refusals steer the pace instead of cutting it. Only `RateController` and code that
 * reads a `RateView` use this type; everything below gets just the part it needs.
 */
export type Costs = {
  /** The unit of amounts. */
  readonly amounts: 'calls' | 'tokens';
  /** Initial pace per millisecond if nothing is known; Infinity: unbounded until the first refusal. */
  readonly unknownPerMs: number;
  /** Per-call feedback on the pace; null: none, a refusal cuts the pace and it grows again while nothing is refused. */
  readonly steering: Steering | null;
  /** Duration of the ramp to a known limit. */
  readonly rampMs: number;
  readonly measured: MeasuringSpans;
  readonly probeStepMost: ProbeStepMost;
  readonly suspicionThreshold: SuspicionThreshold;
  readonly windowProof: WindowProof | null;
  readonly reading: LimitReading;
  /** The share of the pace left by the first refusal of a run. */
  firstCut(at: CutAt): number;
  /** How long a pace rests at the learned limit before it probes for more, in milliseconds; 0 if an earlier run learned it. */
  restMs(at: RestAt): number;
};

/** A pace that has reached the learned limit. Amounts and calls per millisecond; `boundPerMs` Infinity: no bound. */
export type RestAt = {
  readonly perMs: number;
  readonly boundPerMs: number;
  readonly callsPerMs: number;
  readonly windowMs: number;
  readonly learned: Pick<LearnedLimit, 'confirmations' | 'isUntested'>;
};
