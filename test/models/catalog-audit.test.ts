import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/models/catalog.ts';
import type { PriceRecord } from '../../src/models/model-record.ts';

// The research that the bundled catalog was derived from; it lies beside the project, not in it.
const SOURCE = '../shared/models/models.json';

type Tier = {
  readonly lte: number | null;
  readonly input: number;
  readonly output?: number | null;
  readonly output_thinking?: number | null;
};
type Modal = Readonly<Record<string, number>>;
type Researched = {
  readonly id: string;
  readonly category: string;
  readonly status: string;
  readonly is_snapshot: boolean;
  readonly alias_of?: unknown;
  readonly also_known_as?: string | readonly string[];
  readonly limits: Readonly<Record<string, unknown>> | null;
  readonly limits_by_scope?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly pricing: readonly {
    readonly scope: string;
    readonly source: string;
    readonly tiers?: readonly Tier[] | null;
    readonly per_modality?: Modal;
    readonly usd_equivalent?: { readonly tiers?: readonly Tier[]; readonly per_modality?: Modal };
    readonly endpoints?: readonly string[];
    readonly endpoint?: string;
    readonly peak_pricing?: { readonly off_peak: { input: number; output: number } };
  }[];
  readonly rate_limits: readonly {
    readonly scope: string;
    readonly rpm: number | null;
    readonly tpm: number | null;
    readonly source: string;
  }[];
};

const there = existsSync(SOURCE);
if (!there) process.stderr.write(`catalog audit skipped: ${SOURCE} is not there\n`);
const models: readonly Researched[] = there
  ? (JSON.parse(readFileSync(SOURCE, 'utf8')) as { models: readonly Researched[] }).models
  : [];
const catalog = loadCatalog();

const tiersOf = (tiers: readonly Tier[] | null | undefined): unknown =>
  tiers?.map(({ lte, input, output, output_thinking: thinking }) => [
    lte,
    input,
    output ?? null,
    thinking ?? null,
  ]);

/** Two ways of printing: images with text or with video; output by what came in or not. */
function modalOf(modal: Modal | undefined): unknown {
  if (modal === undefined) return undefined;
  const textIn = modal['input_text'] ?? modal['input_text_image_video'];
  return {
    text_in: textIn,
    image_video_in: modal['input_image_video'] ?? modal['input_text_image_video'],
    audio_in: modal['input_audio'],
    text_out: modal['output_text_when_text_only_input'] ?? modal['output_text'],
    text_out_multimodal: modal['output_text_when_multimodal_input'] ?? modal['output_text'],
    audio_out: modal['output_audio'],
  };
}

const pricesOf = (one: Researched['pricing'][number]): unknown => ({
  scope: one.scope,
  source: one.source,
  cny: one.tiers === null || one.tiers?.length === 0 ? undefined : tiersOf(one.tiers),
  usd: tiersOf(one.usd_equivalent?.tiers),
  cny_modal: modalOf(one.per_modality),
  usd_modal: modalOf(one.usd_equivalent?.per_modality),
});

const ours = (price: PriceRecord): unknown => ({
  scope: price.scope,
  source: price.source,
  cny: price.cny,
  usd: price.usd,
  cny_modal: price.cny_modal,
  usd_modal: price.usd_modal,
});

const withoutUndefined = (fields: Readonly<Record<string, unknown>>): unknown =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** The scopes that `{cn: true, intl: false}` says yes for. */
function scopesWhere(said: unknown): readonly string[] | undefined {
  if (said === null || said === undefined) return undefined;
  return Object.entries(said).flatMap(([scope, yes]) => (yes === true ? [scope] : []));
}

