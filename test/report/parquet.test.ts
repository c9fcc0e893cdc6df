import { expect, test } from 'vitest';
import { type Cell, parquetPieces } from '../../src/report/parquet.ts';
import { parquetGroups, readParquet } from '../helpers/read-parquet.ts';

const COLUMNS = [
  { name: 'line', kind: 'whole' },
  { name: 'share', kind: 'fraction' },
  { name: 'cost', kind: 'amount' },
  { name: 'at', kind: 'time' },
  { name: '说明', kind: 'text' },
] as const;

async function written(
  rows: Iterable<readonly Cell[]>,
): Promise<{ bytes: Buffer; pieces: number }> {
  const pieces: Uint8Array[] = [];
  for await (const piece of parquetPieces(COLUMNS, rows)) pieces.push(piece);
  return { bytes: Buffer.concat(pieces), pieces: pieces.length };
}

test('parquetPieces: every kind of cell comes back as it was', async () => {
  const { bytes } = await written([
    [9_007_199_254_740_991, 0.25, '1234.5', '2026-08-01T09:30:00.001Z', '=SUM(A1)\u2028</script>'],
    [0, null, '0.000000000001', null, ''],
    [null, -1, null, '1969-12-31T23:59:59.999Z', null],
  ]);
  expect(await readParquet(bytes)).toEqual([
    {
      line: 9_007_199_254_740_991n,
      share: 0.25,
      cost: 1234.5,
      at: new Date('2026-08-01T09:30:00.001Z'),
      说明: '=SUM(A1)\u2028</script>',
    },
    { line: 0n, share: null, cost: 1e-12, at: null, 说明: '' },
    { line: null, share: -1, cost: null, at: new Date(-1), 说明: null },
  ]);
});

test('parquetPieces: many rows are written group by group, none lost', async () => {
  function* rows(): Generator<readonly Cell[]> {
    for (let line = 1; line <= 50_001; line += 1) yield [line, null, null, null, `第${line}行`];
  }
  const { bytes, pieces } = await written(rows());
  expect(parquetGroups(bytes)).toEqual([20_000, 20_000, 10_001]);
  // One a group, and the end of the file.
  expect(pieces).toBe(4);
  const read = await readParquet(bytes);
  expect(read.map((row) => Number(row['line']))).toEqual(
    Array.from({ length: 50_001 }, (_, index) => index + 1),
  );
  expect(read[49_999]?.['说明']).toBe('第50000行');
});

test('parquetPieces: long answers make smaller groups', async () => {
  const long = '长'.repeat(3 * 1024 * 1024);
  const { bytes } = await written(
    Array.from({ length: 7 }, (_, at) => [at, null, null, null, long]),
  );
  expect(parquetGroups(bytes)).toEqual([3, 3, 1]);
});
