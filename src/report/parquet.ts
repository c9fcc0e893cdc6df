import type { SchemaElement } from 'hyparquet';
import type { ColumnSource } from 'hyparquet-writer';

/**
 * The type of a column: integers (64 bits), fractions (doubles), exact decimals with 12 places, timestamps (ISO 8601 in the
 * cells, UTC milliseconds in the file), or text. All nullable.
 */
export type ColumnKind = 'whole' | 'fraction' | 'amount' | 'time' | 'text';

export type Column = { readonly name: string; readonly kind: ColumnKind };
export type Cell = string | number | null;
type Stored = bigint | number | string | null;

/** Rows per group, so that its columns are worth reading separately. */
const GROUP_ROWS = 20_000;
/** A group of long answers ends earlier: it is held whole while it is written. */
const GROUP_UNITS = 8 * 1024 * 1024;
const AMOUNT_DECIMALS = 12;

/** Source: Parquet format, LogicalTypes.md, 2025-03: decimals of 38 digits take 16 bytes. */
const ELEMENTS: Readonly<Record<ColumnKind, Omit<SchemaElement, 'name'>>> = {
  whole: { type: 'INT64' },
  fraction: { type: 'DOUBLE' },
  amount: {
    type: 'FIXED_LEN_BYTE_ARRAY',
    type_length: 16,
    converted_type: 'DECIMAL',
    precision: 38,
    scale: AMOUNT_DECIMALS,
  },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
};

const STORED: Readonly<Record<ColumnKind, (cell: string | number) => Stored>> = {
  whole: (cell) => BigInt(cell),
  fraction: Number,
  amount: (cell) => unscaled(String(cell)),
  time: (cell) => BigInt(Date.parse(String(cell))),
  text: String,
};

/** `1.5` as an integer in units of the twelfth decimal. */
function unscaled(amount: string): bigint {
  const [whole = '', decimals = ''] = amount.split('.');
  return BigInt(whole + decimals.padEnd(AMOUNT_DECIMALS, '0'));
}

/**
 * Rows as an Apache Parquet file, piece by piece; memory is that of one row group, however many rows there are. The
 * encoding library is loaded only here.
 */
export async function* parquetPieces(
  columns: readonly Column[],
  rows: Iterable<readonly Cell[]>,
): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const writer = new ByteWriter();
  const file = new ParquetWriter({ writer, schema: schemaOf(columns), createdBy: 'qbatch' });
  const taken = (): Uint8Array => {
    const piece = writer.getBytes().slice();
    writer.index = 0;
    return piece;
  };
  for (const columnData of rowGroups(columns, rows)) {
    const rowGroupSize = columnData[0]?.data.length ?? 0;
    await file.write({ columnData, rowGroupSize });
    yield taken();
  }
  await file.finish();
  yield taken();
}

function schemaOf(columns: readonly Column[]): SchemaElement[] {
  return [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, kind }): SchemaElement => ({
      name,
      repetition_type: 'OPTIONAL',
      ...ELEMENTS[kind],
    })),
  ];
}

function* rowGroups(
  columns: readonly Column[],
  rows: Iterable<readonly Cell[]>,
): Generator<ColumnSource[]> {
  const fresh = (): Stored[][] => columns.map(() => []);
  let values = fresh();
  let count = 0;
  let units = 0;
  const group = (): ColumnSource[] =>
    columns.map(({ name }, at) => ({ name, data: values[at] ?? [] }));
  for (const row of rows) {
    for (const [at, { kind }] of columns.entries()) {
      const cell = row[at] ?? null;
      if (typeof cell === 'string') units += cell.length;
      values[at]?.push(cell === null ? null : STORED[kind](cell));
    }
    count += 1;
    if (count < GROUP_ROWS && units < GROUP_UNITS) continue;
    yield group();
    values = fresh();
    count = 0;
    units = 0;
  }
  if (count > 0) yield group();
}
