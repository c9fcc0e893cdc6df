import { jsonText } from '../json/json-text.ts';
import { countText } from '../reporters/number-text.ts';
import { oneLine } from '../reporters/one-line.ts';
import { alignTable } from '../reporters/table.ts';
import type { Catalog, RateLimits } from '../models/catalog.ts';
import { modelJson } from '../models/model-json.ts';
import type { ModelProfile } from '../models/model-profile.ts';
import type { ModelRecord, PriceRecord } from '../models/model-record.ts';
import { findListing, type Offer, type Tier } from '../models/offer.ts';
import { formatPico } from '../models/price.ts';
import { ABILITY_NAMES, abilityTest, explainModel } from './explain-model.ts';
import { defaultCurrency, type Currency, type Scope } from '../models/scope.ts';

export type ModelsOptions = {
  /** Part of an id, case-insensitive, with `*` as a wildcard; or an ability, `takes:video`. Undefined: all. */
  readonly pattern?: string;
  readonly json: boolean;
  readonly scope: Scope;
  readonly catalog: Catalog;
};

/** The data of one table row. */
type Entry = {
  readonly profile: ModelProfile;
  readonly record: ModelRecord;
  /** Null: not offered in the scope. */
  readonly listing: PriceRecord | null;
  readonly offer: Offer | null;
  readonly limits: RateLimits;
};

/** The output of `qbatch models`: a list, or a message that there is none, which is not data. */
export type ModelsText = { readonly text: string; readonly isEmpty: boolean };

/**
 * The text that `qbatch models` prints: a table of the models offered in a scope, with the sources of its figures below, or
 * one JSON object. Prices are per 1M tokens in the currency of the scope's site (CNY if USD is unknown). A pattern that
 * matches exactly one model, or names one, adds all its price tiers and other facts. Nothing found: a hint, or an empty
 * `models`.
 */
export function modelsText(options: ModelsOptions): ModelsText {
  const { catalog, scope, pattern } = options;
  const found = findIds(catalog, pattern).map((id) => entryOf(catalog, id, scope));
  // A model that the user added without prices is shown in every scope.
  const entries = found.filter(
    (entry) => entry.listing !== null || entry.record.prices.length === 0,
  );
  if (options.json) {
    const models = entries.map(({ profile, record, offer, limits }) =>
      modelJson(profile, record, { offer, limits, capabilitySources: catalog.capabilitySources }),
    );
    const { date, sources } = catalog;
    const text = `${jsonText({ schema: 1, date, scope, sources, models }, 2)}\n`;
    return { text, isEmpty: false };
  }
  const lines =
    found.length === 0
      ? nothingFound(pattern ?? '', catalog)
      : entries.length === 0
        ? notOffered(found, scope)
        : listed(entries, options);
  return { text: `${lines.join('\n')}\n`, isEmpty: entries.length === 0 };
}

function listed(entries: readonly Entry[], options: ModelsOptions): readonly string[] {
  const named = entries.find(
    (entry) => entries.length === 1 || entry.profile.id === options.pattern,
  );
  const detail = named === undefined ? [] : [...detailOf(named), ...explainModel(named)];
  const table = alignTable([HEADER, ...entries.map(rowOf)], { right: RIGHT });
  return [table, ...detail, '', ...footerOf(entries, options)];
}

function nothingFound(pattern: string, catalog: Catalog): readonly string[] {
  return [
    `no model in the catalog of ${catalog.date} matches ${oneLine(JSON.stringify(pattern))}`,
    '  run `qbatch models` for the whole list; --catalog FILE adds models, prices and limits',
    `  a pattern is a part of an id, or an ability: ${ABILITY_NAMES.map((name) => `${name}:...`).join(', ')}`,
  ];
}

function notOffered(found: readonly Entry[], scope: Scope): readonly string[] {
  const [first] = found;
  const name =
    found.length === 1 && first !== undefined ? oneLine(first.profile.id) : 'no matching model';
  return [
    `${name} is ${found.length === 1 ? 'not ' : ''}listed for ${scope}`,
    `  listed for: ${scopesOf(found).join(', ')}`,
  ];
}

function findIds(catalog: Catalog, pattern: string | undefined): readonly string[] {
  if (pattern === undefined || pattern === '') {
    return catalog.ids();
  }
  const able = abilityTest(pattern);
  if (able !== null) {
    return catalog.ids().filter((id) => {
      const record = catalog.record(id);
      return record !== undefined && able({ profile: catalog.profile(id), record });
    });
  }
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  const fits = new RegExp(pattern.includes('*') ? `^${source}$` : source, 'i');
  const found = catalog.ids().filter((id) => fits.test(id));
  // An alias (`qwen-plus-0112`) is not an id of its own, but is a model all the same.
  return found.length === 0 && catalog.record(pattern) !== undefined ? [pattern] : found;
}

function entryOf(catalog: Catalog, id: string, scope: Scope): Entry {
  const preferred = defaultCurrency(scope);
  const record = catalog.record(id) ?? { id, prices: [] };
  return {
    profile: catalog.profile(id, scope),
    record,
    listing: findListing(record, scope)?.price ?? null,
    offer: catalog.offer(id, scope, preferred) ?? catalog.offer(id, scope, 'CNY'),
    limits: catalog.limits(id, scope),
  };
}

function scopesOf(entries: readonly Entry[]): readonly string[] {
  return [...new Set(entries.flatMap(({ record }) => record.prices.map((price) => price.scope)))];
}

const HEADER = [
  'MODEL',
  'CONTEXT',
  'MAX OUT',
  'INPUT',
  'OUTPUT',
  'THINKING OUT',
  'RPM',
  'TPM',
  'THINKING',
  'TAKES',
] as const;
const RIGHT: readonly boolean[] = [false, true, true, true, true, true, true, true, false, false];

