import type { Reporter } from './reporter.ts';
import { stateText } from './state-text.ts';

/** `--progress none`: shows nothing except the run's state on request. */
export function createNoneReporter(options: { readonly write: (text: string) => void }): Reporter {
  return {
    report(event) {
      if (event.event === 'dispatch-state') options.write(stateText(event));
    },
    close: () => {},
  };
}
