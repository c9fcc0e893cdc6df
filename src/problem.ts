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
