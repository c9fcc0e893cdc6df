import { isBatchChat, isModelStudio } from '../config/endpoints.ts';
import type { LearnedLimit } from '../ledger/pace-records.ts';
import type { PaceLimits } from '../limits/pace-limits.ts';
import type { Catalog } from '../models/catalog.ts';
import type { Scope } from '../models/scope.ts';
import type { LimitSetting, Origin, Settings } from '../settings.ts';
import type { ControlSettings } from './control-settings.ts';
import { givenLimit, listedLimits } from './pace-limits.ts';
import type { ModelQuota } from './quota-reply.ts';

/** A limit a minute, and where it comes from. */
export type KnownLimit = { readonly perMinute: number; readonly origin: string };

/** Both limits of a model; null: nothing is known, it has to be felt for. */
export type KnownLimits = { readonly rpm: KnownLimit | null; readonly tpm: KnownLimit | null };

type Dimension = 'rpm' | 'tpm';

export type LimitSourceOptions = {
  readonly settings: Pick<Settings, 'rpm' | 'tpm' | 'simulate' | 'baseUrl' | 'compatibleBaseUrl'>;
  readonly origins: ReadonlyMap<keyof Settings, Origin>;
  /** What the service said of its quotas (`--query-limits`). */
  readonly quotas: ReadonlyMap<string, ModelQuota>;
  /** What this ledger learned before of the same service. */
  readonly learned: ReadonlyMap<string, LearnedLimit>;
  readonly catalog: Catalog;
  readonly scope: Scope;
  readonly endpoint: { readonly dashscope: string };
};

/** The simulator without quotas takes whatever comes: so many calls a minute are as good as no limit. */
const UNLIMITED_RPM = 6_000_000;
/** The origin of a limit that stands for there being none; nobody is told of it. */
export const NO_LIMIT = 'none';
/** The origin of a limit that is only a place to start from; all others are bounds. */
export const LEARNED_BEFORE = 'learned before';

/**
 * The limits of a model: the control file's, else flags, environment and project file (one setting,
 * with its own origin), else the service's quota, else what was learned before, else the catalog's for
 * Model Studio. Self-hosted services that nobody describes are unknown.
 */
export function knownLimits(
  options: LimitSourceOptions,
  control: ControlSettings | null,
  model: string,
): KnownLimits {
  const one = (dimension: Dimension): KnownLimit | null =>
    given(control?.[dimension], model, 'control file') ??
    given(
      // `auto` in the control file takes back what the settings say.
      says(control?.[dimension], model) ? undefined : options.settings[dimension],
      model,
      options.origins.get(dimension) ?? 'default',
    ) ??
    found(options, model, dimension);
  return { rpm: one('rpm'), tpm: one('tpm') };
}

/** As the limiter takes them: how far it may go beyond a limit hangs on where that comes from. */
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
