/** How much a problem weighs: only an `error` makes a line invalid (warnings do under `--strict`). */
export type Severity = 'error' | 'warning' | 'note';

/**
 * One thing found in a line before anything is sent.
 *
 * `path` is as in the user's line (`parameters.top_p`, `body.messages[0].role`; empty: the line as
 * a whole). `code` begins with `qbatch_`. `message` names the value, the rule, and what to do.
 */
export type Problem = {
  readonly severity: Severity;
  readonly path: string;
  readonly code: string;
  readonly message: string;
};

/** A problem with its place, as `check --json` prints it; `custom_id` null where it could not be read. */
export type LineProblem = Problem & {
  readonly line: number;
  readonly custom_id: string | null;
};

/** How many problems of each weight there are; may be more than are listed. */
export type ProblemCounts = Readonly<Record<Severity, number>>;
