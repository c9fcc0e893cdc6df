import * as z from 'zod';
import {
  booleanValue,
  listOf,
  objectValue,
  oneOf,
  openObject,
  stringList,
  stringValue,
} from './values.ts';

/** Documented values of `search_strategy`: the 2026 ones, then those of 2025 pages and recordings. */
const SEARCH_STRATEGIES = ['turbo', 'max', 'agent', 'agent_max', 'standard', 'pro'] as const;

/** Documented values of `citation_format`. */
const CITATION_FORMATS = ['[<number>]', '[ref_<number>]'] as const;

/**
 * Members of `search_options`. The object stays open: recorded requests use members that no page
 * documents (`freshness`, `assigned_site_list`, `intention_options`).
 * Source: DashScope API reference, 2026-09; recorded exchanges, 2026-06.
 */
const searchMembers: Readonly<Record<string, z.ZodType>> = {
  enable_source: booleanValue,
  enable_citation: booleanValue,
  citation_format: oneOf(CITATION_FORMATS),
  forced_search: booleanValue,
  search_strategy: oneOf(SEARCH_STRATEGIES),
  enable_search_extension: booleanValue,
  prepend_search_result: booleanValue,
  freshness: z.unknown(),
  assigned_site_list: stringList,
  intention_options: objectValue,
};

/** Known names in `search_options`. */
export const SEARCH_OPTION_NAMES: readonly string[] = Object.keys(searchMembers);

/** `search_options`: types and values of the known members; combinations are in the rules. */
export const searchOptions: z.ZodType = openObject(searchMembers);

/** Built-in tasks of the OCR models. Source: qwen-vl-ocr-api-reference, 2026-05. */
const OCR_TASKS = [
  'text_recognition',
  'key_information_extraction',
  'document_parsing',
  'table_parsing',
  'formula_recognition',
  'multi_lan',
  'advanced_recognition',
] as const;

/** `ocr_options`. Source: qwen-vl-ocr-api-reference, 2026-05. */
export const ocrOptions: z.ZodType = openObject({
  task: oneOf(OCR_TASKS),
  task_config: openObject({ result_schema: objectValue }),
});

/** Languages that `asr_options.language` documents. Source: qwen-asr-api-reference, 2026-05. */
const ASR_LANGUAGES = [
  'zh',
  'yue',
  'en',
  'ja',
  'de',
  'ko',
  'ru',
  'fr',
  'pt',
  'ar',
  'it',
  'es',
  'hi',
  'id',
  'th',
  'tr',
  'uk',
  'vi',
  'cs',
  'da',
  'fil',
  'fi',
  'is',
  'ms',
  'no',
  'pl',
  'sv',
] as const;

/** `asr_options`. Source: qwen-asr-api-reference, 2026-05. */
export const asrOptions: z.ZodType = openObject({
  language: oneOf(ASR_LANGUAGES),
  enable_itn: booleanValue,
  enable_lid: booleanValue,
});

const pair: z.ZodType = openObject({ source: stringValue, target: stringValue });
const pairs: z.ZodType = listOf(pair, 'an array of {source, target} objects');

/** `translation_options` of the qwen-mt models. Source: qwen-mt-api, 2026-05; recorded. */
export const translationOptions: z.ZodType = openObject({
  source_lang: stringValue,
  target_lang: stringValue,
  terms: pairs,
  tm_list: pairs,
  domains: stringValue,
});

/** `skill` of qwen-doc-turbo. Source: DashScope API reference, 2026-09; recorded. */
export const skillList: z.ZodType = listOf(
  openObject({
    type: oneOf(['ppt']),
    mode: oneOf(['general', 'creative']),
    template_id: oneOf(['news_01', 'summary_01', 'internet_01', 'thesis_01']),
  }),
  'an array of objects',
);

/** `stream_options` of compatible mode. */
export const streamOptions: z.ZodType = openObject({ include_usage: booleanValue });
