import type { Severity } from '../problem.ts';
import type { ProblemCode } from './codes.ts';
import type { RequestView } from './request-view.ts';
import type { Source } from './sources.ts';

/** Where a rule's problem is shown; the line's shape turns it into the user's path. */
type RulePlace =
  | { readonly in: 'parameters' | 'messages'; readonly name: string }
  | { readonly in: 'line'; readonly name: string };

/**
 * One documented constraint between parameters, messages and model: where `when` holds, `must`
 * has to hold too. Both are pure and total: values of the wrong type never make a rule fire, the
 * parameter table reports those.
 */
export type Rule = {
  /** Stable name for tests and documentation. */
  readonly id: string;
  /** The parameter whose presence (not null) makes the rule worth asking; null: ask for every line. */
  readonly on: string | null;
  readonly when: (view: RequestView) => boolean;
  readonly must: (view: RequestView) => boolean;
  readonly place: RulePlace;
  readonly message: string | ((view: RequestView) => string);
  /** A function where the consequence is documented for some models only. An error's code is always `qbatch_invalid_request`. */
  readonly severity: Severity | ((view: RequestView) => Severity);
  /** The code where the rule is not an error. */
  readonly code: ProblemCode;
  readonly source: Source;
};

/** A place among the parameters. */
export function parameterPlace(name: string): RulePlace {
  return { in: 'parameters', name };
}

/** The messages as a whole. */
export const MESSAGES_PLACE: RulePlace = { in: 'messages', name: 'messages' };