function rowOf({ profile, offer, limits }: Entry): readonly string[] {
  return [
    oneLine(profile.id),
    numberText(profile.contextWindow),
    numberText(profile.maxOutput),
    ...priceCells(offer),
    numberText(limits.rpm),
    numberText(limits.tpm),
    thinkingText(profile),
    profile.inputModalities?.join('+') ?? '-',
  ];
}

function priceCells(offer: Offer | null): readonly [string, string, string] {
  if (offer === null) {
    return ['-', '-', '-'];
  }
  if (offer.prices.kind === 'modal') {
    const { modal } = offer.prices;
    return [
      range([modal.textIn, modal.imageVideoIn, modal.audioIn]),
      range([modal.textOut, modal.textOutMultimodal, modal.audioOut]),
      '-',
    ];
  }
  const { tiers } = offer.prices;
  return [
    range(tiers.map((tier) => tier.input)),
    range(tiers.map((tier) => tier.output)),
    range(tiers.map((tier) => tier.outputThinking)),
  ];
}

/** Lowest to highest: `0.8-4.8`. */
function range(prices: readonly (number | null)[]): string {
  const known = prices.filter((price) => price !== null);
  if (known.length === 0) {
    return '-';
  }
  const low = Math.min(...known);
  const high = Math.max(...known);
  return low === high ? priceText(low) : `${priceText(low)}-${priceText(high)}`;
}

/** Pico-units per token as a price per 1M tokens, without trailing zeros. */
function priceText(picoPerToken: number): string {
  return formatPico(BigInt(picoPerToken) * 1_000_000n).replace(/\.?0+$/, '');
}

function numberText(value: number | null): string {
  return value === null ? '-' : String(value);
}

function thinkingText({ thinking, thinkingDefault }: ModelProfile): string {
  if (thinking === null) {
    return '-';
  }
  return thinking === 'hybrid'
    ? `hybrid (${thinkingDefault === null ? '?' : thinkingDefault ? 'on' : 'off'})`
    : thinking;
}

function detailOf(entry: Entry): readonly string[] {
  const { offer, record, listing } = entry;
  const lines = ['', `prices of ${oneLine(entry.profile.id)}, per 1M tokens`];
  if (offer === null) {
    lines.push(listing?.note === undefined ? '  none known' : `  none: ${listing.note}`);
  } else if (offer.prices.kind === 'tiers') {
    lines.push(...offer.prices.tiers.map((tier) => `  ${tierText(tier, offer.currency)}`));
  } else {
    const { modal } = offer.prices;
    lines.push(
      `  in:  text ${priceText(modal.textIn)}, image and video ${priceText(modal.imageVideoIn)}, audio ${priceText(modal.audioIn)} ${offer.currency}`,
      `  out: text ${priceText(modal.textOut)} (${priceText(modal.textOutMultimodal)} if the input is not only text), audio ${priceText(modal.audioOut)} ${offer.currency}`,
    );
  }
  if (offer?.note != null) {
    lines.push(`  ${offer.note}`);
  }
  if (typeof record.alias_of === 'string') {
    lines.push(`same as ${oneLine(record.alias_of)}`);
  }
  return lines;
}

function tierText(tier: Tier, currency: Currency): string {
  const bound = tier.upTo === null ? 'any input' : `input up to ${tier.upTo}`;
  const output = tier.output === null ? '' : `, out ${priceText(tier.output)}`;
  const thinking =
    tier.outputThinking === null ? '' : `, out with thinking ${priceText(tier.outputThinking)}`;
  return `${bound}: in ${priceText(tier.input)}${output}${thinking} ${currency}`;
}

function footerOf(entries: readonly Entry[], options: ModelsOptions): readonly string[] {
  const { catalog, scope } = options;
  const offers = entries.map((entry) => entry.offer).filter((offer) => offer !== null);
  const currencies = [...new Set(offers.map((offer) => offer.currency))].toSorted();
  const inferred = offers.some((offer) => offer.inferred) ? ' (USD inferred from printed CNY)' : '';
  const abilities = catalog.capabilitySources.split(', ').length;
  return [
    `${countText(entries.length, 'model')} for ${scope}; list prices in ${currencies.join(' and ') || 'no currency'} per 1M tokens${inferred}; a range: by input length or modality; -: not documented`,
    `catalog of ${catalog.date}; --catalog FILE overrides what has changed since. Sources, with the date of the page (all in --json):`,
    ...sourceLines('prices', new Set(offers.map((offer) => offer.source)), catalog),
    ...sourceLines('RPM, TPM', new Set(entries.map((entry) => entry.limits.source)), catalog),
    ...sourceLines(
      'context, max out',
      new Set(entries.map(({ record }) => record.limits?.source)),
      catalog,
    ),
    `  thinking, takes: ${abilities} official pages, 2026-02 to mid-2026`,
  ];
}

/** The pages for source keys; a key may have a remark, as in `M-FEB (family value)`. */
function sourceLines(
  what: string,
  keys: ReadonlySet<string | null | undefined>,
  catalog: Catalog,
): readonly string[] {
  const names = new Set([...keys].flatMap((key) => sourceKeys(key ?? '', catalog)));
  return [...names].toSorted().map((name) => {
    const source = catalog.sources[name];
    return `  ${what}: ${source?.url ?? name}, ${source?.page_date ?? 'no date'}`;
  });
}

function sourceKeys(text: string, catalog: Catalog): readonly string[] {
  return Object.keys(catalog.sources).filter((key) =>
    new RegExp(`(?:^|[^A-Z-])${key}(?:$|[^A-Za-z-])`).test(text),
  );
}
