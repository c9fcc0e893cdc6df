import { isObject } from '../json/is-object.ts';
import { PROBLEM_CODES } from './codes.ts';
import { named, shown } from './findings.ts';
import {
  countRole,
  forcesTool,
  functionName,
  OTHER_VENDORS,
  textByDefault,
  toolsOf,
} from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { MESSAGES_PLACE, parameterPlace, ruleOf } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

/** Whether the native answer would be `text`, which cannot hold tool calls. */
function answersText(view: RequestView): boolean {
  const format = view.parameters['result_format'];
  if (format === undefined) return view.thinking !== true && textByDefault(view);
  return format === 'text';
}

function isFunction(tool: unknown): boolean {
  return !isObject(tool) || (tool['type'] === 'function' && isObject(tool['function']));
}

function isDescribed(tool: unknown): boolean {
  const called = isObject(tool) ? tool['function'] : undefined;
  return !isObject(called) || typeof called['description'] === 'string';
}

/** Rules about tools, numbered as in the vendor contract. */
export const TOOL_RULES: readonly Rule[] = [
  ruleOf({
    id: '1',
    on: 'tools',
    when: (view) => view.endpoint === 'text-generation' && toolsOf(view).length > 0,
    // In thinking mode an explicit "text" is an error by rule 5.
    must: (view) => view.thinking === true || !answersText(view),
    place: parameterPlace('result_format'),
    text: 'with tools it must be "message", and the default of this model is "text"',
    severity: 'warning',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: '2',
    on: 'tools',
    when: (view) => toolsOf(view).length > 0 && typeof view.parameters['n'] === 'number',
    must: (view) => view.parameters['n'] === 1,
    place: parameterPlace('n'),
    text: 'where tools are given it is fixed to 1: only one answer will come',
    severity: 'warning',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: '3',
    on: null,
    when: (view) => countRole(view, 'tool') > 0,
    must: (view) => toolsOf(view).length > 0,
    place: MESSAGES_PLACE,
    found: (view) =>
      `messages hand in ${countRole(view, 'tool')} tool results and tools is missing`,
    text: 'repeat the tools of the first call',
    severity: 'warning',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'tools-unsupported',
    on: 'tools',
    models: 'listed without tools, or without them while they think',
    when: (view) => toolsOf(view).length > 0,
    must: (view) =>
      view.profile.tools !== false &&
      !(view.profile.tools === 'non-thinking only' && view.thinking === true),
    place: parameterPlace('tools'),
    found: (view) =>
      `${named('tools', toolsOf(view))} and the model ${view.model}${view.profile.tools === false ? '' : ', thinking'}`,
    text: 'the model is documented not to support tools, or not while it thinks',
    service: 'The tool call is not supported.',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'tool-description',
    on: 'tools',
    when: () => true,
    must: (view) => toolsOf(view).every(isDescribed),
    place: parameterPlace('tools'),
    found: (view) => {
      const bare = toolsOf(view).find((tool) => !isDescribed(tool));
      return `the tool ${shown(functionName(bare))} in tools has no description`;
    },
    text: 'it is documented as required',
    severity: 'warning',
    source: SOURCES.referenceLater,
  }),
  ruleOf({
    id: 'tool-type',
    on: 'tools',
    when: () => true,
    must: (view) => toolsOf(view).every(isFunction),
    place: parameterPlace('tools'),
    found: (view) => {
      const odd = toolsOf(view).find((tool) => !isFunction(tool));
      return `the type of a tool in tools is ${shown(isObject(odd) ? odd['type'] : odd)}`;
    },
    text: 'tools are documented as {"type":"function","function":{...}}; it is sent as it is',
    severity: 'warning',
    source: SOURCES.referenceLater,
  }),
  ruleOf({
    id: 'tool-required',
    on: 'tool_choice',
    when: () => true,
    must: (view) => view.parameters['tool_choice'] !== 'required',
    place: parameterPlace('tool_choice'),
    text: 'it must be "auto", "none" or a tool by name',
    service: 'tool_choice is one of the strings that should be ["none", "auto"]',
    severity: 'error',
    weaker: OTHER_VENDORS,
    source: SOURCES.errors,
  }),
  ruleOf({
    id: 'tool-named',
    on: 'tool_choice',
    when: forcesTool,
    must: (view) => {
      const wanted = functionName(view.parameters['tool_choice']);
      return wanted === undefined || toolsOf(view).some((tool) => functionName(tool) === wanted);
    },
    place: parameterPlace('tool_choice'),
    found: (view) => `tool_choice names ${shown(functionName(view.parameters['tool_choice']))}`,
    text: 'it must name a function that is among tools',
    severity: 'warning',
    source: SOURCES.reference,
  }),
];
