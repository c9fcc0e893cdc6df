import { CATALOG_JSON } from './catalog-data.ts';
import type { Currency, Scope } from './scope.ts';

/** [inclusive bound of input tokens | null, input, output | null, output while thinking | null], per 1M tokens. */
export type TierRecord = readonly [number | null, number, number | null, number | null];

/** Prices per 1M tokens of models billed by modality; output text has two prices, depending on the input. */
export type ModalRecord = {
  readonly text_in: number;
  readonly image_video_in: number;
  readonly audio_in: number;
  readonly text_out: number;
  readonly text_out_multimodal: number;
  readonly audio_out: number;
};

/** Price multipliers of cached input tokens; `null`: known to differ from the standard, value unknown. */
export type CacheRecord = {
  readonly explicit?: boolean;
  readonly implicit?: boolean;
  readonly hit?: number | null;
  readonly explicit_hit?: number | null;
  readonly explicit_create?: number;
};

export type PriceRecord = {
  /** `*`: any scope (the user's catalog only). */
  readonly scope: Scope | '*';
  readonly source: string;
  readonly cny?: readonly TierRecord[];
  readonly usd?: readonly TierRecord[];
  readonly cny_modal?: ModalRecord;
  readonly usd_modal?: ModalRecord;
  readonly note?: string;
  /** Endpoints named by the listing (`us`, `de`, `jp`); absent: the scope's own. */
  readonly at?: readonly string[];
  readonly cache?: CacheRecord;
};

export type LimitsRecord = {
  readonly context?: number;
  readonly max_input?: number;
  readonly max_output?: number;
  readonly max_thinking?: number;
  /** While thinking, if different. */
  readonly context_thinking?: number;
  readonly max_input_thinking?: number;
  readonly max_output_thinking?: number;
  /** Chain of thought and answer combined. */
  readonly max_thinking_and_output?: number;
  readonly source?: string;
  /** The user set some of them, and those that may refuse a line are unconfirmed. */
  readonly unsure?: true;
};

/** [requests per minute | null, tokens per minute | null, source, name of the quota if shared]. */
export type RateRecord = readonly [number | null, number | null, string, string?];

/** One model as stored; an absent field is undocumented. */
export type ModelRecord = {
  readonly id: string;
  readonly category?: string;
  /** Month of the newest official price page that lists it. */
  readonly listed?: string;
  readonly snapshot?: boolean;
  /** The model that the id stands for, if documented; per scope if different. Not used for pricing. */
  readonly alias_of?: string | Readonly<Record<string, string>>;
  /** The bundled id whose facts a record of the user's catalog shares: determines the family. */
  readonly canonical?: string;
  /** Aliases of the model. */
  readonly also?: readonly string[];
  readonly limits?: LimitsRecord;
  readonly limits_by_scope?: Readonly<Partial<Record<Scope, LimitsRecord>>>;
  readonly thinking?: 'none' | 'hybrid' | 'only';
  readonly thinking_default?: boolean;
  readonly stream_only?: 'always' | 'thinking' | 'no';
  readonly stream_only_inferred?: boolean;
  readonly native_endpoint?: 'text-generation' | 'multimodal-generation';
  readonly in?: readonly string[];
  readonly out?: readonly string[];
  readonly tools?: boolean | 'non-thinking only';
  readonly n?: number;
  readonly logprobs?: boolean;
  readonly json_object?: boolean | 'non-thinking only';
  readonly json_schema?: boolean | 'non-thinking only';
  /** Scopes in which `enable_search` works. */
  readonly web_search?: readonly string[];
  readonly cache?: CacheRecord;
  /** `cn-file`, `intl-file`, `cn-chat`: which half-price vendor batches accept it. */
  readonly batch?: readonly string[];
  /** Edge of one image token in pixels. */
  readonly pixels?: number;
  /** The user's come before the bundled ones; exact scopes before `*`. */
  readonly prices: readonly PriceRecord[];
  readonly rates?: Readonly<Partial<Record<Scope, RateRecord>>>;
  /** Rate limits from the user's catalog, exact scopes before `*`: they win over `rates`. */
  readonly user_rates?: readonly (readonly [Scope | '*', RateRecord])[];
};

/** The source of a figure. */
export type Source = {
  readonly url: string;
  /** Date of the page as far as known. */
  readonly page_date: string;
  readonly kind: 'official' | 'secondary' | 'third-party' | 'user';
};

export type CatalogRecord = {
  /** Day the bundled data was compiled, YYYY-MM-DD. */
  readonly date: string;
  readonly capability_sources: string;
  readonly sources: Readonly<Record<string, Source>>;
  /** Fee per 1,000 web searches by scope, currency and strategy. */
  readonly search_fee_per_1000: {
    readonly source: string;
    readonly cn: Readonly<Partial<Record<Currency, Readonly<Record<string, number>>>>>;
    readonly intl: Readonly<Partial<Record<Currency, Readonly<Record<string, number>>>>>;
  };
  readonly models: readonly ModelRecord[];
};

let bundled: CatalogRecord | undefined;

/** The bundled catalog, parsed on first use (about 3 ms) and shared. */
export function bundledCatalog(): CatalogRecord {
  bundled ??= JSON.parse(CATALOG_JSON) as CatalogRecord;
  return bundled;
}
