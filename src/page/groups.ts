import type { ReportData } from '../report/report-data.ts';
import type { UsageGroup, UsageMeasures } from '../report/usage-report.ts';
import { amountColumn, numberColumn, textColumn } from './columns.ts';
import { h } from './dom.ts';
import type { View } from './state.ts';
import { type Column, sortableTable } from './table.ts';
import { type Word, word, wordOr } from './words.ts';

const NO_KEY = '–';

function measureColumns({ format }: View, rows: readonly UsageMeasures[]): Column<UsageMeasures>[] {
  const { language } = format;
  const whole = (
    title: string,
    valueOf: (row: UsageMeasures) => number | null,
  ): Column<UsageMeasures> => numberColumn(title, valueOf, format.whole);
  const amount = (
    title: Word,
    valueOf: (row: UsageMeasures) => string | null,
  ): Column<UsageMeasures> => amountColumn(format, word(language, title), { rows, valueOf });
  const output = word(language, 'output');
  return [
    whole(word(language, 'lineCount'), (row) => row.lines),
    whole(word(language, 'answered'), (row) => row.answered),
    whole(word(language, 'failed'), (row) => row.failed),
    whole(word(language, 'callCount'), (row) => row.attempts),
    whole(word(language, 'input'), (row) => row.input_tokens),
    numberColumn(word(language, 'hit'), (row) => row.cache_hit_share, format.percent),
    whole(output, (row) => row.output_tokens),
    whole(word(language, 'reasoning'), (row) => row.reasoning_tokens),
    amount('costActual', (row) => row.cost),
    ...(rows.some((row) => row.unpriced_lines > 0)
      ? [whole(word(language, 'unpricedColumn'), (row) => row.unpriced_lines)]
      : []),
    amount('perLine', (row) => row.cost_per_answered_line),
    textColumn(word(language, 'currency'), (row) => row.currency),
    amount('possiblyBilledColumn', (row) => row.possibly_billed.amount),
    whole('p50 ms', (row) => row.latency_ms.p50),
    whole('p90 ms', (row) => row.latency_ms.p90),
    whole('p99 ms', (row) => row.latency_ms.p99),
    whole(`${output} p50`, (row) => row.call_output_tokens.p50),
    whole(`${output} p90`, (row) => row.call_output_tokens.p90),
    whole(`${output} p99`, (row) => row.call_output_tokens.p99),
  ];
}

function keyColumn({ format }: View, name: string, at: number): Column<UsageGroup> {
  const { language } = format;
  const isOurs = name === 'status' || name === 'thinking';
  return {
    title: wordOr(language, name),
    sortBy: (row) => row.keys[at] ?? null,
    show: ({ keys }) => {
      // A total has no keys.
      if (keys.length === 0) return at === 0 ? word(language, 'total') : '';
      const key = keys[at] ?? NO_KEY;
      return isOurs ? wordOr(language, key) : key;
    },
  };
}

/** The table of `--by`, with its totals below. */
export function groupsSection(view: View, data: ReportData): HTMLElement {
  const { language } = view.format;
  const keys = data.by.map((name, at) => keyColumn(view, name, at));
  const table = sortableTable<UsageGroup>(view, {
    id: 'groups',
    columns: [...keys, ...measureColumns(view, [...data.groups, ...data.totals])],
    rows: data.groups,
    footer: data.by.length === 0 ? [] : data.totals.map((total) => ({ ...total, keys: [] })),
  });
  if (data.groups.length >= data.groupsTotal) return table;
  const shown = view.format.whole(data.groups.length);
  const all = view.format.whole(data.groupsTotal);
  return h('div', {}, h('p', {}, word(language, 'tooMany', shown, all)), table);
}
