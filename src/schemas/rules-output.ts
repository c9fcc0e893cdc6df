import { limitFor } from '../models/limit-for.ts';
import { estimateTextTokens } from '../models/tokens.ts';
import { PROBLEM_CODES } from './codes.ts';
import { isOf } from './model-families.ts';
import { FORMAT_RULES } from './rules-format.ts';
import { asWritten } from './findings.ts';
import {
  formatType,
  hasPartMember,
  isNative,
  isOff,
  maxTokensOf,
  OCR_TOKENS,
  saysJson,
  saysJsonAside,
  UNSURE_LIMITS,
} from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { MESSAGES_PLACE, parameterPlace, ruleOf } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

/** The documented maximum; the service's error text allows more, up to 2^63-1. */
const SEED_DOCUMENTED_MAX = 2_147_483_647;

/** The larger of the two documented defaults of `max_input_tokens`. */
const MAX_INPUT_DOCUMENTED = 1_000_000;

/** The maximum number of answers of any model. */
const N_MAX = 4;

/**
 * The fast estimate of a text may be too high by two thirds (legal prose in Chinese or Russian, long English words); only
 * what is certainly too long is reported.
 */
const ESTIMATE_LEEWAY = 2;

/** Maximum input tokens of the model in the mode of the request, or its context window. */
function longestInput({ profile, thinking }: RequestView): number {
  const maxInput = limitFor(thinking, profile.maxInput, profile.maxInputThinking);
  return maxInput ?? profile.contextWindow ?? Number.POSITIVE_INFINITY;
}

/** Estimated tokens of the request's texts. */
function inputTokens(view: RequestView): number {
  return estimateTextTokens({
    messages: view.messages ?? view.input['prompt'],
    tools: view.parameters['tools'],
    profile: view.profile,
  });
}

function mostTokens(view: RequestView): number {
  return maxTokensOf(view) ?? Number.POSITIVE_INFINITY;
}

/** A parameter's value and the model. */
function onModel(name: string): (view: RequestView) => string {
  return (view) =>
    `${name} is ${asWritten(view.parameters[name], view.rawParameter(name))} and the model ${view.model}`;
}

