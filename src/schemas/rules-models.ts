import { isObject } from '../is-object.ts';
import { PROBLEM_CODES } from './codes.ts';
import { shown } from './findings.ts';
import { FAMILIES } from './model-families.ts';
import { ASR_LANGUAGES } from './options.ts';
import { countRole, endsOpen, objectOf } from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { MESSAGES_PLACE, parameterPlace } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

function isTranslation(view: RequestView): boolean {
  return FAMILIES.translation.test(view.model);
}

function hasLanguages(view: RequestView): boolean {
  const options = objectOf(view, 'translation_options');
  return options['source_lang'] !== undefined && options['target_lang'] !== undefined;
}

/** A text model on the multimodal path, or a model that needs more than text on the text path. */
function isSurelyWrongPath(view: RequestView): boolean {
  const takes = view.profile.inputModalities;
  if (takes === null) return false;
  if (view.endpoint === 'multimodal-generation') return takes.every((name) => name === 'text');
  return /(?:-vl|qvq|ocr|audio|omni|asr)/.test(view.model);
}

/** Rules about one model family or about model and place, with the numbers of the vendor contract's list. */
export const MODEL_RULES: readonly Rule[] = [
  {
    id: '16',
    on: 'ocr_options',
    when: (view) => {
      const config = objectOf(view, 'ocr_options')['task_config'];
      return isObject(config) && config['result_schema'] !== undefined;
    },
    must: (view) => objectOf(view, 'ocr_options')['task'] === 'key_information_extraction',
    place: parameterPlace('ocr_options.task_config.result_schema'),
    message: 'result_schema is documented for the task key_information_extraction only',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.ocr,
  },
  {
    id: 'ocr-task',
    on: 'ocr_options',
    when: (view) => isObject(view.parameters['ocr_options']),
    must: (view) => objectOf(view, 'ocr_options')['task'] !== undefined,
    place: parameterPlace('ocr_options.task'),
    message: 'ocr_options.task is missing, which is documented as required',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.ocr,
  },
  {
    id: '17-system',
    on: null,
    when: isTranslation,
    must: (view) => countRole(view, 'system') === 0,
    place: MESSAGES_PLACE,
    message: (view) =>
      `${view.model} takes no system message (service: Role must be in [user, assistant])`,
    severity: 'error',
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: '17-user',
    on: null,
    when: isTranslation,
    must: (view) => countRole(view, 'user') <= 1,
    place: MESSAGES_PLACE,
    message: (view) => `${view.model} takes exactly one user message: the text to translate`,
    severity: 'error',
    code: PROBLEM_CODES.rule,
    source: SOURCES.translation,
  },
  {
    id: '18',
    on: null,
    // A file without any user message is reported by the check of the messages.
    when: (view) => Array.isArray(view.messages) && !endsOpen(view),
    must: (view) => countRole(view, 'user') === 0,
    place: MESSAGES_PLACE,
    message:
      'the last message must be from the user or a tool, or from the assistant with partial: true (service: list index out of range)',
    severity: 'error',
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: 'translation-options',
    on: null,
    when: isTranslation,
    must: hasLanguages,
    place: parameterPlace('translation_options'),
    message:
      'qwen-mt needs translation_options with source_lang and target_lang, e.g. {"source_lang":"auto","target_lang":"English"}',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.translation,
  },
  {
    id: 'asr-language',
    on: 'asr_options',
    when: (view) => typeof objectOf(view, 'asr_options')['language'] === 'string',
    must: (view) => ASR_LANGUAGES.has(objectOf(view, 'asr_options')['language']),
    place: parameterPlace('asr_options.language'),
    message: (view) =>
      `language ${JSON.stringify(objectOf(view, 'asr_options')['language'])} is not among the documented ones (zh, yue, en, ja, ...)`,
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.asr,
  },
  {
    id: 'native-path',
    on: null,
    when: (view) => view.endpoint !== 'chat-completions' && view.profile.nativeEndpoint !== null,
    must: (view) => view.endpoint === view.profile.nativeEndpoint,
    place: { in: 'line', name: 'url' },
    message: (view) =>
      `${view.model} is served by ${view.profile.nativeEndpoint}, not by ${view.endpoint} (service: url error, please check url！)`,
    severity: (view) => (isSurelyWrongPath(view) ? 'error' : 'warning'),
    code: PROBLEM_CODES.modelList,
    source: SOURCES.errors,
  },
  {
    id: 'audio-compatible',
    on: null,
    when: (view) => view.protocol === 'openai',
    must: (view) => !FAMILIES.audio.test(view.model),
    place: { in: 'line', name: 'url' },
    message: (view) =>
      `${view.model} is not available in compatible mode: write the line in the native form (service: model_not_supported)`,
    severity: 'error',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.errors,
  },
  {
    id: 'unknown-model',
    on: null,
    when: () => true,
    must: (view) => view.profile.known,
    place: { in: 'line', name: 'model' },
    message: (view) =>
      `the catalog does not know the model ${shown(view.model)}: its price, limits and abilities are unknown and not checked`,
    severity: 'note',
    code: PROBLEM_CODES.unknownModel,
    source: SOURCES.reference,
  },
];
