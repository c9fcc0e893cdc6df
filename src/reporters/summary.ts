import { exactAmount } from './amount-text.ts';
import { durationText } from './duration-text.ts';
import { countText, wholeText } from './number-text.ts';
import { oneLine, STOP_CHARS_MAX } from './one-line.ts';
import { pathText } from './path-text.ts';
import type { FailureGroup, RunEvent, RunSummary } from './reporter.ts';
import { paint } from './style.ts';
import type { Style } from './style.ts';
import { cutToWidth, textWidth } from './text-width.ts';

type JobEnd = Extract<RunEvent, { readonly event: 'job-end' }>;

const FAILURE_GROUPS_MAX = 10;
const CODE_CHARS_MAX = 80;
const MESSAGE_COLUMNS_MIN = 40;

function filesText(summary: RunSummary): string[] {
  const { results, errors } = summary.outputs;
  const paths = [
    ['results', results === null ? 'printed' : results],
    ['errors', errors],
    ['ledger', summary.ledger],
  ] as const;
  // Never truncated: a path must be copyable.
  return paths.map(([name, path]) => `${name.padEnd(8)} ${pathText(path)}`);
}

/** That the files above are not this run's yet: who opens them would take old answers for new ones. */
function waitText({ summary, filesWait = false }: JobEnd): string[] {
  if (!filesWait) return [];
  const files =
    summary.outputs.results === null
      ? 'the errors file is still the earlier one'
      : 'the output files are still the earlier ones';
  const when = 'replaced once every line is settled';
  return [`note     ${files}, ${when}; until then qbatch export prints what is settled`];
}

function part(count: number | null, noun: string): string {
  return count === null || count === 0 ? '' : ` (${wholeText(count)} ${noun})`;
}

function known(count: number | null): string {
  return count === null ? '?' : wholeText(count);
}

function tokensText(summary: RunSummary): string {
  const { usage } = summary;
  const calls = countText(summary.attempts, 'attempt');
  if (usage.input_tokens === null && usage.output_tokens === null && usage.total_tokens === null) {
    return `tokens   none reported, ${calls}`;
  }
  const input = `${known(usage.input_tokens)} in${part(usage.cached_tokens, 'cached')}`;
  const output = `${known(usage.output_tokens)} out${part(usage.reasoning_tokens, 'reasoning')}`;
  return `tokens   ${input}, ${output}, ${known(usage.total_tokens)} in all, ${calls}`;
}

function costText(summary: RunSummary): string[] {
  const { amount, currency, unpriced_lines: unpriced } = summary.cost;
  const unbilled = summary.simulated ? ' (simulated: nothing was billed)' : '';
  const shown = `${exactAmount(amount)} ${currency}${unbilled}`;
  const billed = summary.possibly_billed;
  const lines = [];
  if (unpriced === 0) {
    lines.push(`cost     ${shown}`);
  } else {
    const those = `${countText(unpriced, 'line')} without a known price or reported tokens`;
    lines.push(`cost     ${shown}, not counting ${those} (--catalog gives prices)`);
  }
  if (billed.attempts > 0) {
    const price =
      billed.amount === null ? 'price unknown' : `${exactAmount(billed.amount)} ${currency}`;
    const tokens = countText(billed.tokens, 'token');
    const calls = `${countText(billed.attempts, 'attempt')} on ${countText(billed.lines, 'line')}`;
    const unpriced = billed.amount === null ? 0 : billed.unpriced_attempts;
    const missing =
      unpriced === 0
        ? ''
        : `, not counting ${countText(unpriced, 'attempt')} without a known price`;
    lines.push(
      `besides  ${price} possibly billed without an answer: ${calls}, ${tokens}${missing}`,
    );
  }
  return lines;
}

function offBy({ estimated, actual }: { estimated: number; actual: number }): string {
  if (estimated <= 0) return 'unknown';
  const percent = (actual / estimated - 1) * 100;
  const size = Math.abs(percent);
  if (size < 0.05) return 'as expected';
  // Rounded to "100% less", it would say that nothing was used.
  if (percent <= -99.5 && actual > 0) return 'over 99% less';
  return `${size.toFixed(size < 10 ? 1 : 0)}% ${percent > 0 ? 'more' : 'less'}`;
}

