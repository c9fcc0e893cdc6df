import { parquetMetadata, parquetReadObjects } from 'hyparquet';

/** A copy whose memory is its own. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

/** The rows of a Parquet file, read by another library than the one that wrote it. */
export function readParquet(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: bufferOf(bytes) });
}

/** The names of its columns. */
export function parquetColumns(bytes: Uint8Array): string[] {
  return parquetMetadata(bufferOf(bytes))
    .schema.slice(1)
    .map(({ name }) => name);
}

/** The rows of each of its row groups. */
export function parquetGroups(bytes: Uint8Array): number[] {
  return parquetMetadata(bufferOf(bytes)).row_groups.map((group) => Number(group.num_rows));
}
