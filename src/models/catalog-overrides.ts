import * as z from 'zod';
import { ConfigError } from '../errors.ts';
import { defined } from './defined.ts';
import { mergeLimits } from './merge-limits.ts';
import type {
  CacheRecord,
  ModelRecord,
  PriceRecord,
  RateRecord,
  TierRecord,
} from './model-record.ts';
import { USER_SOURCE } from './offer.ts';
import { saidBatch, saidScopes } from './said-places.ts';
import { SCOPES, type Currency, type Scope } from './scope.ts';
import { stayUnsure } from './sure-limits.ts';

type TierOverride = {
  readonly lte?: number | null | undefined;
  readonly input: number;
  readonly output?: number | null | undefined;
  readonly output_thinking?: number | null | undefined;
};

type PricingOverride = {
  readonly scope: Scope | '*';
  readonly currency: Currency;
  readonly tiers: readonly TierOverride[];
  readonly cache?:
    | {
        readonly implicit_hit?: number | undefined;
        readonly explicit_hit?: number | undefined;
        readonly explicit_create?: number | undefined;
      }
    | undefined;
};

type Ability = boolean | 'non-thinking only';

/** One model of the user's catalog file: adds an id, or overrides facts of a known one. */
export type ModelOverride = {
  readonly id: string;
  /** A known id, or another one in the file, whose facts and prices this id shares. */
  readonly alias_of?: string | undefined;
  /** Prices per 1M tokens. */
  readonly pricing?: readonly PricingOverride[] | undefined;
  readonly rate_limits?:
    | readonly {
        readonly scope: Scope | '*';
        readonly rpm?: number | null | undefined;
        readonly tpm?: number | null | undefined;
      }[]
    | undefined;
  readonly capabilities?:
    | {
        readonly thinking?: 'none' | 'hybrid' | 'only' | undefined;
        readonly default_enable_thinking?: boolean | undefined;
        readonly stream_only?: 'always' | 'thinking' | 'no' | undefined;
        readonly native_endpoint?: 'text-generation' | 'multimodal-generation' | undefined;
        readonly input_modalities?: readonly string[] | undefined;
        readonly output_modalities?: readonly string[] | undefined;
        readonly tools?: Ability | undefined;
        readonly n?: number | undefined;
        readonly logprobs?: boolean | undefined;
        readonly json_object?: Ability | undefined;
        readonly json_schema?: Ability | undefined;
        readonly web_search?: boolean | readonly (Scope | '*')[] | undefined;
        readonly batch_chat_cn?: boolean | undefined;
      }
    | undefined;
  readonly limits?:
    | {
        readonly context_window?: number | undefined;
        readonly max_input?: number | undefined;
        readonly max_output?: number | undefined;
        readonly max_thinking?: number | undefined;
        readonly max_input_thinking?: number | undefined;
        readonly max_output_thinking?: number | undefined;
      }
    | undefined;
};

const PRICE_MAX = 1_000_000;

// Prices become integers of 1e-12 per token: more than 6 decimals per 1M tokens would be lost.
const price = z
  .number()
  .min(0)
  .max(PRICE_MAX)
  .refine(hasAtMostDecimals(6), { error: 'expected at most 6 decimals (price per 1M tokens)' });

const multiplier = z
  .number()
  .min(0)
  .max(100)
  .refine(hasAtMostDecimals(4), { error: 'expected at most 4 decimals' });

const count = z.int().positive();
const scope = z.enum(['*', ...SCOPES]);

const tier = z.strictObject({
  lte: count.nullish(),
  input: price,
  output: price.nullish(),
  output_thinking: price.nullish(),
});

const tiers = z
  .array(tier)
  .min(1)
  .refine((list) => list.every((one) => typeof (one.output ?? one.output_thinking) === 'number'), {
    error: 'expected "output" or "output_thinking" in every tier',
  })
  .refine(ascending, {
    error: 'expected ascending "lte" bounds, only the last tier without one',
  });

const pricing = z.strictObject({
  scope,
  currency: z.enum(['CNY', 'USD']),
  tiers,
  cache: z
    .strictObject({
      implicit_hit: multiplier.optional(),
      explicit_hit: multiplier.optional(),
      explicit_create: multiplier.optional(),
    })
    .optional(),
});

const rate = z.strictObject({ scope, rpm: count.nullish(), tpm: count.nullish() });

const limits = z.strictObject({
  context_window: count.optional(),
  max_input: count.optional(),
  max_output: count.optional(),
  max_thinking: count.optional(),
  max_input_thinking: count.optional(),
  max_output_thinking: count.optional(),
});

const ability = z.union([z.boolean(), z.literal('non-thinking only')], {
  error: 'expected true, false or "non-thinking only"',
});
const modalities = z.array(z.enum(['text', 'image', 'audio', 'video'])).min(1);

const capabilities = z.strictObject({
  thinking: z.enum(['none', 'hybrid', 'only']).optional(),
  default_enable_thinking: z.boolean().optional(),
  stream_only: z.enum(['always', 'thinking', 'no']).optional(),
  native_endpoint: z.enum(['text-generation', 'multimodal-generation']).optional(),
  input_modalities: modalities.optional(),
  output_modalities: modalities.optional(),
  tools: ability.optional(),
  n: z.int().min(1).max(100).optional(),
  logprobs: z.boolean().optional(),
  json_object: ability.optional(),
  json_schema: ability.optional(),
  web_search: z
    .union([z.boolean(), z.array(scope)], { error: 'expected true, false or scopes' })
    .optional(),
  batch_chat_cn: z.boolean().optional(),
});

