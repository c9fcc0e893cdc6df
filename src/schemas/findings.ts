import { isObject } from '../is-object.ts';
import type { Problem } from '../problem.ts';
import { PROBLEM_CODES } from './codes.ts';
import type { ProblemCode } from './codes.ts';
import type { RequestView } from './request-view.ts';

/**
 * One line under examination and what was found so far. `problems` stays undefined for a clean
 * line, so that the common case builds no array and no path.
 */
export type Examination = {
  readonly view: RequestView;
  problems: Problem[] | undefined;
};

/** A JSON object, as opposed to null, an array or a scalar. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Most problems kept for one line. A line of 32 MiB could hold millions of mistakes; nobody reads
 * more than the first ones, and they must not fill the memory.
 */
export const PROBLEMS_MAX = 100;

/** Whether nothing more is kept, so that loops over what the line wrote may stop. */
export function isFull(examination: Examination): boolean {
  return examination.problems !== undefined && examination.problems.length >= PROBLEMS_MAX;
}

/** Adds a problem of any severity. Past the maximum only a first error still finds a place. */
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

/** Adds an error: the line is invalid. */
export function refuse(examination: Examination, path: string, message: string): void {
  report(examination, { severity: 'error', path, code: PROBLEM_CODES.invalid, message });
}

/** Adds a warning. */
export function warn(
  examination: Examination,
  path: string,
  code: ProblemCode,
  message: string,
): void {
  report(examination, { severity: 'warning', path, code, message });
}

/** Adds a note. */
export function note(
  examination: Examination,
  path: string,
  code: ProblemCode,
  message: string,
): void {
  report(examination, { severity: 'note', path, code, message });
}

const SHOWN_CHARACTERS_MAX = 60;

/**
 * A value as messages show it: scalars as JSON, long strings cut, containers by kind and size
 * only, so that a message never carries a whole prompt or image.
 */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `an array of ${value.length}`;
  if (isObject(value)) return 'an object';
  if (typeof value === 'string' && value.length > SHOWN_CHARACTERS_MAX) {
    return `${JSON.stringify(value.slice(0, SHOWN_CHARACTERS_MAX))}… (${value.length} characters)`;
  }
  return JSON.stringify(value);
}

/** A name that the line wrote, as paths show it: cut where it is absurdly long. */
export function shownName(name: string): string {
  return name.length > SHOWN_CHARACTERS_MAX ? `${name.slice(0, SHOWN_CHARACTERS_MAX)}…` : name;
}

/** The sentence for a bad value: `temperature is 2.5; it must be ... (service: ...)`. */
export function badValue(
  name: string,
  value: unknown,
  allowed: string,
  service: string | null,
): string {
  const text = `${name} is ${shown(value)}; it must be ${allowed}`;
  return service === null ? text : `${text} (service: ${service})`;
}
