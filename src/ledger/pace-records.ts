/** Throttles by what the service named as their reason: requests, tokens, sudden growth. */
export type Throttles = {
  readonly rate: number;
  readonly tokens: number;
  readonly burst: number;
};

/** One stretch of a lane's life: a second, or a bucket of `spanSeconds` in a long run. */
export type PaceBucket = {
  readonly model: string;
  /** When the stretch began, milliseconds since 1970. */
  readonly at: number;
  readonly spanSeconds: number;
  /** How many seconds with something to tell are in it. */
  readonly seconds: number;
  readonly starts: number;
  /** Most starts in any one second of it. */
  readonly startsMost: number;
  readonly throttles: Throttles;
  /** Tokens of what was started and not refused, as far as known. */
  readonly tokens: number;
  /** The pace, a minute: mean over the seconds; null: unbounded. */
  readonly rpm: number | null;
  readonly tpm: number | null;
  /** The limits in force at its end; null: none known. */
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
  /** Admitted, and allowed by the limit in force, in the seconds whose limit was known, up to the last start. */
  readonly usedRequests: number;
  readonly allowedRequests: number;
  readonly usedTokens: number;
  readonly allowedTokens: number;
};

/** One change of a lane's pace or limit, or (model null) of the calls in flight; null: none, or unbounded. */
export type ChangeRecord = {
  readonly model: string | null;
  readonly at: number;
  readonly dimension: string;
  readonly from: number | null;
  readonly to: number | null;
  readonly reason: string;
};

/** What a service was found to admit, a minute, and the window over which it was seen to count. */
export type LearnedLimit = {
  readonly model: string;
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly windowMs: number;
};
