import type { REGIONS } from './config/choices.ts';
import type { ProtocolName } from './protocols/protocol.ts';

export type Region = (typeof REGIONS)[number];

/** A limit for all models (`''`) or for one: `--rpm 600`, `--rpm qwen-plus=600`. `auto` leaves it to qbatch. */
export type LimitSetting = ReadonlyMap<string, number | 'auto'>;

/** The simulator's spec: `--simulate=rpm=600,tpm=100000,latency=200ms,errors=2%,seed=7`. */
export type SimulatorSpec = {
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly latencyMs: number;
  /** Share of calls that fail, 0 to 1. */
  readonly errorRate: number;
  readonly seed: number;
};

/**
 * All settings of `run`, `resume`, `retry` and `check`, merged and validated: flags over environment over project file over
 * user file over defaults. `undefined` means not set.
 */
export type Settings = {
  readonly output: string | undefined;
  readonly errors: string | undefined;
  readonly ledger: string | undefined;
  readonly job: string | undefined;
  readonly order: 'input' | 'settled' | undefined;
  readonly model: string | undefined;
  readonly system: string | undefined;
  readonly protocol: 'auto' | ProtocolName;
  /** `--set name=value`: name to raw JSON text of the value (a value that is not JSON becomes a JSON string). */
  readonly set: ReadonlyMap<string, string>;
  readonly region: Region;
  readonly baseUrl: string | undefined;
  readonly compatibleBaseUrl: string | undefined;
  readonly workspace: string | undefined;
  readonly allowHttp: boolean;
  readonly concurrency: number | 'auto';
  readonly rpm: LimitSetting;
  readonly tpm: LimitSetting;
  /** Query the service for its quotas before the first call. */
  readonly queryLimits: boolean;
  readonly maxAttempts: number;
  /** undefined: 330,000 unstreamed, 3,600,000 streamed. */
  readonly timeoutMs: number | undefined;
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly onAmbiguous: 'retry' | 'fail';
  readonly maxUnreachableMs: number;
  /** Decimal text such as `12.50`. */
  readonly maxCost: string | undefined;
  readonly maxDurationMs: number | undefined;
  readonly maxFailures: { readonly count: number } | { readonly percent: number } | undefined;
  readonly confirmCost: string | undefined;
  readonly yes: boolean;
  /** Lines to run first, to refine the estimate. */
  readonly sample: number | undefined;
  readonly catalog: string | undefined;
  readonly currency: 'CNY' | 'USD' | undefined;
  readonly skipInvalid: boolean;
  readonly strict: boolean;
  readonly maxLineBytes: number;
  readonly dryRun: boolean;
  readonly fresh: boolean;
  readonly acceptChangedInput: boolean;
  readonly adoptOutputs: boolean;
  /** Undefined: not simulated. */
  readonly simulate: SimulatorSpec | undefined;
  readonly dashboard: boolean;
  readonly progress: 'auto' | 'tty' | 'lines' | 'json' | 'none';
  readonly quiet: boolean;
  readonly color: 'auto' | 'always' | 'never';
  readonly json: boolean;
  readonly debug: boolean;
};

/** A setting's value and where it came from, for error messages and `qbatch debug`. */
export type Origin = string;

/** The merged settings and where each value came from (`flag`, `QBATCH_RPM`, `/x/qbatch.config.json`, `default`). */
export type ResolvedSettings = {
  readonly settings: Settings;
  readonly origins: ReadonlyMap<keyof Settings, Origin>;
  /** The project file in use, if any. */
  readonly projectFile: string | undefined;
};
