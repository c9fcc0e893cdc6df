import assert from 'node:assert/strict';

/** One member of a scanned object: `text.slice(valueStart, valueEnd)` is its value's raw text. */
export type ObjectMember = {
  /** The key with its escapes decoded. */
  readonly key: string;
  readonly valueStart: number;
  /** One past the value's last character; white space after it is not included. */
  readonly valueEnd: number;
  /** The value's own scan, if it is an object selected by key; else null. */
  readonly nested: ObjectScan | null;
};

/** The result of `scanObject`, in text order. */
export type ObjectScan = {
  /** Every member, including duplicates. */
  readonly members: readonly ObjectMember[];
  /** The first key that occurs a second time (compared decoded), or null. */
  readonly duplicate: string | null;
  /** Index one past the closing brace. */
  readonly end: number;
  /** Deepest nesting of `{` and `[`, including the object's own: 1 for `{}`. */
  readonly depth: number;
};

/**
 * Which members' objects are scanned in the same pass; `inner` for those inside them. Exactly as deep as specified: this is
 * the only place that recurses.
 */
export type NestedScan = { readonly keys: ReadonlySet<string>; readonly inner: NestedScan | null };

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Up to this many members a plain comparison finds a duplicate faster than a Set. */
const COMPARED_KEYS_MAX = 8;

/** Position of one element of a scanned array: `text.slice(start, end)` is its raw text. */
export type ArrayItem = { readonly start: number; readonly end: number };

/** Nesting count of one scan; mutable so that the scan allocates once. */
type Nesting = { deepest: number };

/**
 * The members of the object that begins at `start` (after optional white space), with its first duplicate key and its
 * depth, in one pass; members named in `into` are scanned too.
 *
 * `text` must be JSON that `JSON.parse` accepts: this function locates members and validates nothing. It does not recurse
 * (except for `into`) and decodes no values, so deep nesting and large strings cost no stack and no copies. Throws an
 * AssertionError if there is no object at `start`.
 */
export function scanObject(text: string, start = 0, into: NestedScan | null = null): ObjectScan {
  let at = skipSpace(text, start);
  assert(text.charCodeAt(at) === OPEN_OBJECT, 'scanObject: no object here');
  const members: ObjectMember[] = [];
  const nesting: Nesting = { deepest: 0 };
  at = skipSpace(text, at + 1);
  while (at < text.length && text.charCodeAt(at) !== CLOSE_OBJECT) {
    const keyEnd = stringEnd(text, at);
    const key = decodeKey(text, at, keyEnd);
    // The colon is surrounded by optional white space.
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    let nested: ObjectScan | null = null;
    let valueEnd: number;
    if (into !== null && into.keys.has(key) && text.charCodeAt(valueStart) === OPEN_OBJECT) {
      nested = scanObject(text, valueStart, into.inner);
      valueEnd = nested.end;
      if (nested.depth > nesting.deepest) nesting.deepest = nested.depth;
    } else valueEnd = skipValue(text, valueStart, nesting);
    members.push({ key, valueStart, valueEnd, nested });
    at = skipSpace(text, valueEnd);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return { members, duplicate: firstDuplicate(members), end: at + 1, depth: nesting.deepest + 1 };
}

/** The raw text of a member's value, or null if the object has none. The last of duplicates counts, as in `JSON.parse`. */
export function memberText(text: string, scan: ObjectScan, key: string): string | null {
  const member = scan.members.findLast((candidate) => candidate.key === key);
  return member === undefined ? null : text.slice(member.valueStart, member.valueEnd);
}

/**
 * The elements of the array that begins at `start` (after optional white space), in order. As with `scanObject`, `text`
 * must be valid JSON; AssertionError if there is no array.
 */
export function scanArray(text: string, start = 0): readonly ArrayItem[] {
  let at = skipSpace(text, start);
  assert(text.charCodeAt(at) === OPEN_ARRAY, 'scanArray: no array here');
  const items: ArrayItem[] = [];
  const nesting: Nesting = { deepest: 0 };
  at = skipSpace(text, at + 1);
  while (at < text.length && text.charCodeAt(at) !== CLOSE_ARRAY) {
    const end = skipValue(text, at, nesting);
    items.push({ start: at, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return items;
}

/**
 * The deepest nesting of `{` and `[` in a JSON text: 0 for a string or number, 1 for `{}`. Stops early and returns `limit +
 * 1` once it is deeper than `limit`. Not recursive.
 */
export function maxDepth(text: string, limit: number): number {
  let depth = 0;
  let deepest = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      depth += 1;
      if (depth > deepest) deepest = depth;
      if (depth > limit) return depth;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth -= 1;
    at += 1;
  }
  return deepest;
}

/** Index of the first non-white-space character at or after `from`; the length if none. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  // Every character up to the space is white space here: valid JSON has no other control outside strings.
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

/** Index one past the closing quote of the JSON string whose opening quote is at `start`. */
export function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1) {
    let before = quote - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    // An even run of backslashes consists of escaped backslashes, so the quote closes the string.
    if ((quote - 1 - before) % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

function decodeKey(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  const decoded: unknown = JSON.parse(text.slice(start, end));
  return String(decoded);
}

function skipValue(text: string, start: number, nesting: Nesting): number {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return stringEnd(text, start);
  if (code === OPEN_OBJECT || code === OPEN_ARRAY) return skipContainer(text, start, nesting);
  let at = start;
  while (at < text.length && !endsLiteral(text.charCodeAt(at))) at += 1;
  return at;
}

function endsLiteral(code: number): boolean {
  return code === COMMA || code === CLOSE_OBJECT || code === CLOSE_ARRAY || code <= 0x20;
}

function skipContainer(text: string, start: number, nesting: Nesting): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    at += 1;
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      depth += 1;
      if (depth > nesting.deepest) nesting.deepest = depth;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return at;
}

function firstDuplicate(members: readonly ObjectMember[]): string | null {
  if (members.length > COMPARED_KEYS_MAX) {
    const seen = new Set<string>();
    for (const { key } of members) {
      if (seen.has(key)) return key;
      seen.add(key);
    }
    return null;
  }
  for (let later = 1; later < members.length; later += 1) {
    const key = members[later]?.key;
    for (let earlier = 0; earlier < later; earlier += 1) {
      if (key !== undefined && members[earlier]?.key === key) return key;
    }
  }
  return null;
}
