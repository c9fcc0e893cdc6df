import type { LimitOrigin } from './pace-limits.ts';
import type { Dimension, PaceReason } from './pacer.ts';
import type { RateState } from './rate.ts';
import type { CapReason } from './call-cap.ts';

/** What a lane is doing; *parked* lanes send nothing more in this run. */
export type LaneState = RateState | 'paused' | 'parked';

/** Refusals by what the service named as their reason. */
export type Throttles = { rate: number; tokens: number; burst: number };

/** A lane's pace; rates and limits a minute, null: unbounded, or not known. */
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

/** One lane as it is now. */
export type LanePace = PaceShown & {
  /** Tokens really taken for each token estimated. */
  readonly tokenRatio: number;
  readonly pausedMs: number;
  readonly throttles: number;
  readonly throttlesBy: Readonly<Throttles>;
};

/** What a lane did in one second. Lanes that did nothing and wait for nothing have none. */
export type PaceSecond = PaceShown & {
  readonly kind: 'second';
  /** Start of the second, milliseconds since 1970. */
  readonly atMs: number;
  readonly sent: number;
  /** Calls whose reply showed in this second that the service takes them. */
  readonly admitted: number;
  readonly refused: Readonly<Throttles>;
  /** Estimated tokens of the calls sent, corrected by what answers said. */
  readonly tokens: number;
  /** Calls in flight allowed, all lanes together. */
  readonly concurrency: number;
};

/** A change of the controller and why. `from` and `to`: a minute, or calls in flight; null: unbounded. */
export type PaceChange = {
  readonly kind: 'change';
  /** null: the run as a whole. */
  readonly model: string | null;
  readonly atMs: number;
  readonly dimension: Dimension | 'concurrency';
  readonly reason: PaceReason | CapReason | 'parked' | 'set anew';
  readonly from: number | null;
  readonly to: number | null;
};

export type PaceEvent = PaceSecond | PaceChange;
