import { isObject } from '../json/is-object.ts';
import { PROBLEM_CODES } from './codes.ts';
import { named, shown } from './findings.ts';
import { isOf } from './model-families.ts';
import { countRole, endsOpen, lastRole, objectOf } from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { MESSAGES_PLACE, parameterPlace, ruleOf } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

function isTranslation(view: RequestView): boolean {
  return isOf(view, 'translation');
}

function hasLanguages(view: RequestView): boolean {
  const options = objectOf(view, 'translation_options');
  return options['source_lang'] !== undefined && options['target_lang'] !== undefined;
}

/**
 * A text model on the multimodal path, or a model that needs more than text on the text path. From Qwen3.5 on all are
 * multimodal by the reference, but some are text-only by the model list: either path may be right.
 */
function isSurelyWrongPath(view: RequestView): boolean {
  const takes = view.profile.inputModalities;
  if (takes === null) return false;
  if (view.endpoint === 'multimodal-generation')
    return takes.every((name) => name === 'text') && !isOf(view, 'visionFrom35');
  return /(?:-vl|qvq|ocr|audio|omni|asr)/.test(view.profile.canonicalId);
}

/** Nesting depth of objects and arrays in a value, its own level included. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member));
  return deepest + 1;
}

/** Roles refused by the translation models, whose error names the two they accept. */
const NOT_FOR_TRANSLATION = ['system', 'tool', 'function'] as const;

/** Deepest nesting of `result_schema`. Source: qwen-vl-ocr-api-reference, 2026-05. */
const SCHEMA_DEPTH_MAX = 3;

function resultSchema(view: RequestView): unknown {
  const config = objectOf(view, 'ocr_options')['task_config'];
  return isObject(config) ? config['result_schema'] : undefined;
}

function pairsOf(view: RequestView): unknown[] {
  const { terms, tm_list: examples } = objectOf(view, 'translation_options');
  return [terms, examples].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
}

function isWhole(pair: unknown): boolean {
  return !isObject(pair) || (pair['source'] !== undefined && pair['target'] !== undefined);
}

/** Letters that do not occur in English text. */
const OTHER_SCRIPTS = /[\u0370-\u1fff\u2e80-\uffef]/;

/** Sampling parameters that the reference advises not to change on QVQ. */
const QVQ_DEFAULTS = [
  'temperature',
  'top_p',
  'top_k',
  'repetition_penalty',
  'presence_penalty',
] as const;

