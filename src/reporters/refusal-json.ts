import { EXIT, QbatchError } from '../errors.ts';
import { jsonText } from '../json/json-text.ts';
import type { LineProblem, ProblemCounts } from '../problem.ts';
import { errorText } from './error-text.ts';
import { hintText } from './hint-text.ts';

/** What a refused input adds: the findings in its lines. */
type Found = { readonly problems: readonly LineProblem[]; readonly problemCounts: ProblemCounts };

function saidBy(error: unknown): Readonly<Record<string, unknown>> {
  return error instanceof QbatchError
    ? { exit_code: error.exitCode, message: error.message, hint: hintText(error) ?? null }
    : { exit_code: EXIT.bug, message: errorText(error), hint: null };
}

function findingsOf(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof QbatchError && 'problems' in error)) return {};
  const { problems, problemCounts } = error as QbatchError & Found;
  return { problems, problem_counts: problemCounts };
}

/** What `--json` prints on stdout if a command is refused (cli.md section 9), with its line break. */
export function refusalJson(error: unknown): string {
  return `${jsonText({ schema: 1, error: saidBy(error), ...findingsOf(error) })}\n`;
}

/** The same as the last event of `--progress json`; `at`: ISO 8601, UTC. */
export function refusalEvent(error: unknown, at: string): string {
  return `${jsonText({ schema: 1, event: 'refused', at, ...saidBy(error), ...findingsOf(error) })}\n`;
}