/** Rules about the form and amount of output, numbered as in the vendor contract. */
export const OUTPUT_RULES: readonly Rule[] = [
  ruleOf({
    id: '8',
    on: 'response_format',
    when: (view) => formatType(view) === 'json_object',
    must: saysJson,
    place: parameterPlace('response_format'),
    found: () =>
      'response_format asks for "json_object" and no text of a message says the word json',
    text: 'tell the model, e.g. “answer in JSON”',
    service:
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
    severity: 'error',
    // "In some form": which parts of a message are searched is undocumented.
    weaker: {
      severity: 'warning',
      when: saysJsonAside,
      text: 'where calls of tools or history say it',
    },
    source: SOURCES.errors,
  }),
  ruleOf({
    id: '10',
    on: 'top_logprobs',
    when: (view) => Number(view.parameters['top_logprobs']) > 0,
    must: (view) => !isOff(view.parameters['logprobs']),
    place: parameterPlace('top_logprobs'),
    text: 'it has no effect unless logprobs is true',
    severity: 'note',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'seed-range',
    on: 'seed',
    when: () => true,
    must: (view) => !(Number(view.parameters['seed']) > SEED_DOCUMENTED_MAX),
    place: parameterPlace('seed'),
    text: `the documented maximum is ${SEED_DOCUMENTED_MAX}; the service is known to take up to 9223372036854775807`,
    severity: 'warning',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'max-tokens',
    on: 'max_tokens',
    models: 'listed with a maximum',
    when: (view) => typeof view.parameters['max_tokens'] === 'number',
    must: (view) => Number(view.parameters['max_tokens']) <= mostTokens(view),
    place: parameterPlace('max_tokens'),
    found: (view) => `${onModel('max_tokens')(view)}${view.thinking === true ? ', thinking' : ''}`,
    text: "it may be at most the model's longest answer: lower it, or correct the catalog with --catalog",
    service: 'Range of max_tokens should be [1, xxx]',
    xxx: (view) => String(mostTokens(view)),
    severity: 'error',
    weaker: UNSURE_LIMITS,
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'max-tokens-ocr',
    on: 'max_tokens',
    models: 'qwen-vl-ocr, -latest, -2025-04-13, -2025-08-28',
    when: (view) => isOf(view, 'cappedOcr'),
    must: (view) => {
      const asked = Number(view.parameters['max_tokens']);
      return !(asked > OCR_TOKENS.ordinary && asked <= mostTokens(view));
    },
    place: parameterPlace('max_tokens'),
    text: `above ${OCR_TOKENS.ordinary} it works on this model only for accounts that were raised by request`,
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'input-length',
    on: null,
    models: 'listed with a longest input',
    // No text token is shorter than a byte, so hardly any line has to be counted.
    when: (view) => view.bytes > longestInput(view),
    must: (view) => inputTokens(view) <= longestInput(view) * ESTIMATE_LEEWAY,
    place: MESSAGES_PLACE,
    found: (view) =>
      `messages has about ${inputTokens(view)} tokens of text and the model ${view.model} takes at most ${longestInput(view)}${view.thinking === true ? ' while it thinks' : ''}`,
    text: 'a longer input is refused: shorten it, or name a model that takes more',
    service: 'Range of input length should be [1, xxx]',
    xxx: (view) => String(longestInput(view)),
    severity: 'warning',
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'max-input-tokens',
    on: 'max_input_tokens',
    models: 'listed with a maximum',
    when: (view) =>
      view.profile.maxInput !== null && typeof view.parameters['max_input_tokens'] === 'number',
    must: (view) => Number(view.parameters['max_input_tokens']) <= MAX_INPUT_DOCUMENTED,
    place: parameterPlace('max_input_tokens'),
    text: `${MAX_INPUT_DOCUMENTED} is the largest documented value`,
    severity: 'warning',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'n-model',
    on: 'n',
    models: 'listed with a maximum',
    // Values that no model accepts are refused by the parameter's own row.
    when: (view) => {
      const asked = Number(view.parameters['n']);
      return view.profile.nMax !== null && asked > 1 && asked <= N_MAX;
    },
    must: (view) => Number(view.parameters['n']) <= (view.profile.nMax ?? N_MAX),
    place: parameterPlace('n'),
    found: (view) => `${onModel('n')(view)} has at most ${view.profile.nMax}`,
    text: 'few models are documented to give several answers',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'n-thinking',
    on: 'n',
    models: 'models that think',
    when: (view) => view.thinking === true && Number(view.parameters['n']) > 1,
    must: (view) => view.profile.nMax === null || Number(view.parameters['n']) > view.profile.nMax,
    place: parameterPlace('n'),
    text: 'above 1 it is documented without thinking only',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'logprobs-model',
    on: 'logprobs',
    models: 'listed without them',
    when: (view) => view.parameters['logprobs'] === true,
    must: (view) => view.profile.logprobs !== false,
    place: parameterPlace('logprobs'),
    found: onModel('logprobs'),
    text: 'this model is documented not to return them',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.reference,
  }),
  ...FORMAT_RULES,
  ruleOf({
    id: 'incremental-open',
    on: 'incremental_output',
    models: 'open-weight Qwen3 that does not think',
    when: (view) => isNative(view) && isOf(view, 'openQwen3') && view.thinking !== true,
    must: (view) => view.parameters['incremental_output'] !== false,
    place: parameterPlace('incremental_output'),
    found: onModel('incremental_output'),
    text: 'open-weight Qwen3 models cannot have it false',
    service: 'The incremental_output parameter of this model cannot be set to False.',
    severity: 'error',
    // Without a stream the parameter has no meaning, and whether it is refused is undocumented.
    weaker: { severity: 'warning', when: (view) => !view.stream, text: 'lines without a stream' },
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'incremental-unstreamed',
    on: 'incremental_output',
    when: (view) => isNative(view) && typeof view.parameters['incremental_output'] === 'boolean',
    must: (view) =>
      view.stream || (isOf(view, 'openQwen3') && view.parameters['incremental_output'] === false),
    place: parameterPlace('incremental_output'),
    text: 'it has no effect without a stream',
    severity: 'note',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'pixels-ignored',
    on: 'vl_high_resolution_images',
    when: (view) => view.parameters['vl_high_resolution_images'] === true,
    must: (view) => !hasPartMember(view, 'max_pixels'),
    place: parameterPlace('vl_high_resolution_images'),
    text: 'max_pixels has no effect beside it',
    severity: 'note',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'audio-stream',
    on: 'modalities',
    models: 'all but those listed as streaming only',
    when: (view) => {
      const modalities = view.parameters['modalities'];
      // A stream-only model has a rule of its own.
      if (isNative(view) || view.profile.streamOnly === 'always') return false;
      return Array.isArray(modalities) && modalities.includes('audio');
    },
    must: (view) => view.stream,
    place: parameterPlace('modalities'),
    found: () => 'modalities asks for "audio"',
    text: 'audio output needs stream: true',
    service: "'audio' output only support with stream=true",
    severity: 'error',
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'skill-stream',
    on: 'skill',
    when: () => true,
    must: (view) => view.stream,
    place: parameterPlace('skill'),
    text: 'it is documented for streams only: ask for a stream',
    severity: 'warning',
    source: SOURCES.referenceLater,
  }),
];
