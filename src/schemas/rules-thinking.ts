import type { Severity } from '../problem.ts';
import { PROBLEM_CODES } from './codes.ts';
import { FAMILIES } from './model-families.ts';
import { forcesTool, formatType, isThirdParty } from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { MESSAGES_PLACE, parameterPlace } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

function thinks(view: RequestView): boolean {
  return view.thinking === true;
}

/** Documented refusals of Qwen; what other vendors' models do in this case is not documented. */
function errorForQwen(view: RequestView): Severity {
  return isThirdParty(view) ? 'warning' : 'error';
}

function why(view: RequestView): string {
  if (view.parameters['enable_thinking'] === true) return 'enable_thinking is true';
  return view.profile.thinking === 'only'
    ? `${view.model} always thinks`
    : `thinking is on by default for ${view.model}`;
}

/**
 * Rules about thinking mode. Numbers are those of the vendor contract's list; words name rules
 * that depend on the model alone.
 */
export const THINKING_RULES: readonly Rule[] = [
  {
    id: '4',
    on: null,
    when: (view) =>
      view.streamAsked === false &&
      (view.profile.streamOnly === 'always' || (thinks(view) && view.profile.streamOnly !== 'no')),
    must: () => false,
    place: parameterPlace('stream'),
    message: (view) =>
      view.profile.streamOnly === 'always'
        ? `${view.model} answers only as a stream, which the line refuses: leave stream out, qbatch folds the stream (service: This model only support stream mode, please enable the stream parameter to access the model.)`
        : `${why(view)} and the line refuses a stream: leave stream out, qbatch folds the stream, or set enable_thinking to false (service: parameter.enable_thinking must be set to false for non-streaming calls)`,
    // Later models think without a stream, so that a refusal is certain only where it is listed.
    severity: (view) => (view.profile.streamOnly === null ? 'warning' : 'error'),
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: '5-incremental',
    on: 'incremental_output',
    // Recorded: a third-party model that thought without a stream took incremental_output: false.
    when: (view) =>
      view.protocol === 'dashscope' && thinks(view) && (!isThirdParty(view) || view.stream),
    must: (view) => view.parameters['incremental_output'] !== false,
    place: parameterPlace('incremental_output'),
    message: (view) =>
      `incremental_output is false, but ${why(view)}: leave it out, qbatch sets it (service: The incremental_output parameter must be "true" when enable_thinking is true)`,
    severity: errorForQwen,
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: '5-format',
    on: 'result_format',
    when: (view) =>
      view.protocol === 'dashscope' && thinks(view) && !FAMILIES.textFormatIgnored.test(view.model),
    must: (view) => view.parameters['result_format'] !== 'text',
    place: parameterPlace('result_format'),
    message: (view) =>
      `result_format is "text", but ${why(view)}: leave it out, qbatch sets it (service: The result_format parameter must be "message" when enable_thinking is true)`,
    severity: errorForQwen,
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: '6',
    on: 'response_format',
    when: (view) => thinks(view) && view.profile.jsonObject !== true,
    must: (view) => formatType(view) !== 'json_object',
    place: parameterPlace('response_format'),
    message: (view) =>
      `response_format asks for json_object, but ${why(view)}: set enable_thinking to false (service: Json mode response is not supported when enable_thinking is true)`,
    severity: errorForQwen,
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: '7',
    on: 'tool_choice',
    when: thinks,
    must: (view) => !forcesTool(view),
    place: parameterPlace('tool_choice'),
    message: (view) =>
      `tool_choice forces a tool, but ${why(view)}: thinking models are documented not to support that`,
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.reference,
  },
  {
    id: '9',
    on: 'thinking_budget',
    when: (view) => view.thinking === false,
    must: () => false,
    place: parameterPlace('thinking_budget'),
    message: 'thinking_budget has no effect while thinking is off',
    severity: 'note',
    code: PROBLEM_CODES.noEffect,
    source: SOURCES.reference,
  },
  {
    id: '14',
    on: 'enable_code_interpreter',
    when: (view) => view.parameters['enable_code_interpreter'] === true,
    must: (view) => view.thinking !== false,
    place: parameterPlace('enable_code_interpreter'),
    message:
      'enable_code_interpreter is documented for thinking mode only: set enable_thinking to true',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.reference,
  },
  {
    id: '15',
    on: 'thinking_budget',
    when: (view) =>
      FAMILIES.qwen38.test(view.model) && typeof view.parameters['reasoning_effort'] === 'string',
    must: () => false,
    place: parameterPlace('thinking_budget'),
    message: 'thinking_budget and reasoning_effort exclude each other on Qwen3.8: keep one',
    severity: 'error',
    code: PROBLEM_CODES.rule,
    source: SOURCES.referenceLater,
  },
  {
    id: 'effort-values',
    on: 'reasoning_effort',
    when: (view) => view.profile.known && !FAMILIES.qwen38.test(view.model),
    must: (view) => {
      const effort = view.parameters['reasoning_effort'];
      return effort !== 'minimal' && effort !== 'none';
    },
    place: parameterPlace('reasoning_effort'),
    message: 'reasoning_effort "minimal" and "none" are documented for Qwen3.8 only',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.referenceLater,
  },
  {
    id: 'thinking-unsupported',
    on: 'enable_thinking',
    when: (view) => view.profile.thinking === 'none',
    must: (view) => view.parameters['enable_thinking'] !== true,
    place: parameterPlace('enable_thinking'),
    message: (view) =>
      `enable_thinking is true, but ${view.model} is documented not to think: leave it out, or correct the catalog with --catalog (service: The model ${view.model} does not support enable_thinking.)`,
    severity: 'error',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.errors,
  },
  {
    id: 'thinking-only',
    on: 'enable_thinking',
    when: (view) => view.profile.thinking === 'only',
    must: (view) => view.parameters['enable_thinking'] !== false,
    place: parameterPlace('enable_thinking'),
    message: (view) =>
      `enable_thinking is false, but ${view.model} always thinks (service: The value of the enable_thinking parameter is restricted to True.)`,
    severity: errorForQwen,
    code: PROBLEM_CODES.modelList,
    source: SOURCES.errors,
  },
  {
    id: 'thinking-default',
    on: null,
    when: (view) =>
      view.profile.thinking === 'hybrid' &&
      view.profile.thinkingDefault === true &&
      view.thinking === true,
    must: (view) =>
      (view.parameters['enable_thinking'] ?? view.parameters['reasoning_effort']) !== undefined,
    place: parameterPlace('enable_thinking'),
    message: (view) =>
      `${view.model} thinks by default and thoughts are billed as output: set enable_thinking to true or false to say what you want`,
    severity: 'warning',
    code: PROBLEM_CODES.thinkingDefault,
    source: SOURCES.referenceLater,
  },
  {
    id: 'budget-maximum',
    on: 'thinking_budget',
    when: (view) => view.profile.maxThinking !== null,
    must: (view) => Number(view.parameters['thinking_budget']) <= (view.profile.maxThinking ?? 0),
    place: parameterPlace('thinking_budget'),
    message: (view) =>
      `thinking_budget is ${String(view.parameters['thinking_budget'])}; ${view.model} has at most ${view.profile.maxThinking} (service: The thinking_budget parameter must be a positive integer and not greater than ${view.profile.maxThinking})`,
    severity: 'error',
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: 'research-question',
    on: null,
    when: (view) => FAMILIES.research.test(view.model) && Array.isArray(view.messages),
    must: (view) =>
      view.parameters['enable_feedback'] === false ||
      !Array.isArray(view.messages) ||
      view.messages.length !== 1,
    place: MESSAGES_PLACE,
    message:
      'a single message is answered with a question back, not with a report: send the question and your answer to it too (user, assistant, user)',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.research,
  },
];
