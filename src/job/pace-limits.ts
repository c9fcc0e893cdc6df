import type { PaceLimits } from '../limits/pace-limits.ts';
import type { Catalog } from '../models/catalog.ts';
import type { Scope } from '../models/scope.ts';
import type { LimitSetting, Settings } from '../settings.ts';

/** Where a model's limits are looked up. */
export type PaceSources = {
  readonly settings: Pick<Settings, 'rpm' | 'tpm' | 'simulate'>;
  readonly catalog: Catalog;
  readonly scope: Scope;
  readonly endpoint: { readonly dashscope: string };
};

/** A limit as the flags give it for a model (or for all), else the known one; null: neither. */
export function limitFor(
  setting: LimitSetting,
  model: string,
  known: number | null,
): number | null {
  const given = setting.get(model) ?? setting.get('') ?? 'auto';
  return given === 'auto' ? known : given;
}

/** The simulator without quotas takes whatever comes; so many calls a minute are as good as no limit. */
const UNLIMITED_RPM = 6_000_000;

/** Flags, else what the simulator was told, else the catalog's for Model Studio; self-hosted services are unknown. */
export function paceLimits(options: PaceSources, model: string): PaceLimits {
  const { rpm, tpm } = options.settings;
  const known = serviceLimits(options, model);
  return { rpm: limitFor(rpm, model, known.rpm), tpm: limitFor(tpm, model, known.tpm) };
}

function serviceLimits(options: PaceSources, model: string): PaceLimits {
  const { simulate } = options.settings;
  if (simulate !== undefined) return { rpm: simulate.rpm ?? UNLIMITED_RPM, tpm: simulate.tpm };
  const host = new URL(options.endpoint.dashscope).hostname;
  return host.endsWith('.aliyuncs.com')
    ? options.catalog.limits(model, options.scope)
    : { rpm: null, tpm: null };
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
