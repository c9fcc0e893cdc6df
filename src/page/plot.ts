import UPlot from 'uplot';
import { h } from './dom.ts';

const HEIGHT_PX = 240;
/** Half of the width between the margins of A4 landscape. */
const PAPER_WIDTH_PX = 470;

/** `color` is the name of a CSS custom property. */
export type PlotSeries = {
  readonly name: string;
  readonly color: string;
  readonly values: readonly (number | null)[];
  /** Drawn as a dashed line: a limit. */
  readonly dashed?: boolean;
};

export type PlotOptions = {
  readonly title: string;
  /** Stacked bars, each from its x to the next; or lines. */
  readonly kind: 'stack' | 'lines';
  readonly x: readonly number[];
  readonly series: readonly PlotSeries[];
  /** The axis label at `x`; null: none. */
  tick(x: number): string | null;
  /** The name of the point at this index. */
  label(index: number): string;
  show(value: number): string;
  showAxis(value: number): string;
};

type Mounted = { readonly host: HTMLElement; readonly plot: UPlot };

let waiting: (() => Mounted)[] = [];
let mounted: Mounted[] = [];
let isPaper = false;

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const found = mounted.find(({ host }) => host === target);
    if (found !== undefined && !isPaper) fit(found);
  }
});

function widthOf(host: HTMLElement): number {
  return isPaper ? PAPER_WIDTH_PX : Math.max(240, host.clientWidth);
}

function fit({ host, plot }: Mounted): void {
  const width = widthOf(host);
  if (width !== plot.width) plot.setSize({ width, height: HEIGHT_PX });
}

/** Draws the plots created since the last call; their places must be in the document. */
export function mountPlots(): void {
  mounted = waiting.map((mount) => mount());
  waiting = [];
  for (const { host } of mounted) resized.observe(host);
}

/** Discards the drawn plots. */
export function clearPlots(): void {
  resized.disconnect();
  for (const { plot } of mounted) plot.destroy();
  mounted = [];
  waiting = [];
}

/** Redraws all plots in the current colours; for print at paper width. */
export function redrawPlots(paper: boolean): void {
  isPaper = paper;
  for (const one of mounted) {
    fit(one);
    one.plot.redraw(false, true);
  }
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A placeholder for a plot, drawn by `mountPlots`. */
export function plotPlace(options: PlotOptions): HTMLElement {
  const host = h('div', {
    class: 'plot',
    attributes: { role: 'img', 'aria-label': options.title },
  });
  waiting.push(() => ({
    host,
    plot: new UPlot(plotOptions(options, host), dataOf(options), host),
  }));
  return host;
}

/**
 * Stacked series are drawn as cumulative sums, the highest first, so that each covers all but its own part of the previous
 * one.
 */
function dataOf({ kind, x, series }: PlotOptions): UPlot.AlignedData {
  if (kind === 'lines') return [[...x], ...series.map(({ values }) => [...values])];
  const sums: number[] = x.map(() => 0);
  const stacked = series.map(({ values }) => {
    for (const [at, value] of values.entries()) sums[at] = (sums[at] ?? 0) + (value ?? 0);
    return [...sums];
  });
  return [[...x], ...stacked.toReversed()];
}

function seriesOf({ kind, series, x }: PlotOptions): UPlot.Series[] {
  if (kind === 'lines')
    return series.map(({ name, color: own, dashed }) => ({
      label: name,
      stroke: () => color(own),
      width: dashed === true ? 1.5 : 2,
      ...(dashed === true && { dash: [6, 4] }),
      points: { show: false },
    }));
  const paths = UPlot.paths.bars?.({ size: [0.88, 60], align: 1 });
  return series.toReversed().map(({ name, color: own }) => ({
    label: name,
    stroke: () => color('--surface'),
    // A gap between parts, if bars are wide enough for it.
    width: x.length > 40 ? 0 : 0.75,
    fill: () => color(own),
    points: { show: false },
    ...(paths !== undefined && { paths }),
  }));
}

function axisOf(): Pick<UPlot.Axis, 'stroke' | 'grid' | 'ticks' | 'font'> {
  return {
    stroke: () => color('--muted'),
    grid: { stroke: () => color('--grid'), width: 1 },
    ticks: { stroke: () => color('--grid'), width: 1, size: 4 },
    font: '12px system-ui, sans-serif',
  };
}

function plotOptions(options: PlotOptions, host: HTMLElement): UPlot.Options {
  const { kind, x, tick, showAxis } = options;
  const first = x[0] ?? 0;
  const last = x.at(-1) ?? 1;
  // A bar begins at its x: the last one needs room.
  const step = kind === 'stack' ? (x[1] ?? first + 1) - first : 0;
  const tip = h('div', { class: 'tip', attributes: { hidden: '' } });
  return {
    width: widthOf(host),
    height: HEIGHT_PX,
    legend: { show: false },
    // The last tick label extends beyond the edge.
    padding: [10, 30, 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: false },
      ...(kind === 'stack' && {
        dataIdx: (_plot, _series, _closest, value: number) =>
          Math.max(
            0,
            x.findLastIndex((begin) => begin <= value),
          ),
      }),
    },
    scales: {
      x: { time: false, range: [first, last + (step || 1e-9)] },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.06 : 1] },
    },
    series: [{}, ...seriesOf(options)],
    axes: [
      {
        ...axisOf(),
        grid: { show: false },
        size: 34,
        space: 64,
        splits: (plot) => ticksOf(plot, options),
        values: (_plot, splits) => splits.map((split) => tick(split) ?? ''),
      },
      {
        ...axisOf(),
        size: 62,
        values: (_plot, splits) => splits.map((split) => showAxis(split)),
      },
    ],
    hooks: {
      ready: [
        (plot) => {
          plot.over.append(tip);
        },
      ],
      setCursor: [
        (plot) => {
          showTip(plot, tip, options);
        },
      ],
    },
  };
}

/** As many of the possible ticks as fit. */
function ticksOf(plot: UPlot, { x, kind, tick }: PlotOptions): number[] {
  const room = Math.max(2, Math.floor((plot.width - 62) / 118));
  const step = (x[1] ?? 1) - (x[0] ?? 0);
  const ends = kind === 'stack' ? [...x, (x.at(-1) ?? 0) + step] : x;
  const able = ends.filter((value) => tick(value) !== null);
  const each = Math.max(1, Math.ceil(able.length / room));
  return able.filter((_, at) => at % each === 0);
}

function showTip(plot: UPlot, tip: HTMLElement, options: PlotOptions): void {
  const { idxs, left = -1 } = plot.cursor;
  const idx = idxs?.[1];
  if (idx === null || idx === undefined || left < 0) {
    tip.hidden = true;
    return;
  }
  const rows = options.series
    .map((series) => ({ series, value: series.values[idx] ?? null }))
    .filter(({ value }) => value !== null && value !== 0)
    .map(({ series, value }) =>
      h('div', {}, swatch(series.color), `${series.name}: ${options.show(value ?? 0)}`),
    );
  tip.replaceChildren(h('strong', {}, options.label(idx)), ...rows);
  tip.hidden = false;
  const isRight = left > plot.over.clientWidth / 2;
  tip.style.left = isRight ? '' : `${left + 14}px`;
  tip.style.right = isRight ? `${plot.over.clientWidth - left + 14}px` : '';
}

/** A small square in a series' colour. */
export function swatch(name: string): HTMLElement {
  const square = h('span', { class: 'swatch', attributes: { 'aria-hidden': 'true' } });
  square.style.background = `var(${name})`;
  return square;
}
