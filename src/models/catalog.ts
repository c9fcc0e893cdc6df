import { ConfigError } from '../errors.ts';
import { applyOverride, parseOverrides, type ModelOverride } from './catalog-overrides.ts';
import { canonicalIdOf } from './canonical-id.ts';
import { mergeLimits } from './merge-limits.ts';
import type { ModelProfile } from './model-profile.ts';
import { bundledCatalog, type ModelRecord, type Source } from './model-record.ts';
import { nativeEndpointOf } from './native-endpoint.ts';
import { offerOf, USER_SOURCE, type Offer } from './offer.ts';
import { closestName } from '../suggest.ts';
import { scopesAt, type Currency, type Scope } from './scope.ts';
import { areSure } from './sure-limits.ts';

/** Requests and tokens (input and output) per minute for one account; null: undocumented. */
export type RateLimits = {
  readonly rpm: number | null;
  readonly tpm: number | null;
  /** Key into `sources`; null if nothing is known. */
  readonly source: string | null;
  /** Name of the quota if other models share it; null: the model's own. */
  readonly quota: string | null;
};

/** The model catalog: bundled data overlaid with the user's catalog file. Every look-up is pure. */
export type Catalog = {
  /** Day the bundled data was compiled, YYYY-MM-DD. */
  readonly date: string;
  /** Every listed id, including snapshots, sorted; aliases are omitted. */
  ids(): readonly string[];
  /**
   * Never fails: an unknown id has `known: false` and nothing else. Limits and abilities are those of `scope` if they
   * differ.
   */
  profile(model: string, scope?: Scope): ModelProfile;
  /**
   * List prices. Null: unknown model, not offered there, unpriced (free trials), or no price in that currency: most
   * `global` listings have only CNY.
   */
  offer(model: string, scope: Scope, currency: Currency): Offer | null;
  limits(model: string, scope: Scope): RateLimits;
  /** All stored data of an id; undefined if unknown. */
  record(model: string): ModelRecord | undefined;
  readonly sources: Readonly<Record<string, Source>>;
  /** The sources of the abilities, as one text of source keys. */
  readonly capabilitySources: string;
};

/**
 * Loads the catalog. `overrides` is the parsed content of the user's catalog file, if any. Throws ConfigError if it is
 * malformed, or an `alias_of` is dangling or circular.
 */
export function loadCatalog(overrides?: unknown): Catalog {
  const bundled = bundledCatalog();
  const records = indexById(bundled.models);
  if (overrides !== undefined) {
    addOverrides(records, parseOverrides(overrides));
  }
  const profiles = new Map<string, ModelProfile>();
  const offers = new Map<string, Offer | null>();
  const ids = [...new Set([...records.values()].map((record) => record.id))].toSorted(compareText);
  let idsByDigits: IdsByDigits | undefined;
  return {
    date: bundled.date,
    ids: () => ids,
    profile: (model, scope) =>
      memoized(profiles, scope === undefined ? model : `${scope} ${model}`, () =>
        profileOf(model, records.get(model), {
          scope,
          near: () => nearestId(model, (idsByDigits ??= groupByDigits(ids))),
        }),
      ),
    offer: (model, scope, currency) =>
      memoized(offers, `${scope} ${currency} ${model}`, () => {
        const record = records.get(model);
        return record === undefined ? null : offerOf(record, scope, currency);
      }),
    limits: (model, scope) => rateLimitsOf(records.get(model), scope),
    record: (model) => records.get(model),
    sources: {
      ...bundled.sources,
      [USER_SOURCE]: { url: 'the file given with --catalog', page_date: 'unknown', kind: 'user' },
    },
    capabilitySources: bundled.capability_sources,
  };
}

// A job normally names a handful of models, but a broken one may name a new one on every line.
const MEMO_MAX = 10_000;

function memoized<Value>(memo: Map<string, Value>, key: string, make: () => Value): Value {
  const known = memo.get(key);
  if (known !== undefined) {
    return known;
  }
  const value = make();
  if (memo.size >= MEMO_MAX) {
    memo.clear();
  }
  memo.set(key, value);
  return value;
}

/** Ids grouped by their sequence of digits. */
type IdsByDigits = ReadonlyMap<string, readonly string[]>;

function groupByDigits(ids: readonly string[]): IdsByDigits {
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const digits = digitsOf(id);
    const group = groups.get(digits);
    if (group === undefined) groups.set(digits, [id]);
    else group.push(id);
  }
  return groups;
}

function digitsOf(id: string): string {
  return id.replaceAll(/\D+/g, '');
}

