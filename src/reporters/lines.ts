import type { Clock } from '../clock.ts';
import { durationText } from './duration-text.ts';
import { noticeText, parkedText, sampleText, startText, stoppingText } from './event-text.ts';
import { wholeText } from './number-text.ts';
import { oneLine } from './one-line.ts';
import { paceText, settledLines, settledShare, spendText } from './progress-text.ts';
import type { Progress, Reporter, RunEvent } from './reporter.ts';
import { stateText } from './state-text.ts';

const EVERY_MS_DEFAULT = 30_000;

function countsText(counts: Pick<Progress, 'answered' | 'failed' | 'rejected'>): string {
  const { answered, failed, rejected } = counts;
  const base = `${wholeText(answered)} answered, ${wholeText(failed)} failed`;
  return rejected > 0 ? `${base}, ${wholeText(rejected)} rejected` : base;
}

function statusText(progress: Progress): string {
  const percent = Math.floor(settledShare(progress) * 100);
  const done = `${wholeText(settledLines(progress))}/${wholeText(progress.total)} (${percent}%)`;
  const pace = [
    paceText(progress.rpm, progress.rpmLimit, 'rpm'),
    paceText(progress.tpm, progress.tpmLimit, 'tpm'),
  ].join(', ');
  const parts = [
    `${countsText(progress)}, ${wholeText(progress.inFlight)} in flight`,
    pace,
    spendText(progress),
    progress.etaMs === null ? '' : `ETA ${durationText(progress.etaMs)}`,
    progress.slow === null ? '' : oneLine(progress.slow),
  ];
  const rest = parts.filter((part) => part !== '').join('; ');
  return `[${durationText(progress.elapsedMs)}] ${done}: ${rest}`;
}

/**
 * Progress as plain lines, for logs and pipes: one at the start, then at most one every `everyMs` (default 30,000; checked
 * against the clock when a `progress` event comes, so no timer runs), and one at once when the run is stopping or a model
 * is parked. `write` receives whole lines with their line break.
 */
export function createLinesReporter(options: {
  readonly write: (text: string) => void;
  readonly clock: Clock;
  readonly everyMs?: number;
}): Reporter {
  const { write, clock, everyMs = EVERY_MS_DEFAULT } = options;
  let lastMs = clock.monotonicMs();

  const report = (event: RunEvent): void => {
    switch (event.event) {
      case 'job-start':
        lastMs = clock.monotonicMs();
        write(`${startText(event)}\n`);
        break;
      case 'progress': {
        const nowMs = clock.monotonicMs();
        if (nowMs - lastMs >= everyMs) {
          lastMs = nowMs;
          write(`${statusText(event)}\n`);
        }
        break;
      }
      case 'sample-end':
        write(`${sampleText(event)}\n`);
        break;
      case 'model-parked':
        write(`${parkedText(event)}\n`);
        break;
      case 'stopping':
        write(`${stoppingText(event)}\n`);
        break;
      case 'notice':
        write(`${noticeText(event)}\n`);
        break;
      case 'dispatch-state':
        write(stateText(event));
        break;
      // The summary printed by the command is the end.
      case 'job-end':
      case 'line-settled':
      case 'attempt-ended':
      case 'model-slowed':
        break;
    }
  };

  return { report, close: () => {} };
}
