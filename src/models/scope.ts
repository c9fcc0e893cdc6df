import type { Region } from '../settings.ts';

/**
 * Where a price or a rate limit applies. `cn` Beijing; `intl` Singapore; `global` the Virginia, Frankfurt and Tokyo
 * endpoints with world-wide dispatch; `us`, `eu`, `jp` the same endpoints with inference kept in the region (`us`: ids
 * ending in `-us`); `finance` the finance cloud.
 * Source: help.aliyun.com/zh/model-studio/model-pricing, August 2026 (finance: 2026-02-24).
 */
export type Scope = 'cn' | 'intl' | 'us' | 'global' | 'eu' | 'jp' | 'finance';

export type Currency = 'CNY' | 'USD';

/** All scopes, Beijing first. */
export const SCOPES: readonly Scope[] = ['cn', 'intl', 'us', 'global', 'eu', 'jp', 'finance'];

const SCOPE_OF_REGION: Readonly<Record<Region, Scope>> = {
  beijing: 'cn',
  singapore: 'intl',
  virginia: 'global',
  frankfurt: 'eu',
  tokyo: 'jp',
  finance: 'finance',
};

/** The scope of a region's endpoint; `scopesAt` lists what else that endpoint serves. */
export function scopeOf(region: Region): Scope {
  return SCOPE_OF_REGION[region];
}

/** The currency that accounts of a scope's site are billed in: CNY for Beijing and finance, else USD. */
export function defaultCurrency(scope: Scope): Currency {
  return scope === 'cn' || scope === 'finance' ? 'CNY' : 'USD';
}

/**
 * The scopes under which a model may be listed when called in `scope`, most likely first.
 *
 * At the Virginia endpoint an id ending in `-us` is the US-only offer (some third-party ones are in the Singapore table);
 * in Frankfurt and Tokyo the region's own offer precedes the global one, which is never more expensive. Source: price page
 * August 2026; the order is inferred.
 */
export function scopesAt(model: string, scope: Scope): readonly Scope[] {
  switch (scope) {
    case 'global':
      return model.endsWith('-us') ? ['us', 'intl', 'global'] : ['global'];
    case 'us':
      return ['us', 'intl'];
    case 'eu':
      return ['eu', 'global'];
    case 'jp':
      return ['jp', 'global'];
    case 'cn':
    case 'intl':
    case 'finance':
      return [scope];
  }
}

/** The endpoint's short name in the catalog's `at` lists, if a listing names endpoints. */
export function endpointOf(scope: Scope): string {
  switch (scope) {
    case 'global':
    case 'us':
      return 'us';
    case 'eu':
      return 'de';
    case 'jp':
      return 'jp';
    case 'cn':
    case 'intl':
    case 'finance':
      return scope;
  }
}
