import type { ModelRecord } from './model-record.ts';

/** An entry of the user's catalog may have any name: the id that it is based on tells the family. */
export function canonicalIdOf(record: ModelRecord): string {
  return record.canonical ?? record.id;
}
