import { scanArray, scanObject } from '../json/json-scan.ts';

/**
 * An object of a reply as raw JSON text by key, in order; for duplicate keys the last value counts. Passed-through values
 * stay raw, so that numbers reach the output as the service wrote them.
 */
export type RawObject = ReadonlyMap<string, string>;

const EMPTY: RawObject = new Map();

/** The members of an object's raw text; empty if the text is absent or no object. */
export function rawMembers(text: string | undefined): RawObject {
  if (text === undefined || !text.startsWith('{')) return EMPTY;
  const members = new Map<string, string>();
  for (const { key, valueStart, valueEnd } of scanObject(text).members) {
    members.set(key, text.slice(valueStart, valueEnd));
  }
  return members;
}

/** The elements of an array's raw text; empty if the text is absent or no array. */
export function rawItems(text: string | undefined): readonly string[] {
  if (text === undefined || !text.startsWith('[')) return [];
  return scanArray(text).map(({ start, end }) => text.slice(start, end));
}

/** The value of a raw string; null if it is absent or no string. */
export function rawString(text: string | undefined): string | null {
  if (text === undefined || !text.startsWith('"')) return null;
  const value: unknown = JSON.parse(text);
  return typeof value === 'string' ? value : null;
}

/** The value of a raw number that is an index (a safe integer from 0 up); null for anything else. */
export function rawIndex(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return null;
  return Number(text);
}

/** An object as JSON text; members with null raw text are omitted. */
export function objectText(members: Iterable<readonly [string, string | null]>): string {
  const parts: string[] = [];
  for (const [key, raw] of members) {
    if (raw !== null) parts.push(`${JSON.stringify(key)}:${raw}`);
  }
  return `{${parts.join(',')}}`;
}

/** Copies a member into `target`, but does not replace an existing one by a null or empty one. */
export function keepMember(target: Map<string, string>, key: string, raw: string): void {
  const known = target.get(key);
  // Most members are the same in every frame.
  if (known === raw) return;
  const empty = raw === 'null' || raw === '""' || raw === '[]' || raw === '{}';
  if (known === undefined) target.set(ownText(key), ownText(raw));
  else if (!empty) target.set(key, ownText(raw));
}

/** V8 copies shorter substrings; longer ones are views. */
const VIEW_CHARS_MIN = 13;

/** A copy of a substring that does not keep the whole string in memory: part of a frame would keep the frame. */
export function ownText(text: string): string {
  return text.length < VIEW_CHARS_MIN ? text : Buffer.from(text).toString();
}
