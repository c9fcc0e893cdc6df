import { ownText } from '../input/own-text.ts';
import type { Problem } from '../problem.ts';

/** So much is told of each text that quotes a line; nobody reads more. */
const TEXT_UNITS_MAX = 2_000;

/** A copy of the beginning of a text, which keeps nothing else of it in memory. */
export function beginningOf(text: string, unitsMax: number): string {
  return ownText(text.length <= unitsMax ? text : `${text.slice(0, unitsMax)}…`);
}

/** A problem as it is kept, reported and written to the errors: of a name or a value of megabytes the beginning. */
export function boundedProblem(problem: Problem): Problem {
  const { path, message } = problem;
  return {
    ...problem,
    path: beginningOf(path, TEXT_UNITS_MAX),
    message: beginningOf(message, TEXT_UNITS_MAX),
  };
}
