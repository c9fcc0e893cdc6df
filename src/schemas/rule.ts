import type { Severity } from '../problem.ts';
import { PROBLEM_CODES } from './codes.ts';
import type { ProblemCode } from './codes.ts';
import type { RequestView } from './request-view.ts';
import type { Source } from './sources.ts';

/** The place of a rule's problem; mapped to the user's path by the line's shape. */
type RulePlace =
  | { readonly in: 'parameters' | 'messages'; readonly name: string }
  | { readonly in: 'line'; readonly name: string };

/** A lower severity under a condition, because the consequence is documented only for some models. */
type Weaker = {
  readonly severity: Severity;
  readonly when: (view: RequestView) => boolean;
  /** The condition in words. */
  readonly text: string;
};

/**
 * One documented constraint between parameters, messages and model: if `when` holds, `must` has to hold too. Both are pure
 * and total: values of the wrong type never trigger a rule, the parameter table reports those. Messages consist of what was
 * found, `text`, the service's own text and the source with its date.
 */
export type Rule = {
  /** Stable name for tests and documentation. */
  readonly id: string;
  /** The parameter whose presence (not null) triggers the rule; null: checked for every line. */
  readonly on: string | null;
  /** Models it applies to, in words; `listed`: in the catalog. */
  readonly models: string;
  readonly when: (view: RequestView) => boolean;
  readonly must: (view: RequestView) => boolean;
  readonly place: RulePlace;
  /** What the line has, with its name; null: the place and its value. */
  readonly found: ((view: RequestView) => string) | null;
  /** What must hold, as a whole clause, independent of the line. */
  readonly text: string;
  /** The service's own text for a violation, with `xxx` for a value; null if undocumented. */
  readonly service: string | null;
  /** The value for `xxx` in the service's text. */
  readonly xxx: ((view: RequestView) => string) | null;
  readonly severity: Severity;
  readonly weaker: Weaker | null;
  /** The code if the rule is not an error; an error's code is always `qbatch_invalid_request`. */
  readonly code: ProblemCode;
  readonly source: Source;
};

type Optional = 'models' | 'found' | 'service' | 'xxx' | 'weaker' | 'code';

const CODES: Readonly<Record<Severity, ProblemCode>> = {
  error: PROBLEM_CODES.rule,
  warning: PROBLEM_CODES.rule,
  note: PROBLEM_CODES.noEffect,
};

/** A row with common defaults. */
export function ruleOf(row: Omit<Rule, Optional> & Partial<Pick<Rule, Optional>>): Rule {
  return {
    models: 'all',
    found: null,
    service: null,
    xxx: null,
    weaker: null,
    code: CODES[row.severity],
    ...row,
  };
}

/** The severity of a violation in this request. */
export function weightOf(rule: Rule, view: RequestView): Severity {
  return rule.weaker?.when(view) === true ? rule.weaker.severity : rule.severity;
}

/** A place among the parameters. */
export function parameterPlace(name: string): RulePlace {
  return { in: 'parameters', name };
}

/** The messages as a whole. */
export const MESSAGES_PLACE: RulePlace = { in: 'messages', name: 'messages' };
