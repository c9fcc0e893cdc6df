import type { MeasuredOver } from './admissions.ts';
import type { FeltMost } from './growth.ts';
import type { Learned } from './learned.ts';
import type { LimitReading } from './meaning-of-run.ts';
import type { CutAt, Steering } from './steering.ts';
import type { Suspicion } from './suspicion.ts';
import type { WindowProof } from './windows.ts';

/**
 * What a dimension does by whether the cost of a call is known before it is sent (`KNOWN_COSTS`: a request is one) or only
 * its answer tells it (`spreadCosts`: tokens). In the second case windows are used up early by chance, whatever the pace:
 * more must be seen before anything is concluded, and refusals steer a pace where else they cut it. Only a `Rate` and what
 * looks at one (`RateView`) ask for it; everything below is given the part that concerns it.
 */
export type Costs = {
  /** What amounts are. */
  readonly amounts: 'calls' | 'tokens';
  /** Where nothing is known: what to begin with, a millisecond; Infinity: unbounded until it is refused. */
  readonly unknownPerMs: number;
  /** What each call does to the pace; null: nothing, a refusal cuts it, and it grows again while nothing is refused. */
  readonly steering: Steering | null;
  /** How long the ramp to a known limit is. */
  readonly rampMs: number;
  readonly measured: MeasuredOver;
  readonly feltMost: FeltMost;
  readonly suspicion: Suspicion;
  readonly windowProof: WindowProof | null;
  readonly reading: LimitReading;
  /** What the first refusal of a run leaves of a pace, as a share. */
  firstCut(at: CutAt): number;
  /** How long a pace stays at what was learned before more is felt for, in milliseconds; 0 where a run before has learned it. */
  restMs(at: RestAt): number;
};

/** A pace that has come to what was learned. Amounts and calls a millisecond; `boundPerMs` Infinity: there is no bound. */
export type RestAt = {
  readonly perMs: number;
  readonly boundPerMs: number;
  readonly callsPerMs: number;
  readonly windowMs: number;
  readonly learned: Pick<Learned, 'times' | 'isUntested'>;
};
