import type { Problem, Severity } from '../problem.ts';
import { PROBLEM_CODES } from './codes.ts';
import type { ProblemCode } from './codes.ts';
import { cited } from './sources.ts';
import type { Source } from './sources.ts';

/**
 * A rule about the inside of a line, applied while walking over messages, parts, headers or parameter names. `must` is a
 * whole clause: messages consist of what was found, `must`, the service's own text and the source with its date.
 */
export type ShapeRule = {
  /** Stable name for tests and documentation. */
  readonly id: string;
  /** Where it applies, in the notation of the documentation: `messages[].role`. */
  readonly about: string;
  /** Models it applies to, in words; `listed`: in the catalog. */
  readonly models: string;
  readonly must: string;
  /** The service's own text for a violation; null if undocumented. */
  readonly service: string | null;
  readonly severity: Severity;
  /** The code if the rule is not an error; an error's code is always `qbatch_invalid_request`. */
  readonly code: ProblemCode;
  readonly source: Source;
};

type Row = Pick<ShapeRule, 'id' | 'about' | 'must' | 'source'> &
  Partial<Pick<ShapeRule, 'models' | 'service' | 'code'>>;

/** Common defaults of the rules. */
const COMMON = { models: 'all', service: null } as const;

/** Documented to be refused, or outside a documented form: an error. */
export function refusal(row: Row): ShapeRule {
  return { ...COMMON, code: PROBLEM_CODES.invalid, ...row, severity: 'error' };
}

/** A documented constraint without a known consequence: a warning. */
export function constraint(row: Row): ShapeRule {
  return { ...COMMON, code: PROBLEM_CODES.rule, ...row, severity: 'warning' };
}

/** Without effect, or deprecated but working: a note. */
export function remark(row: Row & Pick<ShapeRule, 'code'>): ShapeRule {
  return { ...COMMON, ...row, severity: 'note' };
}

/** The problem of a violated rule; `found` describes the value with its name: `role is "bot"`. */
export function breachOf(rule: ShapeRule, path: string, found: string): Problem {
  const service = rule.service === null ? '' : ` (service: ${rule.service})`;
  return {
    severity: rule.severity,
    path,
    code: rule.code,
    message: `${found}; ${rule.must}${service}${cited(rule.source)}`,
  };
}
