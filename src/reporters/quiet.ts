import { noticeText, parkedText, stoppingText } from './event-text.ts';
import type { Reporter, RunEvent } from './reporter.ts';
import { stateText } from './state-text.ts';

/**
 * `-q`: shows only problems: a parked model, a warning, and that the run is stopping early; and its state on request.
 * `write` receives whole lines with their line break.
 */
export function createQuietReporter(options: { readonly write: (text: string) => void }): Reporter {
  const report = (event: RunEvent): void => {
    if (event.event === 'model-parked') {
      options.write(`${parkedText(event)}\n`);
    } else if (event.event === 'stopping') {
      options.write(`${stoppingText(event)}\n`);
    } else if (event.event === 'notice' && event.severity === 'warning') {
      options.write(`${noticeText(event)}\n`);
    } else if (event.event === 'dispatch-state') {
      options.write(stateText(event));
    }
  };
  return { report, close: () => {} };
}
