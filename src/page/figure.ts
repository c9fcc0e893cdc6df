import { h, plain } from './dom.ts';
import { type PlotOptions, plotPlace, swatch } from './plot.ts';
import type { View } from './state.ts';
import { type Column, details, sortableTable } from './table.ts';
import { word } from './words.ts';

export type FigureOptions = PlotOptions & {
  readonly id: string;
  /** The meaning of the points: header of the first column of the values. */
  readonly pointsTitle: string;
  /** Beside the title. */
  readonly note?: string;
};

/** A chart with its title, its legend, and all its values as a table for accessibility. */
export function figure(view: View, options: FigureOptions): HTMLElement {
  const { id, title, note, series } = options;
  const legend = h(
    'ul',
    { class: 'legend' },
    ...series.map(({ name, color }) => h('li', {}, swatch(color), plain(name))),
  );
  return h(
    'figure',
    { attributes: { id } },
    h('figcaption', {}, h('h3', {}, title), note === undefined ? null : h('small', {}, note)),
    plotPlace(options),
    legend,
    details(view, `${id}-values`, word(view.format.language, 'values'), valuesTable(view, options)),
  );
}

function valuesTable(view: View, options: FigureOptions): HTMLElement {
  const { id, x, series, label, show, pointsTitle } = options;
  const columns: Column<number>[] = [
    { title: pointsTitle, sortBy: (at) => x[at] ?? null, show: label },
    ...series.map(({ name, values }): Column<number> => ({
      title: name,
      numeric: true,
      sortBy: (at) => values[at] ?? null,
      show: (at) => {
        const value = values[at] ?? null;
        // The plotted value, for programs that read the page.
        return value === null
          ? ''
          : h('data', { attributes: { value: String(value) } }, show(value));
      },
    })),
  ];
  return sortableTable(view, { id: `${id}-table`, columns, rows: [...x.keys()] });
}
