import { ownText } from '../input/own-text.ts';
import type { Problem } from '../problem.ts';

/** Limit for each text that quotes a line. */
const TEXT_UNITS_MAX = 2_000;

/** A copy of the beginning of a text that keeps nothing else of it in memory. */
export function beginningOf(text: string, unitsMax: number): string {
  return ownText(text.length <= unitsMax ? text : `${text.slice(0, unitsMax)}…`);
}

/** A problem as stored, reported and written to the errors file: names or values of megabytes are truncated. */
export function boundedProblem(problem: Problem): Problem {
  const { path, message } = problem;
  return {
    ...problem,
    path: beginningOf(path, TEXT_UNITS_MAX),
    message: beginningOf(message, TEXT_UNITS_MAX),
  };
}
