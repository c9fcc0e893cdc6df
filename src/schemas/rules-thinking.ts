import { PROBLEM_CODES } from './codes.ts';
import { named } from './findings.ts';
import { isOf } from './model-families.ts';
import {
  forcesTool,
  formatType,
  isNative,
  isThirdParty,
  OTHER_VENDORS,
  UNSURE_LIMITS,
} from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { MESSAGES_PLACE, parameterPlace, ruleOf } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

function thinks(view: RequestView): boolean {
  return view.thinking === true;
}

function why(view: RequestView): string {
  if (view.parameters['enable_thinking'] === true) return 'enable_thinking is true';
  return view.profile.thinking === 'only'
    ? `${view.model} always thinks`
    : `thinking is on by default for ${view.model}`;
}

/** A parameter's value and why the model thinks. */
function whileThinking(name: string): (view: RequestView) => string {
  return (view) => `${named(name, view.parameters[name])} and ${why(view)}`;
}

/** Possible places of `enable_feedback`: the sources disagree on where deep research's options belong. */
const FEEDBACK_PLACES = ['parameters', 'input', 'extra'] as const;

/** Rules about thinking mode. Numbers are those of the vendor contract; words name rules that depend on the model alone. */
export const THINKING_RULES: readonly Rule[] = [
  ruleOf({
    id: '4',
    on: null,
    models: 'models that think, but those listed as thinking without a stream',
    when: (view) =>
      view.streamAsked === false &&
      view.profile.streamOnly !== 'always' &&
      thinks(view) &&
      view.profile.streamOnly !== 'no',
    must: () => false,
    place: parameterPlace('stream'),
    found: (view) => `stream is refused by the line and ${why(view)}`,
    text: 'thinking needs a stream: leave stream out, qbatch folds it, or set enable_thinking to false',
    service: 'parameter.enable_thinking must be set to false for non-streaming calls',
    severity: 'error',
    // Documented for Qwen, and recorded otherwise for another vendor's; their lists are inferred.
    weaker: {
      severity: 'warning',
      when: (view) => view.profile.streamOnly === null || isThirdParty(view),
      text: "models not listed as needing a stream, and other vendors' models",
    },
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'stream-only',
    on: null,
    models: 'listed as streaming only',
    when: (view) => view.streamAsked === false && view.profile.streamOnly === 'always',
    must: () => false,
    place: parameterPlace('stream'),
    found: (view) => `stream is refused by the line and the model is ${view.model}`,
    text: 'this model answers only as a stream: leave stream out, qbatch folds it',
    service:
      'This model only support stream mode, please enable the stream parameter to access the model.',
    severity: 'error',
    source: SOURCES.errors,
  }),
  ruleOf({
    id: '5-incremental',
    on: 'incremental_output',
    models: 'models that think',
    // Recorded: a third-party model that thought without a stream accepted incremental_output: false.
    when: (view) => isNative(view) && thinks(view) && (!isThirdParty(view) || view.stream),
    must: (view) => view.parameters['incremental_output'] !== false,
    place: parameterPlace('incremental_output'),
    found: whileThinking('incremental_output'),
    text: 'thinking needs true: leave it out, qbatch sets it',
    service: 'The incremental_output parameter must be "true" when enable_thinking is true',
    severity: 'error',
    weaker: OTHER_VENDORS,
    source: SOURCES.errors,
  }),
  ruleOf({
    id: '5-format',
    on: 'result_format',
    models: 'models that think, but VL, QVQ, OCR and Audio before Qwen3',
    when: (view) => isNative(view) && thinks(view) && !isOf(view, 'textFormatIgnored'),
    must: (view) => view.parameters['result_format'] !== 'text',
    place: parameterPlace('result_format'),
    found: whileThinking('result_format'),
    text: 'thinking needs "message": leave it out, qbatch sets it',
    service: 'The result_format parameter must be "message" when enable_thinking is true',
    severity: 'error',
    weaker: OTHER_VENDORS,
    source: SOURCES.errors,
  }),
  ruleOf({
    id: '6',
    on: 'response_format',
    models: 'models that think, but those listed with JSON mode while they do',
    when: (view) => thinks(view) && view.profile.jsonObject !== true,
    must: (view) => formatType(view) !== 'json_object',
    place: parameterPlace('response_format'),
    found: (view) => `response_format asks for "json_object" and ${why(view)}`,
    text: 'JSON mode needs thinking to be off: set enable_thinking to false',
    service: 'Json mode response is not supported when enable_thinking is true',
    severity: 'error',
    weaker: OTHER_VENDORS,
    source: SOURCES.errors,
  }),
  ruleOf({
    id: '7',
    on: 'tool_choice',
    models: 'models that think',
    when: thinks,
    must: (view) => !forcesTool(view),
    place: parameterPlace('tool_choice'),
    found: (view) => `tool_choice forces a tool and ${why(view)}`,
    text: 'thinking models are documented not to support that',
    severity: 'warning',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: '9',
    on: 'thinking_budget',
    when: (view) => view.thinking === false,
    must: () => false,
    place: parameterPlace('thinking_budget'),
    text: 'it has no effect while thinking is off',
    severity: 'note',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: '14',
    on: 'enable_code_interpreter',
    when: (view) => view.parameters['enable_code_interpreter'] === true,
    must: (view) => view.thinking !== false,
    place: parameterPlace('enable_code_interpreter'),
    text: 'it is documented for thinking mode only: set enable_thinking to true',
    severity: 'warning',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: '15',
    on: 'thinking_budget',
    models: 'Qwen3.8',
    when: (view) => isOf(view, 'qwen38') && typeof view.parameters['reasoning_effort'] === 'string',
    must: () => false,
    place: parameterPlace('thinking_budget'),
    text: 'it and reasoning_effort exclude each other on Qwen3.8: keep one',
    severity: 'error',
    source: SOURCES.referenceLater,
  }),
  ruleOf({
    id: 'effort-values',
    on: 'reasoning_effort',
    models: 'listed, but Qwen3.8',
    when: (view) => view.profile.known && !isOf(view, 'qwen38'),
    must: (view) => {
      const effort = view.parameters['reasoning_effort'];
      return effort !== 'minimal' && effort !== 'none';
    },
    place: parameterPlace('reasoning_effort'),
    text: '"minimal" and "none" are for Qwen3.8 only: take low, medium, high, xhigh or max',
    severity: 'error',
    // Documented to be refused together with efforts; otherwise undocumented.
    weaker: {
      severity: 'warning',
      when: (view) => !isOf(view, 'effort'),
      text: 'models not listed with efforts',
    },
    code: PROBLEM_CODES.modelList,
    source: SOURCES.referenceLater,
  }),
  ruleOf({
    id: 'thinking-unsupported',
    on: 'enable_thinking',
    models: 'listed as not thinking',
    when: (view) => view.profile.thinking === 'none',
    must: (view) => view.parameters['enable_thinking'] !== true,
    place: parameterPlace('enable_thinking'),
    text: 'this model is documented not to think: leave it out, or correct the catalog with --catalog',
    service: 'The model xxx does not support enable_thinking.',
    xxx: (view) => view.model,
    severity: 'error',
    // Resellers' ids are only on the price page, and their abilities are inferred: deepseek-v3.2 thinks, and one of them
    // does not.
    weaker: {
      severity: 'warning',
      when: ({ profile }) => profile.canonicalId.includes('/'),
      text: "resellers' models (`siliconflow/...`)",
    },
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'thinking-only',
    on: 'enable_thinking',
    models: 'listed as always thinking',
    when: (view) => view.profile.thinking === 'only',
    must: (view) => view.parameters['enable_thinking'] !== false,
    place: parameterPlace('enable_thinking'),
    found: (view) => `enable_thinking is false and ${why(view)}`,
    text: 'such a model cannot be told not to: leave it out, or correct the catalog with --catalog',
    service: 'The value of the enable_thinking parameter is restricted to True.',
    severity: 'error',
    weaker: OTHER_VENDORS,
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'thinking-default',
    on: null,
    models: 'listed as thinking by default',
    when: (view) =>
      view.profile.thinking === 'hybrid' &&
      view.profile.thinkingDefault === true &&
      view.thinking === true,
    must: (view) =>
      (view.parameters['enable_thinking'] ?? view.parameters['reasoning_effort']) !== undefined,
    place: parameterPlace('enable_thinking'),
    found: (view) => `enable_thinking is missing and ${view.model} thinks by default`,
    text: 'thoughts are billed as output: set it to true or false to say what you want',
    severity: 'warning',
    code: PROBLEM_CODES.thinkingDefault,
    source: SOURCES.referenceLater,
  }),
  ruleOf({
    id: 'budget-maximum',
    on: 'thinking_budget',
    models: 'listed with a maximum',
    when: (view) =>
      view.profile.maxThinking !== null && typeof view.parameters['thinking_budget'] === 'number',
    must: (view) => Number(view.parameters['thinking_budget']) <= (view.profile.maxThinking ?? 0),
    place: parameterPlace('thinking_budget'),
    text: "it may be at most the model's longest chain of thought: lower it, or correct the catalog with --catalog",
    service: 'The thinking_budget parameter must be a positive integer and not greater than xxx',
    xxx: (view) => String(view.profile.maxThinking),
    severity: 'error',
    weaker: UNSURE_LIMITS,
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'research-question',
    on: null,
    models: 'qwen-deep-research',
    when: (view) =>
      isNative(view) &&
      isOf(view, 'research') &&
      Array.isArray(view.messages) &&
      view.messages.length === 1,
    must: (view) => FEEDBACK_PLACES.some((place) => view[place]['enable_feedback'] === false),
    place: MESSAGES_PLACE,
    found: () => 'messages has 1',
    text: 'a single message is answered with a question back, not with a report: send the question and your answer to it too (user, assistant, user)',
    severity: 'warning',
    source: SOURCES.research,
  }),
];
