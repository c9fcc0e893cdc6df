import type { Reporter } from './reporter.ts';

/** Shows nothing: `--progress none`. */
export function createNoneReporter(): Reporter {
  return { report: () => {}, close: () => {} };
}
