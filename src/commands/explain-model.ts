import { oneLine } from '../reporters/one-line.ts';
import type { RateLimits } from '../models/catalog.ts';
import type { ModelProfile } from '../models/model-profile.ts';
import type { ModelRecord } from '../models/model-record.ts';
import { MULTIPLIER_UNIT, type Offer } from '../models/offer.ts';
import { formatPico } from '../models/price.ts';
import { wholeText } from '../reporters/number-text.ts';

type Explained = {
  readonly profile: ModelProfile;
  readonly record: ModelRecord;
  readonly offer: Offer | null;
  readonly limits: RateLimits;
};

const BATCH_TEXT: Readonly<Record<string, string>> = {
  'cn-file': 'Batch File in Beijing',
  'intl-file': 'Batch File in Singapore',
  'cn-chat': 'Batch Chat in Beijing',
};

function yesNo(value: boolean | string | null): string {
  return value === null
    ? 'not documented'
    : value === true
      ? 'yes'
      : value === false
        ? 'no'
        : value;
}

function numbers(
  parts: readonly (readonly [name: string, value: number | null | undefined])[],
): string {
  const known = parts.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [`${name} ${wholeText(value)}`],
  );
  return known.length === 0 ? 'not documented' : known.join(', ');
}

function shareText(multiplier: number | null): string {
  return multiplier === null ? 'not documented' : `${(multiplier / MULTIPLIER_UNIT) * 100}%`;
}

function cacheText({ cache }: Offer): string {
  const { implicitHit, explicitHit, explicitCreate } = cache;
  return `price of cached input, as a share of the input price: implicit hit ${shareText(implicitHit)}, explicit hit ${shareText(explicitHit)}, explicit creation ${shareText(explicitCreate)}`;
}

function feesText({ searchFees, currency }: Offer): string {
  if (searchFees === null) return 'fee of a web search: not documented';
  const fees = Object.entries(searchFees).map(
    ([strategy, pico]) => `${strategy} ${formatPico(BigInt(pico))}`,
  );
  return `fee of a web search, ${currency} a call: ${fees.join(', ')}`;
}

/**
 * What the catalog knows of one model besides its prices: sizes, rates, inputs, abilities, discounts; one line each.
 * Undocumented facts are shown as such. Pure.
 */
export function explainModel({ profile, record, offer, limits }: Explained): readonly string[] {
  const { thinking, thinkingDefault, streamOnly } = profile;
  const sizes = record.limits;
  const listed = record.listed === undefined ? '' : `, listed ${record.listed}`;
  const batch = (record.batch ?? []).map((name) => BATCH_TEXT[name] ?? name);
  return [
    '',
    oneLine(
      `${profile.id}: ${record.category ?? 'no category'}${record.snapshot === true ? ', a snapshot' : ''}${listed}`,
    ),
    `  tokens: ${numbers([
      ['context', profile.contextWindow],
      ['input at most', profile.maxInput],
      ['output at most', profile.maxOutput],
      ['thinking at most', profile.maxThinking],
      ['context while thinking', sizes?.context_thinking],
      ['input while thinking', profile.maxInputThinking],
      ['output while thinking', profile.maxOutputThinking],
      ['thinking and output together', sizes?.max_thinking_and_output],
    ])}${sizes?.source === undefined ? '' : ` (${sizes.source})`}`,
    `  rates: ${numbers([
      ['requests a minute', limits.rpm],
      ['tokens a minute', limits.tpm],
    ])}${limits.quota === null ? '' : `, for all of ${limits.quota} together`}${limits.source === null ? '' : ` (${limits.source})`}`,
    `  takes ${profile.inputModalities?.join(', ') ?? 'what is not documented'}; gives ${profile.outputModalities?.join(', ') ?? 'what is not documented'}`,
    `  thinking: ${thinking ?? 'not documented'}${thinking === 'hybrid' ? `, ${thinkingDefault === null ? 'default not documented' : thinkingDefault ? 'on' : 'off'} unless a line sets it` : ''}; streams only: ${streamOnly ?? 'not documented'}`,
    `  tools: ${yesNo(profile.tools)}; JSON object: ${yesNo(profile.jsonObject)}; JSON schema: ${yesNo(profile.jsonSchema)}; logprobs: ${yesNo(profile.logprobs)}; web search: ${yesNo(profile.webSearch)}; n: ${profile.nMax === null ? 'not documented' : `at most ${profile.nMax}`}`,
    ...(offer === null ? [] : [`  ${cacheText(offer)}`]),
    ...(offer === null || profile.webSearch !== true ? [] : [`  ${feesText(offer)}`]),
    `  half price: ${batch.length === 0 ? 'no documented offer' : batch.join(', ')}`,
  ];
}

/** The `ability:value` patterns of `qbatch models`, each with a model's values for it. */
const ABILITIES: Readonly<
  Record<string, (model: Pick<Explained, 'profile' | 'record'>) => readonly string[]>
> = {
  takes: ({ profile }) => profile.inputModalities ?? [],
  gives: ({ profile }) => profile.outputModalities ?? [],
  thinking: ({ profile }) => (profile.thinking === null ? [] : [profile.thinking]),
  can: ({ profile }) => [
    ...(profile.tools === null || profile.tools === false ? [] : ['tools']),
    ...(profile.jsonObject === null || profile.jsonObject === false ? [] : ['json_object']),
    ...(profile.jsonSchema === null || profile.jsonSchema === false ? [] : ['json_schema']),
    ...(profile.logprobs === true ? ['logprobs'] : []),
    ...(profile.webSearch === true ? ['web_search'] : []),
  ],
  batch: ({ record }) => record.batch ?? [],
  category: ({ record }) => (record.category === undefined ? [] : [record.category]),
};

/** The names before the colon, for a message. */
export const ABILITY_NAMES: readonly string[] = Object.keys(ABILITIES);

/**
 * Parses a pattern such as `takes:video` or `can:tools` into a test of one model; null if it is not one (a model id may
 * contain a colon).
 */
export function abilityTest(
  pattern: string,
): ((model: Pick<Explained, 'profile' | 'record'>) => boolean) | null {
  const [name = '', ...rest] = pattern.split(':');
  const values = rest.length === 1 && Object.hasOwn(ABILITIES, name) ? ABILITIES[name] : undefined;
  if (values === undefined) return null;
  const wanted = (rest[0] ?? '').toLowerCase();
  return (model) => values(model).some((value) => value.toLowerCase() === wanted);
}
