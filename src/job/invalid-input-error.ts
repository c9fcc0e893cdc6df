import { EXIT, InputError } from '../errors.ts';
import type { LineProblem, ProblemCounts } from '../problem.ts';

/** The findings of a survey. */
type Found = {
  readonly lines: number;
  readonly invalid: number;
  readonly problems: readonly LineProblem[];
  readonly problemCounts: ProblemCounts;
};

/** The input has invalid lines and nothing was sent: exit code 65, with the findings. */
export class InvalidInputError extends InputError {
  override readonly name = 'InvalidInputError';
  /** As `qbatch check --json` lists them: at most 10,000. */
  readonly problems: readonly LineProblem[];
  /** Counts of all found, even if more than are listed. */
  readonly problemCounts: ProblemCounts;
  /** The input as the user named it. */
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
