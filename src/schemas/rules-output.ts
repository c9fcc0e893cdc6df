import { PROBLEM_CODES } from './codes.ts';
import { FAMILIES } from './model-families.ts';
import { formatType, hasPartMember, objectOf, saysJson } from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { parameterPlace } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

/** The documented maximum; above it up to 2^63-1 the service's error text allows more. */
const SEED_DOCUMENTED_MAX = 2_147_483_647;

/** Cap of the OCR models for ordinary accounts, and after it was raised by request. */
const OCR_TOKENS = { ordinary: 4096, raised: 8192 } as const;

function maxTokensOf(view: RequestView): number {
  const most = view.profile.maxOutput ?? Number.POSITIVE_INFINITY;
  return FAMILIES.cappedOcr.test(view.model) ? Math.max(most, OCR_TOKENS.raised) : most;
}

function isNative(view: RequestView): boolean {
  return view.protocol === 'dashscope';
}

/** Rules about the form and amount of output, in the numbers of the vendor contract's list. */
export const OUTPUT_RULES: readonly Rule[] = [
  {
    id: '8',
    on: 'response_format',
    when: (view) => formatType(view) === 'json_object',
    must: saysJson,
    place: parameterPlace('response_format'),
    message:
      "response_format asks for json_object, but no message says the word json: tell the model, e.g. “answer in JSON” (service: 'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.)",
    severity: 'error',
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: '10',
    on: 'top_logprobs',
    when: (view) => Number(view.parameters['top_logprobs']) > 0,
    must: (view) => view.parameters['logprobs'] === true,
    place: parameterPlace('top_logprobs'),
    message: 'top_logprobs has no effect unless logprobs is true',
    severity: 'note',
    code: PROBLEM_CODES.noEffect,
    source: SOURCES.reference,
  },
  {
    id: 'seed-range',
    on: 'seed',
    when: () => true,
    must: (view) => !(Number(view.parameters['seed']) > SEED_DOCUMENTED_MAX),
    place: parameterPlace('seed'),
    message: `seed is above ${SEED_DOCUMENTED_MAX}, the documented maximum; the service is known to take up to 9223372036854775807`,
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.reference,
  },
  {
    id: 'max-tokens',
    on: 'max_tokens',
    when: (view) => typeof view.parameters['max_tokens'] === 'number',
    must: (view) => Number(view.parameters['max_tokens']) <= maxTokensOf(view),
    place: parameterPlace('max_tokens'),
    message: (view) =>
      `max_tokens is ${String(view.parameters['max_tokens'])}; ${view.model} answers with at most ${maxTokensOf(view)}: lower it, or correct the catalog with --catalog (service: Range of max_tokens should be [1, ${maxTokensOf(view)}])`,
    severity: 'error',
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: 'max-tokens-ocr',
    on: 'max_tokens',
    when: (view) => FAMILIES.cappedOcr.test(view.model),
    must: (view) => {
      const asked = Number(view.parameters['max_tokens']);
      return !(asked > OCR_TOKENS.ordinary && asked <= maxTokensOf(view));
    },
    place: parameterPlace('max_tokens'),
    message: `max_tokens above ${OCR_TOKENS.ordinary} works on this model only for accounts that were raised by request`,
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.reference,
  },
  {
    id: 'n-model',
    on: 'n',
    when: (view) => view.profile.nMax !== null && Number(view.parameters['n']) > 1,
    must: (view) =>
      Number(view.parameters['n']) <= (view.profile.nMax ?? 4) && view.thinking !== true,
    place: parameterPlace('n'),
    message: (view) =>
      view.thinking === true
        ? `n above 1 is documented without thinking only`
        : `n is ${String(view.parameters['n'])}; ${view.model} is documented with at most ${view.profile.nMax}`,
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.reference,
  },
  {
    id: 'logprobs-model',
    on: 'logprobs',
    when: (view) => view.parameters['logprobs'] === true,
    must: (view) => view.profile.logprobs !== false,
    place: parameterPlace('logprobs'),
    message: (view) => `${view.model} is documented not to return logprobs`,
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.reference,
  },
  {
    id: 'json-model',
    on: 'response_format',
    when: (view) => formatType(view) === 'json_object',
    must: (view) => view.profile.jsonObject !== false,
    place: parameterPlace('response_format'),
    message: (view) => `${view.model} is documented without response_format json_object`,
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.openai,
  },
  {
    id: 'json-schema-model',
    on: 'response_format',
    when: (view) => formatType(view) === 'json_schema',
    must: (view) =>
      view.profile.jsonSchema !== false &&
      !(view.profile.jsonSchema === 'non-thinking only' && view.thinking === true),
    place: parameterPlace('response_format'),
    message: (view) =>
      `${view.model} is documented without response_format json_schema${view.profile.jsonSchema === false ? '' : ' while it thinks'}`,
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.openai,
  },
  {
    id: 'json-schema-shape',
    on: 'response_format',
    when: (view) => formatType(view) === 'json_schema',
    must: (view) => {
      const schema = objectOf(view, 'response_format')['json_schema'];
      return (
        typeof schema === 'object' && schema !== null && 'name' in schema && 'schema' in schema
      );
    },
    place: parameterPlace('response_format.json_schema'),
    message: 'json_schema is documented as {"name": "...", "schema": {...}, "strict": true}',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.openai,
  },
  {
    id: 'incremental-open',
    on: 'incremental_output',
    when: (view) => isNative(view) && FAMILIES.openQwen3.test(view.model) && view.thinking !== true,
    must: (view) => view.parameters['incremental_output'] !== false,
    place: parameterPlace('incremental_output'),
    message: (view) =>
      `incremental_output cannot be false on ${view.model} (service: The incremental_output parameter of this model cannot be set to False.)`,
    // Without a stream the parameter has no meaning, and whether it is refused is not documented.
    severity: (view) => (view.stream ? 'error' : 'warning'),
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: 'format-ignored',
    on: 'result_format',
    when: (view) => isNative(view) && FAMILIES.textFormatIgnored.test(view.model),
    must: (view) => view.parameters['result_format'] !== 'text',
    place: parameterPlace('result_format'),
    message: (view) => `result_format "text" has no effect on ${view.model}`,
    severity: 'note',
    code: PROBLEM_CODES.noEffect,
    source: SOURCES.reference,
  },
  {
    id: 'format-message-only',
    on: 'result_format',
    when: (view) =>
      isNative(view) && FAMILIES.messageOnly.test(view.model) && view.thinking !== true,
    must: (view) => view.parameters['result_format'] !== 'text',
    place: parameterPlace('result_format'),
    message: (view) => `result_format on ${view.model} is documented as "message" only`,
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.reference,
  },
  {
    id: 'pixels-ignored',
    on: 'vl_high_resolution_images',
    when: (view) => view.parameters['vl_high_resolution_images'] === true,
    must: (view) => !hasPartMember(view, 'max_pixels'),
    place: parameterPlace('vl_high_resolution_images'),
    message: 'max_pixels has no effect while vl_high_resolution_images is true',
    severity: 'note',
    code: PROBLEM_CODES.noEffect,
    source: SOURCES.reference,
  },
  {
    id: 'audio-stream',
    on: 'modalities',
    when: (view) => {
      const modalities = view.parameters['modalities'];
      return !isNative(view) && Array.isArray(modalities) && modalities.includes('audio');
    },
    must: (view) => view.stream,
    place: parameterPlace('modalities'),
    message:
      "audio output needs stream: true (service: 'audio' output only support with stream=true)",
    severity: 'error',
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: 'skill-stream',
    on: 'skill',
    when: () => true,
    must: (view) => view.stream,
    place: parameterPlace('skill'),
    message: 'skill is documented for streams only: ask for a stream',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.referenceLater,
  },
];
