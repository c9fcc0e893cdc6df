import { parkedText, stoppingText } from './event-text.ts';
import type { Reporter, RunEvent } from './reporter.ts';

/**
 * `-q`: nothing unless something is wrong: a parked model, and that the run is stopping before its
 * end. `write` gets whole lines with their line break.
 */
export function createQuietReporter(options: { readonly write: (text: string) => void }): Reporter {
  const report = (event: RunEvent): void => {
    if (event.event === 'model-parked') {
      options.write(`${parkedText(event)}\n`);
    } else if (event.event === 'stopping') {
      options.write(`${stoppingText(event)}\n`);
    }
  };
  return { report, close: () => {} };
}
