import { durationText } from './duration-text.ts';
import { countText } from './number-text.ts';
import { oneLine, STOP_CHARS_MAX } from './one-line.ts';
import { pathText } from './path-text.ts';
import type { RunEvent } from './reporter.ts';

type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { readonly event: Name }>;

const NAME_CHARS_MAX = 120;

/** The first line of a run: what will run, whether it continues, and where calls go. */
export function startText(event: EventOf<'job-start'>): string {
  const { total, settled, open } = event.lines;
  if (event.resuming && open === 0) {
    return `job ${oneLine(event.job, NAME_CHARS_MAX)} is finished already; nothing to send`;
  }
  const lines = event.resuming
    ? `continuing: ${countText(open, 'line')} open of ${total}, ${settled} settled before`
    : countText(total, 'line');
  const job = oneLine(event.job, NAME_CHARS_MAX);
  const input = pathText(event.input);
  return `job ${job} (${input}): ${lines}; calls go to ${pathText(event.endpoint)}`;
}

/** A waiting model: for how long and why. */
export function slowedText(event: EventOf<'model-slowed'>): string {
  const model = oneLine(event.model, NAME_CHARS_MAX);
  return `${model} slowed for ${durationText(event.waitMs)}: ${oneLine(event.reason)}`;
}

/** A model without further calls in this run. */
export function parkedText(event: EventOf<'model-parked'>): string {
  const model = oneLine(event.model, NAME_CHARS_MAX);
  const code = oneLine(event.code, NAME_CHARS_MAX);
  const others = event.othersContinue ? '; other models continue' : '';
  return `${model} gets no more calls in this run: ${code}: ${oneLine(event.message)}${others}`;
}

/** What the sample predicts for the remaining lines. */
export function sampleText(event: EventOf<'sample-end'>): string {
  const cost =
    event.expected === null
      ? 'too few answers to estimate the cost of the other lines'
      : `the ${countText(event.openLines, 'open line')} will cost about ${event.expected} ${event.currency}`;
  return `sample of ${countText(event.sampleLines, 'line')} ended: ${cost}`;
}

/** A notice, and whether it warns. */
export function noticeText({ severity, message }: EventOf<'notice'>): string {
  return `${severity === 'warning' ? 'warning: ' : ''}${pathText(message)}`;
}

/** The run is stopping: what it still waits for and why. */
export function stoppingText(event: EventOf<'stopping'>): string {
  const waiting =
    event.inFlight === 0
      ? 'no calls in flight'
      : `waiting for ${event.inFlight} in flight (already paid for); Ctrl-C now drops them`;
  return `stopping (${oneLine(event.reason, STOP_CHARS_MAX)}): no new calls, ${waiting}`;
}
