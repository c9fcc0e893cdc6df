import { isoTime } from '../clock.ts';
import { dispatchText } from '../report/dispatch-text.ts';
import { usageTable } from '../report/usage-table.ts';
import { countText } from '../reporters/number-text.ts';
import { oneLine } from '../reporters/one-line.ts';
import { pathText } from '../reporters/path-text.ts';
import { paint, type Style } from '../reporters/style.ts';
import { summaryText } from '../reporters/summary.ts';
import type { JobState } from '../library/job-reports.ts';
import type { JobStatus } from './job-status.ts';
import { exitCodeOf, nextCommand, rejectedHint } from './next-command.ts';

const NAME_CHARS_MAX = 120;
/** Lines with possibly billed calls listed in the text; `--json` lists more. */
const LINES_NAMED_MAX = 10;

/** A run records its reason at the end, unless the ledger itself failed. */
const KILLED =
  'the last run was killed, or ended with an error that only its own output shows; nothing settled is lost';

const STATE_STYLE: Readonly<Record<JobState, Style>> = {
  running: 'cyan',
  open: 'yellow',
  finished: 'green',
};

function headText(
  { summary, state, killed, holder, updatedAt, inputPath }: JobStatus,
  color: boolean,
): string[] {
  const who =
    holder === null || state !== 'running'
      ? `last change ${isoTime(updatedAt)}`
      : `process ${holder.pid} on ${oneLine(holder.host, NAME_CHARS_MAX)} since ${isoTime(holder.startedAt)}, last change ${isoTime(updatedAt)}`;
  const job = paint(color, 'bold', oneLine(summary.job, NAME_CHARS_MAX));
  return [
    `job ${job}: ${paint(color, STATE_STYLE[state], state)}${summary.simulated ? ', simulated' : ''}, ${who}`,
    `input    ${pathText(inputPath)}`,
    ...(killed ? [paint(color, 'yellow', KILLED)] : []),
  ];
}

function billedText(status: JobStatus): string[] {
  const { lines } = status.summary.possibly_billed;
  if (lines === 0) return [];
  const named = status.possiblyBilledLines
    .slice(0, LINES_NAMED_MAX)
    .map(({ lineNo, customId, attempts }) => {
      const id = customId === null ? '' : ` (${oneLine(customId, NAME_CHARS_MAX)})`;
      const where = lineNo === null ? `a line no longer in the input${id}` : `line ${lineNo}${id}`;
      return `  ${where}: ${countText(attempts, 'attempt')}`;
    });
  const more =
    lines > named.length
      ? [`  and ${countText(lines - named.length, 'more line')}; --json lists them`]
      : [];
  const flying = status.state === 'running' ? ', or in flight' : '';
  return [`possibly billed without an answer${flying}:`, ...named, ...more];
}

function verifyText({ verify, summary }: JobStatus, color: boolean): string[] {
  if (verify === null) return [];
  // A results file written by an earlier run is no longer the job's.
  const unseen =
    summary.outputs.results === null
      ? '; the last run printed its results, so no results file was checked'
      : '';
  if (verify.ok) {
    const whole = 'verified: ledger and files are whole and agree with each other';
    return [paint(color, 'green', whole + unseen)];
  }
  const findings = verify.findings.map((finding) => paint(color, 'red', `  ${pathText(finding)}`));
  return [
    paint(color, 'red', `verified: ${countText(verify.findings.length, 'finding')}${unseen}`),
    ...findings,
  ];
}

/**
 * One job as text, with line breaks: its state, usage by model, quota use, possibly billed calls, findings of `--verify`,
 * then the summary of its run and the next command.
 */
export function statusText(
  status: JobStatus,
  options: { readonly color: boolean; readonly width: number },
): string {
  const { summary, state, failures, byModel, runFlags } = status;
  const table = byModel.groups.length > 0 ? [usageTable(byModel).trimEnd(), ''] : [];
  const quota = status.dispatch === null ? [] : dispatchText(status.dispatch);
  const facts = [
    ...quota,
    ...(quota.length > 0 ? [''] : []),
    ...billedText(status),
    ...verifyText(status, options.color),
  ];
  const event = {
    event: 'job-end' as const,
    summary,
    failures,
    exitCode: exitCodeOf(summary, state),
    next: nextCommand(summary, state, runFlags),
    mend: rejectedHint(summary, status, runFlags),
    filesWait: status.filesWait,
  };
  return `${[...headText(status, options.color), '', ...table, ...facts].join('\n')}\n${summaryText(event, { ...options, withTime: false })}`;
}
