/**
 * Where a limit comes from. `set` (flags, project file), `queried` (the service's own answer) and
 * `catalog` are bounds that a pace never exceeds; `learned` (what this ledger saw before, maybe of another day, or of a
 * quota that others used as well) is a start that is tried at once: what is seen live exceeds or cuts it.
 */
export type LimitOrigin = 'set' | 'queried' | 'catalog' | 'learned';

/** What is known of one limit. `perMinute` null: nothing. */
export type KnownLimit = { readonly perMinute: number | null; readonly origin: LimitOrigin };

/** A model's limits a minute; null: nothing is known of that one. */
export type PaceLimits = {
  readonly rpm: number | null;
  readonly tpm: number | null;
  /** Of each limit that is not null; not given: `set`. */
  readonly origin?: { readonly rpm?: LimitOrigin; readonly tpm?: LimitOrigin };
  /** The window over which the service was seen to count, in milliseconds; not given: a second. A hint (`CountingWindow`). */
  readonly windowMs?: number;
};

/** What live running has shown of a model's limits, to be kept for the next run; null: not met. */
export type LearnedLimits = {
  readonly model: string;
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly windowMs: number;
};

/** What is changed while a run goes on. */
export type Retuning = {
  /** Only this model's limits; not given: every model's. */
  readonly model?: string;
  /** The limit is another now: it is asked for again. */
  readonly rpm?: 'auto';
  readonly tpm?: 'auto';
  readonly concurrency?: number | 'auto';
  /** No more calls in flight than this, whatever `concurrency` is. */
  readonly callsMost?: number;
};
