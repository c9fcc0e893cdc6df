import { closestName } from '../suggest.ts';
import { PROBLEM_CODES } from './codes.ts';
import { named, shown } from './findings.ts';
import { SEARCH_OPTION_NAMES } from './options.ts';
import { isOff, objectOf } from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { parameterPlace, ruleOf } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

/** A member of `search_options`. */
function option(view: RequestView, name: string): unknown {
  return objectOf(view, 'search_options')[name];
}

function searches(view: RequestView): boolean {
  return view.parameters['enable_search'] === true;
}

function isAgent(view: RequestView): boolean {
  const strategy = option(view, 'search_strategy');
  return strategy === 'agent' || strategy === 'agent_max';
}

/** Options documented as incompatible with the agent strategies. */
const NOT_WITH_AGENT = [
  'enable_citation',
  'forced_search',
  'enable_search_extension',
  'prepend_search_result',
] as const;

/** Number of members compared with the known names. */
const NAMES_COMPARED = 50;

function mistyped(view: RequestView): { name: string; meant: string } | undefined {
  for (const name of Object.keys(objectOf(view, 'search_options')).slice(0, NAMES_COMPARED)) {
    if (SEARCH_OPTION_NAMES.includes(name)) continue;
    const meant = closestName(name, SEARCH_OPTION_NAMES);
    if (meant !== undefined) return { name, meant };
  }
  return undefined;
}

function noEffect(
  id: string,
  name: string,
  needs: string,
  holds: Pick<Rule, 'when' | 'must'>,
): Rule {
  return ruleOf({
    id,
    on: 'search_options',
    when: (view) => searches(view) && holds.when(view),
    must: holds.must,
    place: parameterPlace(`search_options.${name}`),
    text: `it has no effect without ${needs}`,
    severity: 'note',
    source: SOURCES.referenceLater,
  });
}

/** Rules about web search, numbered as in the vendor contract. */
export const SEARCH_RULES: readonly Rule[] = [
  ruleOf({
    id: 'search-model',
    on: 'enable_search',
    models: 'listed without web search',
    when: searches,
    must: (view) => view.profile.webSearch !== false,
    place: parameterPlace('enable_search'),
    found: (view) => `enable_search is true and the model ${view.model}`,
    text: 'this model is not on the list of those that search in this region: leave it out, or correct the catalog with --catalog',
    service: 'This model does not support enable_search.',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.errors,
  }),
  ruleOf({
    id: '11',
    on: 'search_options',
    when: (view) => typeof view.parameters['search_options'] === 'object',
    must: (view) => !isOff(view.parameters['enable_search']),
    place: parameterPlace('search_options'),
    text: 'it has no effect unless enable_search is true',
    severity: 'note',
    source: SOURCES.reference,
  }),
  noEffect('12-citation', 'enable_citation', 'enable_source: true', {
    when: (view) => option(view, 'enable_citation') === true,
    must: (view) => !isOff(option(view, 'enable_source')),
  }),
  noEffect('12-format', 'citation_format', 'enable_citation: true', {
    when: (view) => option(view, 'citation_format') !== undefined,
    must: (view) => !isOff(option(view, 'enable_citation')),
  }),
  noEffect('12-prepend', 'prepend_search_result', 'a stream and enable_source: true', {
    when: (view) => option(view, 'prepend_search_result') === true,
    must: (view) => view.stream && !isOff(option(view, 'enable_source')),
  }),
  ruleOf({
    id: '13-combination',
    on: 'search_options',
    when: (view) => searches(view) && isAgent(view),
    must: (view) => NOT_WITH_AGENT.every((name) => option(view, name) !== true),
    place: parameterPlace('search_options.search_strategy'),
    found: (view) => {
      const beside = NOT_WITH_AGENT.filter((name) => option(view, name) === true);
      const strategy = named('search_strategy', option(view, 'search_strategy'));
      return `${strategy} beside ${beside.join(', ')}`;
    },
    text: 'the agent strategies are documented to combine only with enable_source',
    severity: 'warning',
    source: SOURCES.referenceLater,
  }),
  ruleOf({
    id: '13-thinking',
    on: 'search_options',
    when: (view) => searches(view) && isAgent(view) && view.thinking !== null,
    must: (view) => view.thinking === true && view.stream,
    place: parameterPlace('search_options.search_strategy'),
    text: 'the agent strategies are documented, on most models, for streamed thinking mode only',
    severity: 'warning',
    source: SOURCES.referenceLater,
  }),
  ruleOf({
    id: 'search-option-name',
    on: 'search_options',
    when: () => true,
    must: (view) => mistyped(view) === undefined,
    place: parameterPlace('search_options'),
    found: (view) => {
      const typed = mistyped(view);
      return `search_options has ${shown(typed?.name)}, did you mean ${shown(typed?.meant)}?`;
    },
    text: 'no source documents that name; it is sent as it is',
    severity: 'warning',
    code: PROBLEM_CODES.unknownParameter,
    source: SOURCES.referenceLater,
  }),
];
