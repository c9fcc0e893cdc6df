import type { ModelRecord } from './model-record.ts';

/** The id that determines the family: an entry of the user's catalog may have any name, and is based on another id. */
export function canonicalIdOf(record: ModelRecord): string {
  return record.canonical ?? record.id;
}
