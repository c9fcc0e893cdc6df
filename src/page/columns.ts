import { decimalsOf } from '../reporters/amount-text.ts';
import type { Format } from './format.ts';
import type { Column } from './table.ts';

/** A column of text. */
export function textColumn<Row>(title: string, valueOf: (row: Row) => string | null): Column<Row> {
  return { title, sortBy: valueOf, show: (row) => valueOf(row) ?? '' };
}

/** A column of numbers, shown by `show`. */
export function numberColumn<Row>(
  title: string,
  valueOf: (row: Row) => number | null,
  show: (value: number | null) => string,
): Column<Row> {
  return { title, numeric: true, sortBy: valueOf, show: (row) => show(valueOf(row)) };
}

/** A column of exact decimal amounts, aligned at their decimal points across all `rows`. */
export function amountColumn<Row>(
  format: Format,
  title: string,
  column: { readonly rows: readonly Row[]; valueOf(row: Row): string | null },
): Column<Row> {
  const { rows, valueOf } = column;
  const decimals = decimalsOf(rows.map(valueOf));
  return {
    title,
    numeric: true,
    sortBy: (row) => {
      const text = valueOf(row);
      return text === null ? null : Number(text);
    },
    show: (row) => format.amount(valueOf(row), decimals),
  };
}
