import type { ReportData, ReportDistribution, ReportSeries } from '../report/report-data.ts';
import { figure } from './figure.ts';
import type { Format } from './format.ts';
import type { PlotSeries } from './plot.ts';
import type { View } from './state.ts';
import { word } from './words.ts';

const COLORS = 8;

/** A series keeps its colour in every chart. */
function colorOf(index: number): string {
  return `--series-${(index % COLORS) + 1}`;
}

function nameOf(series: ReportSeries, all: readonly ReportSeries[], format: Format): string {
  const model = series.model ?? word(format.language, 'others');
  const isOneCurrency = all.every(({ currency }) => currency === series.currency);
  return isOneCurrency ? model : `${model} (${series.currency})`;
}

type Dense = { readonly starts: readonly number[]; readonly values: readonly number[][] };

/** One value a step and series, also where nothing happened. */
function dense({ timeline }: ReportData, measures: readonly (readonly number[])[]): Dense {
  const first = timeline.at[0] ?? 0;
  const last = timeline.at.at(-1) ?? first;
  const count = Math.round((last - first) / timeline.spanMs) + 1;
  const starts = Array.from({ length: count }, (_, at) => first + at * timeline.spanMs);
  const values = timeline.series.map(() => starts.map(() => 0));
  for (const [row, at] of timeline.at.entries()) {
    const step = Math.round((at - first) / timeline.spanMs);
    const series = values[timeline.of[row] ?? 0];
    if (series === undefined) continue;
    for (const measure of measures) series[step] = (series[step] ?? 0) + (measure[row] ?? 0);
  }
  return { starts, values };
}

type OverTime = {
  readonly id: string;
  readonly title: string;
  readonly measures: readonly (readonly number[])[];
  /** Only series of this currency. */
  readonly currency?: string;
  show(value: number): string;
  showAxis(value: number): string;
};

function overTime(view: View, data: ReportData, options: OverTime): HTMLElement {
  const { format } = view;
  const { starts, values } = dense(data, options.measures);
  const { series, spanMs } = data.timeline;
  const shown = series.flatMap((one, index): PlotSeries[] =>
    options.currency !== undefined && one.currency !== options.currency
      ? []
      : [
          {
            name:
              options.currency === undefined
                ? nameOf(one, series, format)
                : nameOf(one, [one], format),
            color: colorOf(index),
            values: values[index] ?? [],
          },
        ],
  );
  const begin = starts[0] ?? 0;
  return figure(view, {
    ...options,
    kind: 'stack',
    pointsTitle: word(format.language, 'time'),
    x: starts.map((_, at) => at),
    series: shown,
    tick: (at) => format.step(begin + at * spanMs, spanMs),
    label: (at) => format.step(starts[at] ?? 0, spanMs),
  });
}

/** Cost (a currency each), tokens and calls over time, by model. */
export function timeCharts(view: View, data: ReportData): HTMLElement[] {
  const { format } = view;
  const { language } = format;
  const { timeline } = data;
  const currencies = [...new Set(timeline.series.map(({ currency }) => currency))];
  const costs = currencies.map((currency) =>
    overTime(view, data, {
      id: `cost-${currency}`,
      title: `${word(language, 'costOverTime')} (${currency})`,
      measures: [timeline.cost],
      currency,
      show: (value) => `${format.drawnAmount(value)} ${currency}`,
      showAxis: format.drawnAmount,
    }),
  );
  const tokens = overTime(view, data, {
    id: 'tokens',
    title: word(language, 'tokensOverTime'),
    measures: [timeline.inputTokens, timeline.outputTokens],
    show: format.whole,
    showAxis: format.compact,
  });
  return [...costs, tokens, callsChart(view, data)];
}

function callsChart(view: View, data: ReportData): HTMLElement {
  const { format } = view;
  const { spanMs, answered, unanswered } = data.timeline;
  const sumOf = (measure: readonly number[]): readonly number[] => {
    const { starts, values } = dense(data, [measure]);
    return starts.map((_, at) => values.reduce((sum, series) => sum + (series[at] ?? 0), 0));
  };
  const { starts } = dense(data, []);
  const begin = starts[0] ?? 0;
  return figure(view, {
    id: 'calls',
    title: word(format.language, 'callsOverTime'),
    kind: 'stack',
    pointsTitle: word(format.language, 'time'),
    x: starts.map((_, at) => at),
    series: [
      { name: word(format.language, 'answered'), color: '--good', values: sumOf(answered) },
      { name: word(format.language, 'unanswered'), color: '--bad', values: sumOf(unanswered) },
    ],
    tick: (at) => format.step(begin + at * spanMs, spanMs),
    label: (at) => format.step(starts[at] ?? 0, spanMs),
    show: format.whole,
    showAxis: format.compact,
  });
}

type Distribution = {
  readonly id: string;
  readonly title: string;
  readonly distribution: ReportDistribution;
  showEdge(value: number): string;
};

function distributionChart(view: View, data: ReportData, options: Distribution): HTMLElement {
  const { format } = view;
  const { edges, counts } = options.distribution;
  const { series } = data.timeline;
  const bins = Math.max(0, edges.length - 1);
  return figure(view, {
    ...options,
    kind: 'stack',
    note: word(format.language, 'calls'),
    pointsTitle: options.title,
    x: Array.from({ length: bins }, (_, at) => at),
    series: series.map((one, index) => ({
      name: nameOf(one, series, format),
      color: colorOf(index),
      values: counts[index] ?? [],
    })),
    tick: (at) => {
      const edge = edges[at];
      return edge === undefined || !/^[125]0*$/.test(String(edge)) ? null : options.showEdge(edge);
    },
    label: (at) => `${options.showEdge(edges[at] ?? 0)} – ${options.showEdge(edges[at + 1] ?? 0)}`,
    show: format.whole,
    showAxis: format.compact,
  });
}

/** How long answers took, and how long they were. */
export function distributionCharts(view: View, data: ReportData): HTMLElement[] {
  const { format } = view;
  return [
    distributionChart(view, data, {
      id: 'latency',
      title: word(format.language, 'latencyDistribution'),
      distribution: data.latencyMs,
      showEdge: format.duration,
    }),
    distributionChart(view, data, {
      id: 'output',
      title: word(format.language, 'outputDistribution'),
      distribution: data.outputTokens,
      showEdge: format.whole,
    }),
  ];
}
