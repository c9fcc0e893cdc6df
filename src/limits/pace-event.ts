import type { LimitOrigin } from './pace-limits.ts';
import type { Dimension, PaceReason } from './pacer.ts';
import type { RateState } from './pace.ts';
import type { CapReason } from './call-cap.ts';

/** What a lane is doing; *parked* lanes send nothing more in this run. */
export type LaneState = RateState | 'paused' | 'parked';

/** Refusals by the reason the service gave. */
export type Throttles = { rate: number; tokens: number; burst: number };

/** A lane's pace. Rates and limits are per minute; null: unbounded, or unknown. */
export type PaceShown = {
  readonly model: string;
  readonly state: LaneState;
  readonly waiting: number;
  readonly inFlight: number;
  readonly rpm: number;
  readonly tpm: number | null;
  readonly rpmLimit: number | null;
  readonly rpmOrigin: LimitOrigin | null;
  readonly tpmLimit: number | null;
  readonly tpmOrigin: LimitOrigin | null;
};

/** The current state of one lane. */
export type LanePace = PaceShown & {
  /** Actual tokens per estimated token. */
  readonly tokenRatio: number;
  readonly pausedMs: number;
  readonly throttles: number;
  readonly throttlesBy: Readonly<Throttles>;
};

/** What a lane did in one second. Omitted for lanes that did nothing and have nothing waiting. */
export type PaceSecond = PaceShown & {
  readonly kind: 'second';
  /** Start of the second, milliseconds since 1970. */
  readonly atMs: number;
  readonly sent: number;
  /** Calls whose reply showed in this second that the service accepted them. */
  readonly admitted: number;
  readonly refused: Readonly<Throttles>;
  /** Estimated tokens of the calls sent, corrected by the answers so far. */
  readonly tokens: number;
  /** The cap on calls in flight, over all lanes. */
  readonly concurrency: number;
};

/** A change made by the controller, and why. `from` and `to`: per minute, or calls in flight; null: unbounded. */
export type PaceChange = {
  readonly kind: 'change';
  /** null: the whole run. */
  readonly model: string | null;
  readonly atMs: number;
  readonly dimension: Dimension | 'concurrency';
  readonly reason: PaceReason | CapReason | 'parked' | 'set anew';
  readonly from: number | null;
  readonly to: number | null;
};

export type PaceEvent = PaceSecond | PaceChange;
