import { EXIT, InputError } from '../errors.ts';
import type { LineProblem, ProblemCounts } from '../problem.ts';

/** What a survey found. */
type Found = {
  readonly lines: number;
  readonly invalid: number;
  readonly problems: readonly LineProblem[];
  readonly problemCounts: ProblemCounts;
};

/** The input has invalid lines and nothing was sent: 65, with what was found. */
export class InvalidInputError extends InputError {
  override readonly name = 'InvalidInputError';
  /** As `qbatch check --json` lists them: 10,000 at the most. */
  readonly problems: readonly LineProblem[];
  /** Of all that were found, also where they are more than are listed. */
  readonly problemCounts: ProblemCounts;
  /** The input, as it was named. */
  readonly inputPath: string;
  constructor({ lines, invalid, problems, problemCounts }: Found, inputPath: string) {
    super(
      EXIT.invalidInput,
      `${inputPath}: ${invalid} of ${lines} ${lines === 1 ? 'line' : 'lines'} ${invalid === 1 ? 'is' : 'are'} invalid; nothing was sent`,
      invalid === lines ? 'fix them' : 'fix them, or run the valid ones with --skip-invalid',
    );
    this.problems = problems;
    this.problemCounts = problemCounts;
    this.inputPath = inputPath;
  }
}
