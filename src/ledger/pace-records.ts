/** Throttles by the reason the service gave: requests, tokens, sudden growth. */
export type Throttles = {
  readonly rate: number;
  readonly tokens: number;
  readonly burst: number;
};

/** One stretch of a lane's trace: a second, or a bucket of `spanSeconds` in a long run. */
export type PaceBucket = {
  readonly model: string;
  /** When the stretch began, milliseconds since 1970. */
  readonly at: number;
  readonly spanSeconds: number;
  /** Number of its seconds with any activity. */
  readonly seconds: number;
  readonly starts: number;
  /** Most starts in any one second of it. */
  readonly startsMost: number;
  readonly throttles: Throttles;
  /** Tokens of calls started and not refused, as far as known. */
  readonly tokens: number;
  /** Mean pace per minute over the seconds; null: unbounded. */
  readonly rpm: number | null;
  readonly tpm: number | null;
  /** The limits in force at its end; null: unknown. */
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  readonly waiting: number;
  readonly inFlight: number;
};

/** The sums of one lane over one run, and the limits it ended with. */
export type PaceLane = {
  readonly model: string;
  readonly rpmLimit: number | null;
  readonly rpmOrigin: string;
  readonly tpmLimit: number | null;
  readonly tpmOrigin: string;
  readonly firstStartAt: number;
  readonly lastStartAt: number;
  readonly starts: number;
  readonly startsMost: number;
  readonly throttles: Throttles;
  readonly tokens: number;
  /** Admitted, and allowed by the limit in force, in seconds with a known limit, up to the last start. */
  readonly usedRequests: number;
  readonly allowedRequests: number;
  readonly usedTokens: number;
  readonly allowedTokens: number;
};

/** One change of a lane's pace or limit, or (model null) of the cap on calls in flight; null: none, or unbounded. */
export type ChangeRecord = {
  readonly model: string | null;
  readonly at: number;
  readonly dimension: string;
  readonly from: number | null;
  readonly to: number | null;
  readonly reason: string;
};

/** What a service was found to grant per minute, and its observed counting window. */
export type LearnedLimit = {
  readonly model: string;
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly windowMs: number;
};
