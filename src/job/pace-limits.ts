import type { PaceLimits } from '../limits/pacer.ts';
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