describe.skipIf(!there)('the bundled catalog has all that was researched', () => {
  it('every id, and no other', () => {
    expect(models).toHaveLength(296);
    expect(catalog.ids()).toEqual(models.map(({ id }) => id).toSorted());
  });

  it('every price: scopes, tiers, thinking, modalities, currencies, in the same order', () => {
    const wrong = models.filter((model) => {
      const mine = catalog.record(model.id)?.prices.map(ours);
      return JSON.stringify(mine) !== JSON.stringify(model.pricing.map(pricesOf));
    });
    expect(
      wrong.map(({ id, pricing }) => ({
        id,
        researched: pricing.map(pricesOf),
        ours: catalog.record(id)?.prices.map(ours),
      })),
    ).toEqual([]);
  });

  it('every limit, those while thinking where they differ, and those of one scope', () => {
    for (const { id, limits, limits_by_scope: byScope } of models) {
      const { source: _, ...mine } = catalog.record(id)?.limits ?? {};
      const said = (name: string): unknown => limits?.[name] ?? undefined;
      const inputThinking = said('max_input_thinking');
      const differing = (thinking: string, plain: string): unknown =>
        said(thinking) === said(plain) ? undefined : said(thinking);
      expect(mine, id).toEqual(
        withoutUndefined({
          context: said('context_window'),
          // A model that only thinks has no other bound than that of thinking.
          max_input: said('max_input') ?? inputThinking,
          max_output: said('max_output'),
          max_thinking: said('max_cot'),
          context_thinking: differing('context_window_thinking', 'context_window'),
          max_input_thinking:
            said('max_input') === undefined
              ? undefined
              : differing('max_input_thinking', 'max_input'),
          max_output_thinking: differing('max_output_thinking', 'max_output'),
          max_thinking_and_output: said('max_cot_plus_output'),
        }),
      );
      const scoped = Object.entries(byScope ?? {}).map(([scope, one]) => {
        const { context_window: context, ...rest } = one;
        return [scope, { context, ...rest }];
      });
      expect(catalog.record(id)?.limits_by_scope ?? {}, id).toEqual(Object.fromEntries(scoped));
    }
  });

  it('every ability', () => {
    for (const { id, capabilities: said } of models) {
      const mine = catalog.record(id);
      const known = (name: string): unknown => said[name] ?? undefined;
      expect(
        {
          thinking: mine?.thinking,
          thinking_default: mine?.thinking_default,
          stream_only: mine?.stream_only,
          in: mine?.in,
          out: mine?.out,
          tools: mine?.tools,
          json_object: mine?.json_object,
          json_schema: mine?.json_schema,
          pixels: mine?.pixels,
          explicit: mine?.cache?.explicit,
          implicit: mine?.cache?.implicit,
          hit: mine?.cache?.hit,
          n: mine?.n,
          web_search: mine?.web_search,
        },
        id,
      ).toEqual({
        thinking: known('thinking'),
        thinking_default: known('default_enable_thinking'),
        stream_only: known('stream_only'),
        // The research marks video of three newest models as not sure; nothing is refused for it.
        in: (known('input_modalities') as string[] | undefined)?.map((one) => one.replace('?', '')),
        out: known('output_modalities'),
        tools: known('tools'),
        json_object: known('json_object'),
        json_schema: known('json_schema'),
        pixels: known('pixels_per_token_side'),
        explicit: known('explicit_cache'),
        implicit: known('implicit_cache'),
        hit: said['implicit_hit_multiplier'],
        n: typeof said['n'] !== 'string' ? undefined : said['n'].startsWith('1-4') ? 4 : 1,
        web_search: scopesWhere(said['web_search']),
      });
      // A remark in place of yes or no is taken as yes.
      const logprobs = said['logprobs'] ?? undefined;
      expect(mine?.logprobs, id).toBe(typeof logprobs === 'string' ? true : logprobs);
    }
  });

  it('every vendor batch and rate limit', () => {
    for (const { id, capabilities: said, rate_limits: rates } of models) {
      const files = scopesWhere(said['batch_file'])?.map((scope) => `${scope}-file`) ?? [];
      const batch = said['batch_chat_cn'] === true ? [...files, 'cn-chat'] : files;
      expect(catalog.record(id)?.batch ?? [], id).toEqual(batch);
      const known = rates.filter(({ rpm, tpm }) => rpm !== null || tpm !== null);
      const listed = Object.entries(catalog.record(id)?.rates ?? {});
      expect(
        Object.fromEntries(listed.map(([scope, rate]) => [scope, rate.slice(0, 3)])),
        id,
      ).toEqual(
        Object.fromEntries(known.map(({ scope, rpm, tpm, source }) => [scope, [rpm, tpm, source]])),
      );
    }
  });
});