/** Rules about one model family or about model and place, numbered as in the vendor contract. */
export const MODEL_RULES: readonly Rule[] = [
  ruleOf({
    id: '16',
    on: 'ocr_options',
    when: (view) => resultSchema(view) !== undefined,
    must: (view) => objectOf(view, 'ocr_options')['task'] === 'key_information_extraction',
    place: parameterPlace('ocr_options.task_config.result_schema'),
    found: (view) =>
      `result_schema is given and ${named('task', objectOf(view, 'ocr_options')['task'])}`,
    text: 'it is documented for the task key_information_extraction only',
    severity: 'warning',
    source: SOURCES.ocr,
  }),
  ruleOf({
    id: 'ocr-schema-depth',
    on: 'ocr_options',
    when: (view) => resultSchema(view) !== undefined,
    must: (view) => depthOf(resultSchema(view)) <= SCHEMA_DEPTH_MAX,
    place: parameterPlace('ocr_options.task_config.result_schema'),
    found: (view) => `result_schema is nested ${depthOf(resultSchema(view))} levels deep`,
    text: `at most ${SCHEMA_DEPTH_MAX} levels are documented`,
    severity: 'warning',
    source: SOURCES.ocr,
  }),
  ruleOf({
    id: 'ocr-task',
    on: 'ocr_options',
    when: (view) => isObject(view.parameters['ocr_options']),
    must: (view) => objectOf(view, 'ocr_options')['task'] !== undefined,
    place: parameterPlace('ocr_options.task'),
    text: 'it is documented as required',
    severity: 'warning',
    source: SOURCES.ocr,
  }),
  ruleOf({
    id: 'ocr-repetition',
    on: 'repetition_penalty',
    models: 'OCR models',
    when: (view) => isOf(view, 'ocr'),
    must: () => false,
    place: parameterPlace('repetition_penalty'),
    text: 'the reference advises OCR models to stay with the default, 1.05: it weighs much on what they read',
    severity: 'note',
    code: PROBLEM_CODES.advice,
    source: SOURCES.reference,
  }),
  ...QVQ_DEFAULTS.map((name) =>
    ruleOf({
      id: `qvq-${name.replaceAll('_', '-')}`,
      on: name,
      models: 'QVQ',
      when: (view) => isOf(view, 'qvq'),
      must: () => false,
      place: parameterPlace(name),
      text: 'the reference advises against another value than the default on QVQ models',
      severity: 'note',
      code: PROBLEM_CODES.advice,
      source: SOURCES.reference,
    }),
  ),
  ruleOf({
    id: '17-system',
    on: null,
    models: 'qwen-mt',
    when: isTranslation,
    must: (view) => NOT_FOR_TRANSLATION.every((role) => countRole(view, role) === 0),
    place: MESSAGES_PLACE,
    found: (view) => {
      const roles = NOT_FOR_TRANSLATION.filter((role) => countRole(view, role) > 0);
      return `messages has some of the role ${roles.join(' and ')} and the model is ${view.model}`;
    },
    text: 'a translation model takes no system message and no answer of a tool',
    service: 'Role must be in [user, assistant]',
    severity: 'error',
    source: SOURCES.errors,
  }),
  ruleOf({
    id: '17-user',
    on: null,
    models: 'qwen-mt',
    when: isTranslation,
    must: (view) => countRole(view, 'user') <= 1,
    place: MESSAGES_PLACE,
    found: (view) =>
      `messages has ${countRole(view, 'user')} of the user and the model is ${view.model}`,
    text: 'a translation model takes exactly one user message: the text to translate',
    severity: 'error',
    source: SOURCES.translation,
  }),
  ruleOf({
    id: '18',
    on: null,
    // A line without any user message is reported by the message checks.
    when: (view) => Array.isArray(view.messages) && !endsOpen(view),
    must: (view) => countRole(view, 'user') === 0,
    place: MESSAGES_PLACE,
    found: (view) => `the last of messages is from the ${lastRole(view)}`,
    text: 'it must be from the user or a tool, or from the assistant with partial: true',
    service: 'list index out of range',
    severity: 'error',
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'translation-options',
    on: null,
    models: 'qwen-mt',
    when: isTranslation,
    must: hasLanguages,
    place: parameterPlace('translation_options'),
    found: (view) => {
      const given = objectOf(view, 'translation_options');
      return `translation_options has source_lang ${shown(given['source_lang'])} and target_lang ${shown(given['target_lang'])}`;
    },
    text: 'qwen-mt needs both, e.g. {"source_lang":"auto","target_lang":"English"}',
    severity: 'warning',
    source: SOURCES.translation,
  }),
  ruleOf({
    id: 'translation-pairs',
    on: 'translation_options',
    when: () => true,
    must: (view) => pairsOf(view).every(isWhole),
    place: parameterPlace('translation_options'),
    found: () => 'translation_options has a term or example with only one side',
    text: 'terms and tm_list are documented as arrays of {source, target}',
    severity: 'warning',
    source: SOURCES.translation,
  }),
  ruleOf({
    id: 'translation-domains',
    on: 'translation_options',
    when: (view) => typeof objectOf(view, 'translation_options')['domains'] === 'string',
    must: (view) => !OTHER_SCRIPTS.test(String(objectOf(view, 'translation_options')['domains'])),
    place: parameterPlace('translation_options.domains'),
    text: 'it is documented as English text',
    severity: 'warning',
    source: SOURCES.translation,
  }),
  ruleOf({
    id: 'asr-itn',
    on: 'asr_options',
    when: (view) => objectOf(view, 'asr_options')['enable_itn'] === true,
    must: (view) => {
      const { language } = objectOf(view, 'asr_options');
      return language === undefined || language === 'zh' || language === 'en';
    },
    place: parameterPlace('asr_options.enable_itn'),
    found: (view) =>
      `enable_itn is true and ${named('language', objectOf(view, 'asr_options')['language'])}`,
    text: 'it is documented for zh and en only',
    severity: 'warning',
    source: SOURCES.asr,
  }),
  ruleOf({
    id: 'native-path',
    on: null,
    models: 'listed with a native endpoint',
    when: (view) => view.endpoint !== 'chat-completions' && view.profile.nativeEndpoint !== null,
    must: (view) => view.endpoint === view.profile.nativeEndpoint,
    place: { in: 'line', name: 'url' },
    found: (view) => `url names ${view.endpoint} and the model is ${view.model}`,
    text: 'model and native endpoint must match: text models on text-generation, what sees or hears on multimodal-generation',
    service: 'url error, please check url！',
    severity: 'error',
    weaker: {
      severity: 'warning',
      when: (view) => !isSurelyWrongPath(view),
      text: 'models that may be served by both',
    },
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'audio-compatible',
    on: null,
    models: 'Qwen-Audio',
    when: (view) => view.protocol === 'openai',
    must: (view) => !isOf(view, 'audio'),
    place: { in: 'line', name: 'url' },
    found: (view) => `url asks for compatible mode and the model is ${view.model}`,
    text: 'Qwen-Audio is not available there: write the line in the native form',
    service: 'model_not_supported',
    severity: 'error',
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'research-compatible',
    on: null,
    models: 'qwen-deep-research',
    when: (view) => view.protocol === 'openai',
    must: (view) => !isOf(view, 'research'),
    place: { in: 'line', name: 'url' },
    found: (view) => `the line is for compatible mode and the model is ${view.model}`,
    text: 'deep research is served natively only: write the line in the native form',
    severity: 'error',
    source: SOURCES.research,
  }),
  ruleOf({
    id: 'realtime',
    on: null,
    models: 'Realtime',
    when: (view) => isOf(view, 'realtime'),
    must: () => false,
    place: { in: 'line', name: 'model' },
    found: ({ model }) => named('model', model),
    // Whether and how calls are refused is undocumented.
    text: 'realtime models are not served by HTTP calls: they are documented with WebSocket, WebRTC and AOQ alone',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.realtime,
  }),
  ruleOf({
    id: 'unknown-model',
    on: null,
    models: 'not listed',
    when: () => true,
    must: (view) => view.profile.known,
    place: { in: 'line', name: 'model' },
    found: ({ model, profile: { near } }) =>
      named('model', model) + (near === null ? '' : `, did you mean ${JSON.stringify(near)}?`),
    text: 'the catalog does not know it: its price, limits and abilities are unknown and not checked',
    severity: 'note',
    code: PROBLEM_CODES.unknownModel,
    source: SOURCES.reference,
  }),
];