/** The intended id for a mistyped one. Other digits are another version, not a typo. */
function nearestId(model: string, idsByDigits: IdsByDigits): string | null {
  return closestName(model, idsByDigits.get(digitsOf(model)) ?? []) ?? null;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function indexById(models: readonly ModelRecord[]): Map<string, ModelRecord> {
  const records = new Map<string, ModelRecord>();
  for (const record of models) {
    for (const other of record.also ?? []) {
      records.set(other, record);
    }
  }
  // After the aliases, so that a real id wins over another model's alias.
  for (const record of models) {
    records.set(record.id, record);
  }
  return records;
}

/** Applies the overrides in place; aliased ones come first, in whatever order they are given. */
function addOverrides(
  records: Map<string, ModelRecord>,
  overrides: readonly ModelOverride[],
): void {
  const pending = new Map(overrides.map((override) => [override.id, override]));
  const apply = (override: ModelOverride, trail: readonly string[]): void => {
    const target = override.alias_of;
    if (target !== undefined) {
      if (target === override.id || trail.includes(target)) {
        throw new ConfigError(
          `catalog file: alias_of goes in a circle: ${[...trail, override.id, target].join(' -> ')}`,
        );
      }
      const first = pending.get(target);
      if (first !== undefined) {
        apply(first, [...trail, override.id]);
      }
      if (!records.has(target)) {
        throw new ConfigError(
          `catalog file: model ${JSON.stringify(override.id)}: alias_of ${JSON.stringify(target)}, expected the id of a known model`,
          'list the target in the catalog file too, or see `qbatch models`',
        );
      }
    }
    pending.delete(override.id);
    replaceRecord(records, override, records.get(target ?? override.id));
  };
  for (const override of overrides) {
    if (pending.has(override.id)) {
      apply(override, []);
    }
  }
}

function replaceRecord(
  records: Map<string, ModelRecord>,
  override: ModelOverride,
  base: ModelRecord | undefined,
): void {
  // An override of an alias (`qwen-plus-0112`) becomes a model of its own, based on the original.
  const record = applyOverride(base, override);
  records.set(override.id, record);
  if (base !== undefined && base.id === override.id) {
    for (const other of base.also ?? []) {
      if (records.get(other) === base) {
        records.set(other, record);
      }
    }
  }
}

const UNKNOWN: Omit<ModelProfile, 'id' | 'canonicalId' | 'known' | 'near'> = {
  thinking: null,
  thinkingDefault: null,
  streamOnly: null,
  nativeEndpoint: null,
  inputModalities: null,
  outputModalities: null,
  tools: null,
  nMax: null,
  logprobs: null,
  jsonObject: null,
  jsonSchema: null,
  webSearch: null,
  batchChat: null,
  limitsSure: false,
  contextWindow: null,
  maxInput: null,
  maxOutput: null,
  maxThinking: null,
  maxInputThinking: null,
  maxOutputThinking: null,
};

function profileOf(
  model: string,
  record: ModelRecord | undefined,
  { scope, near }: { readonly scope: Scope | undefined; readonly near: () => string | null },
): ModelProfile {
  if (record === undefined) {
    return { id: model, canonicalId: model, known: false, near: near(), ...UNKNOWN };
  }
  const scoped = scope === undefined ? undefined : record.limits_by_scope?.[scope];
  const limits = mergeLimits(record.limits, scoped ?? {});
  return {
    id: model,
    canonicalId: canonicalIdOf(record),
    known: true,
    near: null,
    thinking: record.thinking ?? null,
    thinkingDefault: record.thinking_default ?? thinkingDefaultOf(record),
    streamOnly: record.stream_only ?? null,
    nativeEndpoint: nativeEndpointOf(record),
    inputModalities: record.in ?? null,
    outputModalities: record.out ?? null,
    tools: record.tools ?? null,
    nMax: record.n ?? null,
    logprobs: record.logprobs ?? null,
    jsonObject: record.json_object ?? null,
    jsonSchema: record.json_schema ?? null,
    webSearch: webSearchOf(record, scope),
    batchChat: record.batch?.includes('cn-chat') ?? null,
    limitsSure: areSure(limits),
    contextWindow: limits.context ?? null,
    maxInput: limits.max_input ?? null,
    maxOutput: limits.max_output ?? null,
    maxThinking: limits.max_thinking ?? null,
    maxInputThinking: limits.max_input_thinking ?? null,
    maxOutputThinking: limits.max_output_thinking ?? null,
  };
}

/** Whether a model supports web search; the lists cover Beijing's and Singapore's models only. */
function webSearchOf({ web_search: where }: ModelRecord, scope: Scope | undefined): boolean | null {
  if (where === undefined) return null;
  if (where.length === 0) return false;
  if (scope === undefined || where.includes(scope) || where.includes('*')) return true;
  return scope === 'cn' || scope === 'intl' ? false : null;
}

/**
 * If the model list does not say: from Qwen3.5 on, hybrid models think by default.
 * Source: DashScope API reference of Model Studio, September 2026.
 */
function thinkingDefaultOf(record: ModelRecord): boolean | null {
  return record.thinking === 'hybrid' && /^qwen3\.[5-9]/.test(canonicalIdOf(record)) ? true : null;
}

function rateLimitsOf(record: ModelRecord | undefined, scope: Scope): RateLimits {
  if (record === undefined) {
    return { rpm: null, tpm: null, source: null, quota: null };
  }
  const scopes = scopesAt(record.id, scope);
  const bundled = scopes.map((listed) => record.rates?.[listed]).find((rate) => rate !== undefined);
  const said = (record.user_rates ?? [])
    .filter(([where]) => where === '*' || scopes.includes(where))
    .map(([, rate]) => rate);
  const all = bundled === undefined ? said : [...said, bundled];
  return {
    rpm: all.map(([rpm]) => rpm).find((rpm) => rpm !== null) ?? null,
    tpm: all.map(([, tpm]) => tpm).find((tpm) => tpm !== null) ?? null,
    source: all[0]?.[2] ?? null,
    quota: said.length === 0 ? (bundled?.[3] ?? null) : null,
  };
}
