import type { Reporter } from './reporter.ts';
import { stateText } from './state-text.ts';

/** Shows nothing, `--progress none`, but the state of the run where it is asked for. */
export function createNoneReporter(options: { readonly write: (text: string) => void }): Reporter {
  return {
    report(event) {
      if (event.event === 'dispatch-state') options.write(stateText(event));
    },
    close: () => {},
  };
}
