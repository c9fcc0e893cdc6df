import { h, plain } from './dom.ts';
import type { View } from './state.ts';

export type Column<Row> = {
  readonly title: string;
  readonly numeric?: boolean;
  /** The sort key of rows; null goes last. */
  sortBy(row: Row): string | number | null;
  show(row: Row): string | Node;
};

type TableOptions<Row> = {
  readonly id: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Unsorted rows at the bottom. */
  readonly footer?: readonly Row[];
};

function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function rowOf<Row>(columns: readonly Column<Row>[], row: Row): HTMLTableRowElement {
  const cells = columns.map((column) => {
    const shown = column.show(row);
    if (typeof shown !== 'string') return h('td', {}, shown);
    if (column.numeric === true) return h('td', { class: 'number' }, plain(shown));
    return h('td', {}, h('span', { class: 'name' }, plain(shown)));
  });
  return h('tr', {}, ...cells);
}

/** A table sorted by clicking a column; a second click reverses the order. */
export function sortableTable<Row>(view: View, options: TableOptions<Row>): HTMLElement {
  const { id, columns, rows, footer = [] } = options;
  const body = h('tbody');
  const heads = columns.map((column, index) => {
    const button = h(
      'button',
      {
        attributes: { type: 'button' },
        onClick: () => {
          const before = view.choices.sorts.get(id);
          const isSame = before?.column === index;
          const descending = isSame ? !before.descending : column.numeric === true;
          view.choices.sorts.set(id, { column: index, descending });
          fill();
        },
      },
      plain(column.title),
    );
    const attributes = { scope: 'col' };
    return h(
      'th',
      column.numeric === true ? { class: 'number', attributes } : { attributes },
      button,
    );
  });
  const fill = (): void => {
    const sort = view.choices.sorts.get(id);
    for (const [index, head] of heads.entries()) {
      const isSorted = sort?.column === index;
      head.ariaSort = isSorted ? (sort.descending ? 'descending' : 'ascending') : 'none';
    }
    body.replaceChildren(...sorted(columns, rows, sort).map((row) => rowOf(columns, row)));
  };
  fill();
  const table = h(
    'table',
    { attributes: { id } },
    h('thead', {}, h('tr', {}, ...heads)),
    body,
    footer.length === 0 ? null : h('tfoot', {}, ...footer.map((row) => rowOf(columns, row))),
  );
  return h('div', { class: 'scroll', attributes: { tabindex: '0' } }, table);
}

function sorted<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  sort: { readonly column: number; readonly descending: boolean } | undefined,
): readonly Row[] {
  const column = columns[sort?.column ?? -1];
  if (sort === undefined || column === undefined) return rows;
  return rows.toSorted((a, b) => {
    const [left, right] = [column.sortBy(a), column.sortBy(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sort.descending ? compare(right, left) : compare(left, right);
  });
}

/** A details element that stays open across redraws. */
export function details(view: View, id: string, summary: string, content: Node): HTMLElement {
  const element = h('details', { attributes: { id } }, h('summary', {}, summary), content);
  element.open = view.choices.open.has(id);
  element.addEventListener('toggle', () => {
    if (element.open) view.choices.open.add(id);
    else view.choices.open.delete(id);
  });
  return element;
}
