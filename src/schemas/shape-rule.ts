import type { Problem, Severity } from '../problem.ts';
import { PROBLEM_CODES } from './codes.ts';
import type { ProblemCode } from './codes.ts';
import { cited } from './sources.ts';
import type { Source } from './sources.ts';

/**
 * A rule about the inside of a line that the walk over messages, parts, headers or parameter names
 * applies where it meets it. `must` is a whole clause: messages say what was found, then `must`,
 * then the service's own words and the source with its date.
 */
export type ShapeRule = {
  /** Stable name for tests and documentation. */
  readonly id: string;
  /** Where it applies, as the documentation shows it: `messages[].role`. */
  readonly about: string;
  /** Models it is about, in words; `listed`: in the catalog. */
  readonly models: string;
  readonly must: string;
  /** The service's own words for a violation; null where none are documented. */
  readonly service: string | null;
  readonly severity: Severity;
  /** The code where the rule is not an error; an error's code is always `qbatch_invalid_request`. */
  readonly code: ProblemCode;
  readonly source: Source;
};

type Row = Pick<ShapeRule, 'id' | 'about' | 'must' | 'source'> &
  Partial<Pick<ShapeRule, 'models' | 'service' | 'code'>>;

/** What most rules share. */
const COMMON = { models: 'all', service: null } as const;

/** What the service is documented to refuse, or what is outside a documented form: an error. */
export function refusal(row: Row): ShapeRule {
  return { ...COMMON, code: PROBLEM_CODES.invalid, ...row, severity: 'error' };
}

/** A documented constraint without a known consequence: a warning. */
export function constraint(row: Row): ShapeRule {
  return { ...COMMON, code: PROBLEM_CODES.rule, ...row, severity: 'warning' };
}

/** What has no effect, or still works but is on its way out: a note. */
export function remark(row: Row & Pick<ShapeRule, 'code'>): ShapeRule {
  return { ...COMMON, ...row, severity: 'note' };
}

/** The problem of a broken rule; `found` says what is there, with its name: `role is "bot"`. */
export function breachOf(rule: ShapeRule, path: string, found: string): Problem {
  const service = rule.service === null ? '' : ` (service: ${rule.service})`;
  return {
    severity: rule.severity,
    path,
    code: rule.code,
    message: `${found}; ${rule.must}${service}${cited(rule.source)}`,
  };
}
