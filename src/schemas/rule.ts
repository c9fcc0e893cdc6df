import type { Severity } from '../problem.ts';
import { PROBLEM_CODES } from './codes.ts';
import type { ProblemCode } from './codes.ts';
import type { RequestView } from './request-view.ts';
import type { Source } from './sources.ts';

/** Where a rule's problem is shown; the line's shape turns it into the user's path. */
type RulePlace =
  | { readonly in: 'parameters' | 'messages'; readonly name: string }
  | { readonly in: 'line'; readonly name: string };

/** When a rule weighs less than its severity says, because the consequence is documented for some models only. */
type Weaker = {
  readonly severity: Severity;
  readonly when: (view: RequestView) => boolean;
  /** The condition in words. */
  readonly text: string;
};

/**
 * One documented constraint between parameters, messages and model: where `when` holds, `must`
 * has to hold too. Both are pure and total: values of the wrong type never make a rule fire, the
 * parameter table reports those. Messages say what was found, then `text`, then the service's own
 * words and the source with its date.
 */
export type Rule = {
  /** Stable name for tests and documentation. */
  readonly id: string;
  /** The parameter whose presence (not null) makes the rule worth asking; null: ask for every line. */
  readonly on: string | null;
  /** Models it is about, in words; `listed`: in the catalog. */
  readonly models: string;
  readonly when: (view: RequestView) => boolean;
  readonly must: (view: RequestView) => boolean;
  readonly place: RulePlace;
  /** What the line has, with its name; null: the place and the value there. */
  readonly found: ((view: RequestView) => string) | null;
  /** What must hold, as a whole clause, whatever the line. */
  readonly text: string;
  /** The service's own words for a violation, `xxx` where it names a value; null where none are documented. */
  readonly service: string | null;
  /** What stands for `xxx` in the service's words. */
  readonly xxx: ((view: RequestView) => string) | null;
  readonly severity: Severity;
  readonly weaker: Weaker | null;
  /** The code where the rule is not an error; an error's code is always `qbatch_invalid_request`. */
  readonly code: ProblemCode;
  readonly source: Source;
};

type Optional = 'models' | 'found' | 'service' | 'xxx' | 'weaker' | 'code';

const CODES: Readonly<Record<Severity, ProblemCode>> = {
  error: PROBLEM_CODES.rule,
  warning: PROBLEM_CODES.rule,
  note: PROBLEM_CODES.noEffect,
};

/** A row with what most rows share. */
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

/** How much a broken rule weighs in this request. */
export function weightOf(rule: Rule, view: RequestView): Severity {
  return rule.weaker?.when(view) === true ? rule.weaker.severity : rule.severity;
}

/** A place among the parameters. */
export function parameterPlace(name: string): RulePlace {
  return { in: 'parameters', name };
}

/** The messages as a whole. */
export const MESSAGES_PLACE: RulePlace = { in: 'messages', name: 'messages' };
