import { isBatchChat, isModelStudio } from '../config/endpoints.ts';
import type { LearnedLimit } from '../ledger/pace-records.ts';
import type { PaceLimits } from '../limits/pace-limits.ts';
import type { Catalog } from '../models/catalog.ts';
import type { Scope } from '../models/scope.ts';
import type { LimitSetting, Origin, Settings } from '../settings.ts';
import type { ControlSettings } from './control-settings.ts';
import { givenLimit, listedLimits } from './pace-limits.ts';
import type { ModelQuota } from './quota-reply.ts';

/** A limit per minute, and where it comes from. */
export type KnownLimit = { readonly perMinute: number; readonly origin: string };

/** Both limits of a model; null: unknown, to be probed. */
export type KnownLimits = { readonly rpm: KnownLimit | null; readonly tpm: KnownLimit | null };

type Dimension = 'rpm' | 'tpm';

export type LimitSourceOptions = {
  readonly settings: Pick<Settings, 'rpm' | 'tpm' | 'simulate' | 'baseUrl' | 'compatibleBaseUrl'>;
  readonly origins: ReadonlyMap<keyof Settings, Origin>;
  /** Quotas reported by the service (`--query-limits`). */
  readonly quotas: ReadonlyMap<string, ModelQuota>;
  /** Learned earlier in this ledger for the same service. */
  readonly learned: ReadonlyMap<string, LearnedLimit>;
  readonly catalog: Catalog;
  readonly scope: Scope;
  readonly endpoint: { readonly dashscope: string };
};

/** The simulator without quotas accepts everything: this many calls a minute is as good as no limit. */
const UNLIMITED_RPM = 6_000_000;
/** The origin of a limit that stands for none; never shown. */
export const NO_LIMIT = 'none';
/** The origin of a limit that is only a starting point; all others are bounds. */
export const LEARNED_BEFORE = 'learned before';

/**
 * The limits of a model: from the control file, else flags, environment and project file (one setting, with its own
 * origin), else the service's quota, else learned earlier, else the catalog for Model Studio. Unknown for self-hosted
 * services without any of these.
 */
export function knownLimits(
  options: LimitSourceOptions,
  control: ControlSettings | null,
  model: string,
): KnownLimits {
  const one = (dimension: Dimension): KnownLimit | null =>
    given(control?.[dimension], model, 'control file') ??
    given(
      // `auto` in the control file overrides the settings.
      says(control?.[dimension], model) ? undefined : options.settings[dimension],
      model,
      options.origins.get(dimension) ?? 'default',
    ) ??
    found(options, model, dimension);
  return { rpm: one('rpm'), tpm: one('tpm') };
}

/** In the limiter's form: whether it may exceed a limit depends on the origin. */
export function paceLimits(
  { rpm, tpm }: KnownLimits,
  learned: Pick<LearnedLimit, 'windowMs'> | undefined,
): PaceLimits {
  return {
    rpm: rpm?.perMinute ?? null,
    tpm: tpm?.perMinute ?? null,
    origin: { rpm: kindOf(rpm), tpm: kindOf(tpm) },
    ...(learned !== undefined && { windowMs: learned.windowMs }),
  };
}

function kindOf(limit: KnownLimit | null): NonNullable<NonNullable<PaceLimits['origin']>['rpm']> {
  switch (limit?.origin) {
    case LEARNED_BEFORE:
      return 'learned';
    case 'quota query':
      return 'queried';
    case 'catalog':
      return 'catalog';
    default:
      return 'set';
  }
}

function says(setting: LimitSetting | undefined, model: string): boolean {
  return setting?.has(model) === true || setting?.has('') === true;
}

function given(
  setting: LimitSetting | undefined,
  model: string,
  origin: string,
): KnownLimit | null {
  const perMinute = givenLimit(setting, model);
  return perMinute === null ? null : { perMinute, origin };
}

function found(
  options: LimitSourceOptions,
  model: string,
  dimension: Dimension,
): KnownLimit | null {
  const { quotas, learned, settings } = options;
  const quota = quotas.get(model)?.[dimension] ?? null;
  if (quota !== null) return { perMinute: quota, origin: 'quota query' };
  if (settings.simulate !== undefined) {
    const own = settings.simulate[dimension] ?? (dimension === 'rpm' ? UNLIMITED_RPM : null);
    const origin = settings.simulate[dimension] === null ? NO_LIMIT : 'simulator';
    return own === null ? null : { perMinute: own, origin };
  }
  const before = learned.get(model)?.[dimension] ?? null;
  if (before !== null) return { perMinute: before, origin: LEARNED_BEFORE };
  if (!isModelStudio(options.endpoint)) return null;
  const { catalog, scope } = options;
  const listed = listedLimits(catalog, model, { scope, batchChat: isBatchChat(settings) })[
    dimension
  ];
  return listed === null ? null : { perMinute: listed, origin: 'catalog' };
}
