import type { Catalog } from '../models/catalog.ts';
import { USER_SOURCE } from '../models/offer.ts';
import type { Scope } from '../models/scope.ts';
import type { LimitSetting, Settings } from '../settings.ts';

/** Batch Chat takes 10,000 calls in 10 s. Source: openai-compatible-batch-chat, 2026. */
const BATCH_CHAT_RPM = 60_000;

/**
 * What is listed of a model: requests and tokens a minute; null: nothing. The quotas of the realtime hosts do not hold
 * for Batch Chat, which lets calls wait instead; what the user's catalog file says holds everywhere.
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

/** A limit as it was given for a model, or for all; null: it was not. */
export function givenLimit(setting: LimitSetting | undefined, model: string): number | null {
  const given = setting?.get(model) ?? setting?.get('') ?? 'auto';
  return given === 'auto' ? null : given;
}

/** Below and above this nothing is gained, as with `auto` elsewhere. */
const SIMULATED_CALLS = { least: 64, most: 4000 } as const;
/** Half as much again as the bundled simulator answers: about 1,000 calls a second. */
const SIMULATED_CALLS_PER_MS = 1.5;

/**
 * Calls in flight at once, as asked. Where nobody says, `auto` follows the latency that is seen; but
 * the bundled simulator shares this process, and its latency grows with the calls in flight: 4,000
 * connections at once, which it takes up one a turn of the event loop, left the first calls without
 * an answer for as long as there were others (15,000 lines: p95 11.8 s, and 0.2 s this way).
 */
export function callsInFlight(
  settings: Pick<Settings, 'concurrency' | 'simulate'>,
): Settings['concurrency'] {
  const { concurrency, simulate } = settings;
  if (concurrency !== 'auto' || simulate === undefined) return concurrency;
  const { least, most } = SIMULATED_CALLS;
  return Math.min(most, Math.max(least, Math.ceil(simulate.latencyMs * SIMULATED_CALLS_PER_MS)));
}
