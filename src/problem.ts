/** Severity of a problem: only an `error` makes a line invalid (warnings do under `--strict`). */
export type Severity = 'error' | 'warning' | 'note';

/**
 * One thing found in a line before anything is sent.
 *
 * `path` is relative to the user's line (`parameters.top_p`, `body.messages[0].role`; empty: the whole line). `code` begins
 * with `qbatch_`. `message` names the value, the rule, and what to do.
 */
export type Problem = {
  readonly severity: Severity;
  readonly path: string;
  readonly code: string;
  readonly message: string;
};

/** A problem with its place, as `check --json` prints it; `custom_id` null if it could not be read. */
export type LineProblem = Problem & {
  readonly line: number;
  readonly custom_id: string | null;
};

/** Number of problems by severity; may exceed those listed. */
export type ProblemCounts = Readonly<Record<Severity, number>>;
