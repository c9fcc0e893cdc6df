import type { RateLimits } from './catalog.ts';
import type { ModelProfile } from './model-profile.ts';
import type { ModelRecord } from './model-record.ts';
import { MULTIPLIER_UNIT, type Offer } from './offer.ts';

/** A JSON object to print. */
export type Json = { readonly [key: string]: unknown };

/** Inputs of `modelJson` besides the model itself. */
export type ModelContext = {
  /** Null: no known price in the scope. */
  readonly offer: Offer | null;
  readonly limits: RateLimits;
  readonly capabilitySources: string;
};

/**
 * A model of `qbatch models --json`: field names as in the catalog file, null if undocumented, prices per 1M tokens, a
 * source key with every group of facts.
 */
export function modelJson(profile: ModelProfile, record: ModelRecord, context: ModelContext): Json {
  const { offer, limits } = context;
  return {
    model: profile.id,
    category: record.category ?? null,
    listed: record.listed ?? null,
    snapshot: record.snapshot ?? false,
    alias_of: record.alias_of ?? null,
    also_known_as: record.also ?? [],
    limits: {
      context_window: profile.contextWindow,
      max_input: profile.maxInput,
      max_output: profile.maxOutput,
      max_thinking: profile.maxThinking,
      context_window_thinking: record.limits?.context_thinking ?? null,
      max_input_thinking: profile.maxInputThinking,
      max_output_thinking: profile.maxOutputThinking,
      max_thinking_and_output: record.limits?.max_thinking_and_output ?? null,
      source: record.limits?.source ?? null,
    },
    capabilities: {
      thinking: profile.thinking,
      default_enable_thinking: profile.thinkingDefault,
      stream_only: profile.streamOnly,
      stream_only_inferred: record.stream_only_inferred ?? false,
      native_endpoint: profile.nativeEndpoint,
      input_modalities: profile.inputModalities,
      output_modalities: profile.outputModalities,
      tools: profile.tools,
      n: profile.nMax,
      logprobs: profile.logprobs,
      json_object: profile.jsonObject,
      json_schema: profile.jsonSchema,
      web_search: record.web_search ?? null,
      vendor_batch: record.batch ?? [],
      source: context.capabilitySources,
    },
    pricing: offer === null ? null : offerJson(offer),
    rate_limits: limits,
  };
}

function offerJson(offer: Offer): Json {
  const amount = (pico: number | null): number | null => (pico === null ? null : pico / 1_000_000);
  const share = (scaled: number | null): number | null =>
    scaled === null ? null : scaled / MULTIPLIER_UNIT;
  const prices =
    offer.prices.kind === 'tiers'
      ? {
          tiers: offer.prices.tiers.map((tier) => ({
            lte: tier.upTo,
            input: amount(tier.input),
            output: amount(tier.output),
            output_thinking: amount(tier.outputThinking),
          })),
        }
      : {
          per_modality: {
            input_text: amount(offer.prices.modal.textIn),
            input_image_video: amount(offer.prices.modal.imageVideoIn),
            input_audio: amount(offer.prices.modal.audioIn),
            output_text: amount(offer.prices.modal.textOut),
            output_text_multimodal: amount(offer.prices.modal.textOutMultimodal),
            output_audio: amount(offer.prices.modal.audioOut),
          },
        };
  return {
    scope: offer.scope,
    currency: offer.currency,
    ...prices,
    cache_multipliers: {
      implicit_hit: share(offer.cache.implicitHit),
      explicit_hit: share(offer.cache.explicitHit),
      explicit_create: share(offer.cache.explicitCreate),
    },
    inferred: offer.inferred,
    note: offer.note,
    source: offer.source,
  };
}
