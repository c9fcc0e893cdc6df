/**
 * Where a limit comes from. `set` (flags, project file), `queried` (from the service's quota API) and `catalog` are bounds
 * that a pace never exceeds. `learned` (seen earlier in this ledger, perhaps on another day, or with other clients on the
 * quota) is only a starting point: live observation raises or cuts it at once.
 */
export type LimitOrigin = 'set' | 'queried' | 'catalog' | 'learned';

/** What is known of one limit. `perMinute` null: nothing. */
export type KnownLimit = { readonly perMinute: number | null; readonly origin: LimitOrigin };

/** A model's limits per minute; null: unknown. */
export type PaceLimits = {
  readonly rpm: number | null;
  readonly tpm: number | null;
  /** For each limit that is not null; default `set`. */
  readonly origin?: { readonly rpm?: LimitOrigin; readonly tpm?: LimitOrigin };
  /** The service's counting window as observed earlier, in milliseconds; default one second. A hint (`CountingWindow`). */
  readonly windowMs?: number;
};

/** A model's limits as observed live, stored for the next run; null: not met. */
export type LearnedLimits = {
  readonly model: string;
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly windowMs: number;
};

/** What may be changed during a run. */
export type Retuning = {
  /** Only this model's limits; omitted: every model's. */
  readonly model?: string;
  /** The limit has changed: it is queried again. */
  readonly rpm?: 'auto';
  readonly tpm?: 'auto';
  readonly concurrency?: number | 'auto';
  /** Upper bound on calls in flight, whatever `concurrency` is. */
  readonly callsMost?: number;
};
