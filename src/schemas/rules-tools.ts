import { isObject } from '../is-object.ts';
import { PROBLEM_CODES } from './codes.ts';
import {
  countRole,
  forcesTool,
  functionName,
  isThirdParty,
  textByDefault,
  toolsOf,
} from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { MESSAGES_PLACE, parameterPlace } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

/** Whether natively the answer would come as `text`, which has no room for tool calls. */
function answersText(view: RequestView): boolean {
  const format = view.parameters['result_format'];
  if (format === undefined) return view.thinking !== true && textByDefault(view.model);
  return format === 'text';
}

function isDescribed(tool: unknown): boolean {
  const called = isObject(tool) ? tool['function'] : undefined;
  return !isObject(called) || typeof called['description'] === 'string';
}

/** Rules about tools, in the numbers of the vendor contract's list. */
export const TOOL_RULES: readonly Rule[] = [
  {
    id: '1',
    on: 'tools',
    when: (view) => view.endpoint === 'text-generation' && toolsOf(view).length > 0,
    // In thinking mode an explicit "text" is an error by rule 5.
    must: (view) => view.thinking === true || !answersText(view),
    place: parameterPlace('result_format'),
    message: 'tools need result_format "message": set it, its default for this model is "text"',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.reference,
  },
  {
    id: '2',
    on: 'tools',
    when: (view) => toolsOf(view).length > 0 && typeof view.parameters['n'] === 'number',
    must: (view) => view.parameters['n'] === 1,
    place: parameterPlace('n'),
    message: 'n is fixed to 1 where tools are given: only one answer will come',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.reference,
  },
  {
    id: '3',
    on: null,
    when: (view) => countRole(view, 'tool') > 0,
    must: (view) => toolsOf(view).length > 0,
    place: MESSAGES_PLACE,
    message:
      'the messages hand in tool results, but tools is missing: repeat the tools of the first call',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.reference,
  },
  {
    id: 'tools-unsupported',
    on: 'tools',
    when: (view) => toolsOf(view).length > 0,
    must: (view) =>
      view.profile.tools !== false &&
      !(view.profile.tools === 'non-thinking only' && view.thinking === true),
    place: parameterPlace('tools'),
    message: (view) =>
      `${view.model} is documented not to support tools${view.profile.tools === false ? '' : ' while it thinks'} (service: The tool call is not supported.)`,
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.errors,
  },
  {
    id: 'tool-description',
    on: 'tools',
    when: () => true,
    must: (view) => toolsOf(view).every(isDescribed),
    place: parameterPlace('tools'),
    message: 'a tool has no description, which is documented as required',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.referenceLater,
  },
  {
    id: 'tool-type',
    on: 'tools',
    when: () => true,
    must: (view) =>
      toolsOf(view).every(
        (tool) => !isObject(tool) || (tool['type'] === 'function' && isObject(tool['function'])),
      ),
    place: parameterPlace('tools'),
    message:
      'a tool is not of the documented form {"type":"function","function":{...}}; it is sent as it is',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.referenceLater,
  },
  {
    id: 'tool-required',
    on: 'tool_choice',
    when: () => true,
    must: (view) => view.parameters['tool_choice'] !== 'required',
    place: parameterPlace('tool_choice'),
    message:
      'tool_choice is "required"; it must be "auto", "none" or a tool by name (service: tool_choice is one of the strings that should be ["none", "auto"])',
    severity: (view) => (isThirdParty(view) ? 'warning' : 'error'),
    code: PROBLEM_CODES.rule,
    source: SOURCES.errors,
  },
  {
    id: 'tool-named',
    on: 'tool_choice',
    when: forcesTool,
    must: (view) => {
      const wanted = functionName(view.parameters['tool_choice']);
      return wanted === undefined || toolsOf(view).some((tool) => functionName(tool) === wanted);
    },
    place: parameterPlace('tool_choice'),
    message: 'tool_choice names a function that is not among tools',
    severity: 'warning',
    code: PROBLEM_CODES.rule,
    source: SOURCES.reference,
  },
];
