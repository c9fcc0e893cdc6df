import { PROBLEM_CODES } from './codes.ts';
import { asWritten, report, valueAt } from './findings.ts';
import type { Examination } from './findings.ts';
import type { RequestView } from './request-view.ts';
import { weightOf } from './rule.ts';
import type { Rule } from './rule.ts';
import { BATCH_CHAT_RULES } from './rules-batch-chat.ts';
import { MODEL_RULES } from './rules-models.ts';
import { OUTPUT_RULES } from './rules-output.ts';
import { SEARCH_RULES } from './rules-search.ts';
import { THINKING_RULES } from './rules-thinking.ts';
import { TOOL_RULES } from './rules-tools.ts';
import { cited } from './sources.ts';

/**
 * Every cross-parameter and per-model rule. Rule 19 of the vendor contract describes the SDKs' own behaviour, and has no
 * counterpart here.
 */
export const RULES: readonly Rule[] = [
  ...TOOL_RULES,
  ...THINKING_RULES,
  ...OUTPUT_RULES,
  ...SEARCH_RULES,
  ...MODEL_RULES,
  ...BATCH_CHAT_RULES,
];

const ALWAYS: readonly Rule[] = RULES.filter((rule) => rule.on === null);

/** Rules by the parameter that triggers them, so that a plain line checks only a few. */
const BY_PARAMETER: ReadonlyMap<string, readonly Rule[]> = rulesByParameter();

function rulesByParameter(): Map<string, Rule[]> {
  const groups = new Map<string, Rule[]>();
  for (const rule of RULES) {
    if (rule.on === null) continue;
    const group = groups.get(rule.on) ?? [];
    group.push(rule);
    groups.set(rule.on, group);
  }
  return groups;
}

function pathOf(view: RequestView, rule: Rule): string {
  const { place } = rule;
  if (place.in !== 'line') return view.paths[place.in] + place.name;
  return place.name === 'model' && view.shape === 'envelope' ? 'body.model' : place.name;
}

function foundText(view: RequestView, rule: Rule): string {
  const { found, place } = rule;
  if (found !== null) return found(view);
  const value = valueAt(view.parameters, place.name.split('.'));
  return `${place.name} is ${asWritten(value, view.rawParameter(place.name))}`;
}

/** The message of a violated rule. */
function ruleMessage(view: RequestView, rule: Rule): string {
  const { service, xxx } = rule;
  const filled = service !== null && xxx !== null ? service.replaceAll('xxx', xxx(view)) : service;
  const quoted = filled === null ? '' : ` (service: ${filled})`;
  return `${foundText(view, rule)}; ${rule.text}${quoted}${cited(rule.source)}`;
}

function applyRule(examination: Examination, rule: Rule): void {
  const { view } = examination;
  if (!rule.when(view) || rule.must(view)) return;
  const severity = weightOf(rule, view);
  report(examination, {
    severity,
    path: pathOf(view, rule),
    code: severity === 'error' ? PROBLEM_CODES.invalid : rule.code,
    message: ruleMessage(view, rule),
  });
}

/** Checks every rule triggered by the request. */
export function checkRules(examination: Examination): void {
  const { parameters } = examination.view;
  for (const name in parameters) {
    const rules = BY_PARAMETER.get(name);
    if (rules === undefined || (parameters[name] ?? null) === null) continue;
    for (const rule of rules) applyRule(examination, rule);
  }
  for (const rule of ALWAYS) applyRule(examination, rule);
}
