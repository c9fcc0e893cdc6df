/** How progress is shown: a live bar, plain lines, JSON events, or not at all. */
export type ProgressMode = 'tty' | 'lines' | 'json' | 'quiet' | 'none';

/** What the choice depends on. `terminalName` is `TERM`; `ci`: whether `CI` is set and not empty. */
export type ProgressSurroundings = {
  readonly asked: 'auto' | 'tty' | 'lines' | 'json' | 'none';
  readonly quiet: boolean;
  readonly isTty: boolean;
  readonly ci: boolean;
  readonly terminalName: string | undefined;
};

/**
 * Chooses a run's reporter. `-q` wins over all but `json` (read by a program) and `none`; a bar needs a movable cursor,
 * else plain lines replace it, even if it was requested by name.
 */
export function progressMode(surroundings: ProgressSurroundings): ProgressMode {
  const { asked, quiet, isTty, ci, terminalName } = surroundings;
  if (asked === 'json' || asked === 'none') {
    return asked;
  }
  if (quiet) {
    return 'quiet';
  }
  const barWorks = isTty && terminalName !== 'dumb';
  if (asked === 'lines' || !barWorks) {
    return 'lines';
  }
  return asked === 'auto' && ci ? 'lines' : 'tty';
}
