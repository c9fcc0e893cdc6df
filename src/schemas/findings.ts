import { isObject } from '../json/is-object.ts';
import type { Problem } from '../problem.ts';
import { PROBLEM_CODES } from './codes.ts';
import type { RequestView } from './request-view.ts';
import { breachOf } from './shape-rule.ts';
import type { ShapeRule } from './shape-rule.ts';

/**
 * One line being checked and its problems so far. `problems` stays undefined for a clean line, so that the common case
 * builds no array and no path.
 */
export type Examination = {
  readonly view: RequestView;
  problems: Problem[] | undefined;
};

/** A JSON object, as opposed to null, an array or a scalar. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Maximum number of problems kept per line. A line of 32 MiB could hold millions of mistakes; nobody reads more than the
 * first ones, and they must not fill the memory.
 */
export const PROBLEMS_MAX = 100;

/** Whether no more problems are kept, so that loops over the line's content may stop. */
export function isFull(examination: Examination): boolean {
  return examination.problems !== undefined && examination.problems.length >= PROBLEMS_MAX;
}

/** Adds a problem of any severity. Beyond the maximum only a first error is still added. */
export function report(examination: Examination, problem: Problem): void {
  const problems = (examination.problems ??= []);
  if (problems.length < PROBLEMS_MAX) {
    problems.push(problem);
  } else if (
    problem.severity === 'error' &&
    !problems.some(({ severity }) => severity === 'error')
  ) {
    problems[PROBLEMS_MAX - 1] = problem;
  }
}

/** Adds the problem of a violated rule; `found` describes the value with its name: `role is "bot"`. */
export function breach(
  examination: Examination,
  rule: ShapeRule,
  path: string,
  found: string,
): void {
  report(examination, breachOf(rule, path, found));
}

const SHOWN_CHARACTERS_MAX = 60;

/**
 * A value for messages: scalars as JSON, long strings truncated, containers only by kind and size, so that a message never
 * contains a whole prompt or image.
 */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `an array of ${value.length}`;
  if (isObject(value)) return 'an object';
  if (typeof value === 'string' && value.length > SHOWN_CHARACTERS_MAX) {
    return `${JSON.stringify(value.slice(0, SHOWN_CHARACTERS_MAX))}… (${value.length} characters)`;
  }
  // 1e400 is valid JSON but overflows in JavaScript.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'too large a number';
  return JSON.stringify(value);
}

const NUMBER_CHARACTERS_MAX = 40;

/** A number's text, truncated if absurdly long. */
export function oneWord(raw: string): string {
  return raw.length > NUMBER_CHARACTERS_MAX ? `${raw.slice(0, NUMBER_CHARACTERS_MAX)}…` : raw;
}

/** A value for messages; numbers that JavaScript rounds are shown with the line's digits. */
export function asWritten(value: unknown, raw: string | undefined): string {
  const isRounded = typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
  return isRounded && raw !== undefined ? oneWord(raw) : shown(value);
}

/** A name from the line, for paths: truncated if absurdly long. */
export function shownName(name: string): string {
  return name.length > SHOWN_CHARACTERS_MAX ? `${name.slice(0, SHOWN_CHARACTERS_MAX)}…` : name;
}

/** A value with its name, for messages: `role is "bot"`. */
export function named(name: string, value: unknown): string {
  return `${name} is ${shown(value)}`;
}

/** Turns `['tools', 0, 'function']` into `tools[0].function`. */
export function placeName(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, key) => (typeof key === 'number' ? `${name}[${key}]` : `${name}.${String(key)}`),
    root,
  );
}

/** The value at a path within another one; undefined if there is none. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (Array.isArray(current)) current = current[Number(key)];
    else current = isObject(current) ? current[String(key)] : undefined;
  }
  return current;
}

/** Adds an error: the line is invalid. */
export function refuse(examination: Examination, path: string, message: string): void {
  report(examination, { severity: 'error', path, code: PROBLEM_CODES.invalid, message });
}
