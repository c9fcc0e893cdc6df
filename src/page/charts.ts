import type { ReportData, ReportDistribution, ReportSeries } from '../report/report-data.ts';
import { figure, type FigureOptions } from './figure.ts';
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

/** The start of each step of the timeline, including empty ones. */
function startsOf({ timeline }: ReportData): readonly number[] {
  const first = timeline.at[0] ?? 0;
  const last = timeline.at.at(-1) ?? first;
  const count = Math.round((last - first) / timeline.spanMs) + 1;
  return Array.from({ length: count }, (_, at) => first + at * timeline.spanMs);
}

type Measure = readonly number[];

/** The sums of some measures, by series and step; 0 if empty. */
function sumsOf(data: ReportData, measures: readonly Measure[]): readonly (readonly number[])[] {
  const { timeline } = data;
  const starts = startsOf(data);
  const sums = timeline.series.map(() => starts.map(() => 0));
  for (const [row, at] of timeline.at.entries()) {
    const step = Math.round((at - (starts[0] ?? 0)) / timeline.spanMs);
    const series = sums[timeline.of[row] ?? 0];
    if (series === undefined) continue;
    for (const measure of measures) series[step] = (series[step] ?? 0) + (measure[row] ?? 0);
  }
  return sums;
}

/** The sums of some measures by model, in one currency or in all. */
function byModel(
  format: Format,
  data: ReportData,
  measures: readonly Measure[],
  currency?: string,
): PlotSeries[] {
  const sums = sumsOf(data, measures);
  const shown = data.timeline.series
    .map((series, index) => ({ series, index }))
    .filter(({ series }) => currency === undefined || series.currency === currency);
  const all = shown.map(({ series }) => series);
  return shown.map(({ series, index }) => ({
    name: nameOf(series, all, format),
    color: colorOf(index),
    values: sums[index] ?? [],
  }));
}

function overTime(
  view: View,
  data: ReportData,
  options: Pick<FigureOptions, 'id' | 'title' | 'series' | 'show' | 'showAxis'>,
): HTMLElement {
  const { format } = view;
  const { spanMs } = data.timeline;
  const starts = startsOf(data);
  const moment = (at: number): string => format.step((starts[0] ?? 0) + at * spanMs, spanMs);
  return figure(view, {
    ...options,
    kind: 'stack',
    pointsTitle: word(format.language, 'time'),
    x: [...starts.keys()],
    tick: moment,
    label: moment,
  });
}

/** Cost (one chart per currency), tokens and calls over time, by model. */
export function timeCharts(view: View, data: ReportData): HTMLElement[] {
  const { format } = view;
  const { language } = format;
  const { timeline } = data;
  const currencies = [...new Set(timeline.series.map(({ currency }) => currency))];
  const costs = currencies.map((currency) =>
    overTime(view, data, {
      id: `cost-${currency}`,
      title: `${word(language, 'costOverTime')} (${currency})`,
      series: byModel(format, data, [timeline.cost], currency),
      show: (value) => `${format.drawnAmount(value)} ${currency}`,
      showAxis: format.drawnAmount,
    }),
  );
  const tokens = overTime(view, data, {
    id: 'tokens',
    title: word(language, 'tokensOverTime'),
    series: byModel(format, data, [timeline.inputTokens, timeline.outputTokens]),
    show: format.whole,
    showAxis: format.compact,
  });
  return [...costs, tokens, callsChart(view, data)];
}

function callsChart(view: View, data: ReportData): HTMLElement {
  const { format } = view;
  const { language } = format;
  const { answered, unanswered } = data.timeline;
  const allModels = (measure: Measure): readonly number[] => {
    const sums = sumsOf(data, [measure]);
    return startsOf(data).map((_, at) => sums.reduce((sum, series) => sum + (series[at] ?? 0), 0));
  };
  return overTime(view, data, {
    id: 'calls',
    title: word(language, 'callsOverTime'),
    series: [
      { name: word(language, 'answered'), color: '--good', values: allModels(answered) },
      { name: word(language, 'unanswered'), color: '--bad', values: allModels(unanswered) },
    ],
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

/** Distributions of latency and answer length. */
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