const model = z.strictObject({
  id: z.string().min(1),
  alias_of: z.string().min(1).optional(),
  pricing: z.array(pricing).optional(),
  rate_limits: z.array(rate).optional(),
  capabilities: capabilities.optional(),
  limits: limits.optional(),
});

const models: z.ZodType<readonly ModelOverride[]> = z
  .array(model)
  .refine((list) => new Set(list.map((one) => one.id)).size === list.length, {
    error: 'expected every "id" once',
  });

const catalogFile = z.strictObject({ models });

/**
 * Validates the parsed content of a user's catalog file. Throws ConfigError naming the first ten places, each with what was
 * found and what was expected.
 */
export function parseOverrides(content: unknown): readonly ModelOverride[] {
  const parsed = catalogFile.safeParse(content, { reportInput: true });
  if (parsed.success) {
    return parsed.data.models;
  }
  const shown = parsed.error.issues.slice(0, 10).map(issueText);
  const more = parsed.error.issues.length - shown.length;
  throw new ConfigError(
    `catalog file: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    'shape: {"models":[{"id","alias_of","pricing":[{"scope","currency","tiers":[{"lte","input","output","output_thinking"}]}],"rate_limits":[{"scope","rpm","tpm"}],"capabilities","limits"}]}',
  );
}

/**
 * `base` (undefined: a new model) with the user's overrides. The user's prices and rate limits come first, exact scopes
 * before `*`; other fields are replaced one by one.
 */
export function applyOverride(base: ModelRecord | undefined, override: ModelOverride): ModelRecord {
  const said = override.capabilities ?? {};
  return {
    ...base,
    id: override.id,
    ...(base !== undefined && base.id !== override.id
      ? { alias_of: base.id, also: [], canonical: base.canonical ?? base.id }
      : {}),
    ...limitsOf(base, override),
    ...defined({
      thinking: said.thinking,
      thinking_default: said.default_enable_thinking,
      stream_only: said.stream_only,
      native_endpoint: said.native_endpoint,
      in: said.input_modalities,
      out: said.output_modalities,
      tools: said.tools,
      n: said.n,
      logprobs: said.logprobs,
      json_object: said.json_object,
      json_schema: said.json_schema,
      web_search: saidScopes(said.web_search),
      batch: saidBatch(base?.batch, said.batch_chat_cn),
    }),
    prices: [...exactFirst(override.pricing ?? []).map(priceRecord), ...(base?.prices ?? [])],
    user_rates: [
      ...exactFirst(override.rate_limits ?? []).map((one): readonly [Scope | '*', RateRecord] => [
        one.scope,
        [one.rpm ?? null, one.tpm ?? null, USER_SOURCE],
      ]),
      ...(base?.user_rates ?? []),
    ],
  };
}

function limitsOf(base: ModelRecord | undefined, override: ModelOverride): Partial<ModelRecord> {
  if (override.limits === undefined) return {};
  const { context_window: context, ...rest } = override.limits;
  const said = defined({ context, ...rest, source: USER_SOURCE });
  const limits = stayUnsure(base?.limits, said) ? { ...said, unsure: true as const } : said;
  // The user's limits apply in every scope, so that limits of one scope must not override them.
  return { limits: mergeLimits(base?.limits, limits), limits_by_scope: {} };
}

function priceRecord(one: PricingOverride): PriceRecord {
  const list = one.tiers.map((step): TierRecord => [
    step.lte ?? null,
    step.input,
    step.output ?? null,
    step.output_thinking ?? null,
  ]);
  const { cache } = one;
  const multipliers: CacheRecord = defined({
    hit: cache?.implicit_hit,
    explicit_hit: cache?.explicit_hit,
    explicit_create: cache?.explicit_create,
  });
  return {
    scope: one.scope,
    source: USER_SOURCE,
    ...(one.currency === 'CNY' ? { cny: list } : { usd: list }),
    cache: multipliers,
  };
}

function exactFirst<Entry extends { readonly scope: Scope | '*' }>(
  entries: readonly Entry[],
): readonly Entry[] {
  return entries.toSorted((a, b) => Number(a.scope === '*') - Number(b.scope === '*'));
}

function ascending(list: readonly TierOverride[]): boolean {
  return list.every((one, index) => {
    const before = list[index - 1];
    if (before === undefined) {
      return true;
    }
    const bound = before.lte ?? null;
    return bound !== null && (one.lte === undefined || one.lte === null || one.lte > bound);
  });
}

function hasAtMostDecimals(digits: number): (value: number) => boolean {
  return (value) => Number(value.toFixed(digits)) === value;
}

function issueText(issue: z.core.$ZodIssue): string {
  const path = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
  const found = issue.code === 'unrecognized_keys' ? '' : `, found ${valueText(issue.input)}`;
  return `${path === '' ? 'top level' : path}: ${issue.message.replace(/^Invalid \w+: /, '')}${found}`;
}

function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
