import type { Catalog } from '../models/catalog.ts';
import { USER_SOURCE } from '../models/offer.ts';
import type { Scope } from '../models/scope.ts';
import type { LimitSetting, Settings } from '../settings.ts';

/** Batch Chat accepts 10,000 calls in 10 s. Source: openai-compatible-batch-chat, 2026. */
const BATCH_CHAT_RPM = 60_000;

/**
 * The listed limits of a model, requests and tokens per minute; null: not listed. Realtime quotas do not apply to Batch
 * Chat, which queues calls instead; the user's catalog file applies everywhere.
 */
export function listedLimits(
  catalog: Pick<Catalog, 'limits'>,
  model: string,
  at: { readonly scope: Scope; readonly batchChat: boolean },
): { readonly rpm: number | null; readonly tpm: number | null } {
  const { rpm, tpm, source } = catalog.limits(model, at.scope);
  if (!at.batchChat || source === USER_SOURCE) return { rpm, tpm };
  return { rpm: BATCH_CHAT_RPM, tpm: null };
}

/** The limit given for a model, or for all; null: none. */
export function givenLimit(setting: LimitSetting | undefined, model: string): number | null {
  const given = setting?.get(model) ?? setting?.get('') ?? 'auto';
  return given === 'auto' ? null : given;
}

/** Bounds beyond which nothing is gained, as with `auto` elsewhere. */
const SIMULATED_CALLS = { least: 64, most: 4000 } as const;
/** 1.5 times the bundled simulator's throughput of about 1,000 calls a second. */
const SIMULATED_CALLS_PER_MS = 1.5;

/**
 * The requested calls in flight. By default, `auto` follows the observed latency; but the bundled simulator shares this
 * process, and its latency grows with the calls in flight: with 4,000 connections at once, which it accepts at one per turn
 * of the event loop, the first calls got no answer while there were others (15,000 lines: p95 11.8 s, and 0.2 s this way).
 */
export function callsInFlight(
  settings: Pick<Settings, 'concurrency' | 'simulate'>,
): Settings['concurrency'] {
  const { concurrency, simulate } = settings;
  if (concurrency !== 'auto' || simulate === undefined) return concurrency;
  const { least, most } = SIMULATED_CALLS;
  return Math.min(most, Math.max(least, Math.ceil(simulate.latencyMs * SIMULATED_CALLS_PER_MS)));
}
