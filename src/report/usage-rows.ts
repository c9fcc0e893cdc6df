import { decimalsOf, exactAmount } from '../reporters/amount-text.ts';
import { wholeText } from '../reporters/number-text.ts';
import { oneLine } from '../reporters/one-line.ts';
import type { UsageMeasures, UsageReport } from './usage-report.ts';

const KEY_CHARS_MAX = 120;
const UNKNOWN = '-';

function number(value: number | null): string {
  return value === null ? UNKNOWN : wholeText(value);
}

function money(amount: string | null, currency: string | null, decimals: number): string {
  return amount === null ? UNKNOWN : `${exactAmount(amount, decimals)} ${currency ?? ''}`.trimEnd();
}

/** Decimals of each column of amounts. */
type Decimals = {
  readonly cost: number;
  readonly perAnswer: number;
  readonly possiblyBilled: number;
};

function share(value: number | null): string {
  return value === null ? UNKNOWN : `${(100 * value).toFixed(1)}%`;
}

function possiblyBilled(measures: UsageMeasures, decimals: Decimals): string {
  const { attempts, amount, unpriced_attempts: unpriced } = measures.possibly_billed;
  if (attempts === 0) {
    return '0';
  }
  const parts = [
    ...(amount === null ? [] : [money(amount, measures.currency, decimals.possiblyBilled)]),
    ...(unpriced === 0 ? [] : [`${wholeText(unpriced)} unpriced`]),
  ];
  return `${wholeText(attempts)} (${parts.join(', ')})`;
}

type TextColumn = readonly [string, (group: UsageMeasures, decimals: Decimals) => string];

/** The columns of the text table: the most important of the JSON's numbers. */
const COLUMNS: readonly TextColumn[] = [
  ['lines', (group) => number(group.lines)],
  ['answered', (group) => number(group.answered)],
  ['failed', (group) => number(group.failed)],
  ['attempts', (group) => number(group.attempts)],
  ['input', (group) => number(group.input_tokens)],
  ['cached', (group) => number(group.cached_tokens)],
  ['hit', (group) => share(group.cache_hit_share)],
  ['output', (group) => number(group.output_tokens)],
  ['reasoning', (group) => number(group.reasoning_tokens)],
  ['cost', (group, { cost }) => money(group.cost, group.currency, cost)],
  ['per answer', (group, { perAnswer }) => money(group.cost_per_answered_line, null, perAnswer)],
  ['possibly billed', possiblyBilled],
  ['p50 ms', (group) => number(group.latency_ms.p50)],
  ['p90 ms', (group) => number(group.latency_ms.p90)],
  ['p99 ms', (group) => number(group.latency_ms.p99)],
  ['out p50', (group) => number(group.call_output_tokens.p50)],
  ['out p99', (group) => number(group.call_output_tokens.p99)],
];

/** What the cost beside it excludes. */
const UNPRICED: TextColumn = ['unpriced', (group) => number(group.unpriced_lines)];

/** Includes a column for unpriced answers, if there are any. */
function columnsOf({ totals }: UsageReport): readonly TextColumn[] {
  if (totals.every((total) => total.unpriced_lines === 0)) return COLUMNS;
  return COLUMNS.flatMap((column) => (column[0] === 'cost' ? [column, UNPRICED] : [column]));
}

/** A usage report as printable cells: shared by the table and the Markdown rendering. */
export type UsageRows = {
  readonly header: readonly string[];
  readonly groups: readonly (readonly string[])[];
  /** One row per currency, its first cell `total`; without by-keys the groups are the totals and this is empty. */
  readonly totals: readonly (readonly string[])[];
  /** By column: whether it holds numbers. */
  readonly right: readonly boolean[];
};

function keyText(value: string | null): string {
  return value === null || value === '' ? UNKNOWN : oneLine(value, KEY_CHARS_MAX);
}

/**
 * Converts a report to text cells; amounts in a column have the same number of decimals, unknown values are `-`, untrusted
 * text is made printable.
 */
export function usageRows(report: UsageReport): UsageRows {
  const { by, groups, totals } = report;
  const shown: readonly UsageMeasures[] = [...groups, ...totals];
  const decimals: Decimals = {
    cost: decimalsOf(shown.map(({ cost }) => cost)),
    perAnswer: decimalsOf(shown.map((group) => group.cost_per_answered_line)),
    possiblyBilled: decimalsOf(shown.map((group) => group.possibly_billed.amount)),
  };
  const columns = columnsOf(report);
  const measures = (group: UsageMeasures): string[] =>
    columns.map(([, textOf]) => textOf(group, decimals));
  const keyCells = (first: string): string[] => by.map((_, index) => (index === 0 ? first : ''));
  return {
    header: [...by.map((name) => oneLine(name, KEY_CHARS_MAX)), ...columns.map(([name]) => name)],
    groups: groups.map((group) => [
      ...by.map((_, index) => keyText(group.keys[index] ?? null)),
      ...measures(group),
    ]),
    totals:
      by.length === 0 ? [] : totals.map((total) => [...keyCells('total'), ...measures(total)]),
    right: [...by.map(() => false), ...columns.map(() => true)],
  };
}