/** How far off the estimates were: shows what the next one is worth. */
function estimateText({ estimate, cost: { currency } }: RunSummary): string[] {
  if (estimate === null) return [];
  const { lines, input_tokens: input, output_tokens: output, cost } = estimate;
  const tokens = `input ${offBy(input)}, output ${offBy(output)}`;
  const answers = countText(lines, 'answer');
  if (cost === null) return [`expected of ${answers}, tokens: ${tokens}`];
  const money = { estimated: Number(cost.estimated), actual: Number(cost.actual) };
  const amount = `${exactAmount(cost.estimated)} ${currency}`;
  return [`expected ${amount} for ${answers}; they cost ${offBy(money)} (tokens: ${tokens})`];
}

function failureText(group: FailureGroup, width: number): string {
  const code = oneLine(group.code, CODE_CHARS_MAX);
  const head = `${countText(group.lines, 'line')}: ${code}: `;
  const tail = `; first: line ${group.line}`;
  const room = Math.max(MESSAGE_COLUMNS_MIN, width - textWidth(head) - textWidth(tail));
  return head + cutToWidth(oneLine(group.example), room) + tail;
}

function failuresText(failures: readonly FailureGroup[], width: number): string[] {
  const shown = failures.slice(0, FAILURE_GROUPS_MAX).map((group) => failureText(group, width));
  const hidden = failures.slice(FAILURE_GROUPS_MAX);
  if (hidden.length > 0) {
    const lines = hidden.reduce((sum, group) => sum + group.lines, 0);
    const codes = countText(hidden.length, 'other code');
    shown.push(`${countText(lines, 'line')}: ${codes}, see the errors file`);
  }
  return shown;
}

function headline(summary: RunSummary, withTime: boolean): string {
  const { total, answered, failed, rejected, open } = summary.lines;
  const counts = [
    `${wholeText(answered)} answered`,
    `${wholeText(failed)} failed`,
    `${wholeText(rejected)} rejected`,
    ...(open > 0 ? [`${wholeText(open)} open`] : []),
  ];
  const time = withTime ? ` in ${durationText(summary.elapsed_ms)}` : '';
  const took = `of ${countText(total, 'line')}${time}`;
  const stopped =
    summary.stopped === null
      ? ''
      : `stopped: ${oneLine(summary.stopped.message, STOP_CHARS_MAX)}; `;
  return `${stopped}${counts.join(', ')} ${took}`;
}

function headlineStyle(event: JobEnd): Style {
  if (event.exitCode === 0) {
    return 'green';
  }
  return event.exitCode === 1 || event.exitCode === 3 ? 'yellow' : 'red';
}

/**
 * The end of a run as text, with line breaks: files, tokens, cost (possibly billed amounts separately), failures grouped by
 * code, and last the outcome and the next command. Pure. `width` is in columns; messages are truncated to it, paths and the
 * next command never are. `withTime`: false if nothing has run.
 */
export function summaryText(
  event: JobEnd,
  options: { readonly color: boolean; readonly width: number; readonly withTime?: boolean },
): string {
  const { color, width, withTime = true } = options;
  const { summary } = event;
  const facts = [
    ...filesText(summary),
    ...waitText(event),
    tokensText(summary),
    ...costText(summary),
    ...estimateText(summary),
  ];
  const failures = failuresText(event.failures, width);
  const lines = [
    ...facts.map((line) => paint(color, 'dim', line)),
    ...failures.map((line) => paint(color, 'red', line)),
    paint(color, headlineStyle(event), headline(summary, withTime)),
  ];
  const { next, mend = null } = event;
  if (next !== null) lines.push(paint(color, 'bold', `next: ${pathText(next)}`));
  if (mend !== null)
    lines.push(paint(color, 'bold', `${next === null ? 'next' : 'or'}: ${pathText(mend)}`));
  return `${lines.join('\n')}\n`;
}
