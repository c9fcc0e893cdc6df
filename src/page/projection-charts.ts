import type { ReportData, ReportEstimate } from '../report/report-data.ts';
import { h } from './dom.ts';
import { figure } from './figure.ts';
import type { View } from './state.ts';
import { word } from './words.ts';

/** Bars that can be distinguished side by side; the table has all rows. */
const ROWS_MAX = 8;
/** Expected, actual, and a gap. */
const PLACES = 3;

/** Expected against actual usage, per model, or per job if unknown by model. */
export function projectionCharts(view: View, data: ReportData): HTMLElement | null {
  const byModel = data.estimates.filter(({ model }) => model !== null);
  const rows = (byModel.length > 0 ? byModel : data.estimates).slice(0, ROWS_MAX);
  if (rows.length === 0) return null;
  const { format } = view;
  const currencies = [...new Set(rows.map(({ currency }) => currency))];
  const costs = currencies.map((currency) =>
    pairChart(view, {
      id: `projected-cost-${currency}`,
      title: `${word(format.language, 'cost')} (${currency})`,
      rows: rows.filter((row) => row.currency === currency),
      expected: (row) => row.costEstimated,
      actual: (row) => row.costActual,
      show: format.drawnAmount,
    }),
  );
  const output = pairChart(view, {
    id: 'projected-output',
    title: word(format.language, 'outputTokens'),
    rows,
    expected: (row) => row.outputEstimated,
    actual: (row) => row.outputActual,
    show: format.whole,
  });
  return h('div', { class: 'pair' }, ...costs, output);
}

type Pair = {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly ReportEstimate[];
  expected(row: ReportEstimate): number;
  actual(row: ReportEstimate): number;
  show(value: number): string;
};

function pairChart(view: View, { rows, expected, actual, ...about }: Pair): HTMLElement {
  const { format } = view;
  const { language } = format;
  const nameOf = (row: ReportEstimate | undefined): string => {
    const thinks = row?.thinking === true ? ` (${word(language, 'thinking')})` : '';
    return `${row?.model ?? row?.job ?? ''}${thinks}`;
  };
  return figure(view, {
    ...about,
    kind: 'stack',
    pointsTitle: word(language, 'model'),
    x: rows.flatMap((_, at) => [PLACES * at, PLACES * at + 1]),
    series: [
      {
        name: word(language, 'expected'),
        color: '--series-8',
        values: rows.flatMap((row) => [expected(row), null]),
      },
      {
        name: word(language, 'actual'),
        color: '--series-1',
        values: rows.flatMap((row) => [null, actual(row)]),
      },
    ],
    tick: (x) => (x % PLACES === 0 ? nameOf(rows[x / PLACES]) : null),
    label: (index) => nameOf(rows[Math.floor(index / 2)]),
    showAxis: about.id === 'projected-output' ? format.compact : format.drawnAmount,
  });
}
