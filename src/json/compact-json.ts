import { skipSpace, stringEnd } from './json-scan.ts';

/**
 * Finds, in valid JSON without white space, what `repair` must inspect: a surrogate pair or a single half (raw or escaped),
 * any other escape (consumed so that an escaped backslash before `u` is not mistaken for an escape), and the characters to
 * escape.
 */
const SUSPECT =
  /(\\u[dD][89abAB][0-9a-fA-F]{2}|[\uD800-\uDBFF])(\\u[dD][c-fC-F][0-9a-fA-F]{2}|[\uDC00-\uDFFF])?|\\u[dD][c-fC-F][0-9a-fA-F]{2}|[\uDC00-\uDFFF]|\\[^]|[\u007F-\u009F\u2028\u2029]/g;

/** A quick check, five times as fast as `NEEDS_REPAIR`: false if there is nothing to do. */
const MAY_NEED_REPAIR = /[\u007F-\u009F\u2028\u2029\uD800-\uDFFF]/;

/** True if `repair` may have work to do. With the `u` flag, the surrogates in the class are lone ones. */
const NEEDS_REPAIR = /[\u007F-\u009F\u2028\u2029\uD800-\uDFFF]|\\u[dD][89a-fA-F]/u;

const LONE_SURROGATES = /[\uD800-\uDFFF]/gu;

const REPLACEMENT = '\uFFFD';

/** Terminal escape sequences: strings (OSC, DCS, SOS, PM, APC) with their end, then CSI, then any other ESC. */
const ESCAPE_SEQUENCES =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /(?:\u001B[\]PX^_]|[\u0090\u0098\u009D-\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)|(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|\u001B[ -/]*[0-~]/g;

/** White space controls and the two line separators become one space. */
const LINE_BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;

/**
 * The other controls, bidirectional marks, and invisible characters: zero width characters (joiners too, which make ids
 * differ that look the same), soft hyphens, invisible operators, annotations, tags.
 */
const HIDDEN =
  // oxlint-disable-next-line no-control-regex -- as above
  /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** How much of a huge text is examined per character wanted. */
const LOOKED_AT_FACTOR = 4;

/**
 * A JSON text on one line, values untouched: no insignificant white space; inside strings U+2028, U+2029, DEL and the C1
 * controls as `\uXXXX`, lone surrogates (raw or escaped) as U+FFFD. Everything else stays as written: numbers (1e400, -0,
 * 1.0, 20 digits), key order, duplicate keys, escapes.
 *
 * Null if `JSON.parse` does not accept the text. Idempotent.
 */
export function compactJson(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return compactValidJson(text);
}

/** `compactJson` for a text that `JSON.parse` has already accepted; undefined for any other. */
export function compactValidJson(text: string): string {
  const dense = dropSpace(text);
  if (!MAY_NEED_REPAIR.test(dense) && !dense.includes('\\u')) return dense;
  return NEEDS_REPAIR.test(dense) ? dense.replace(SUSPECT, repair) : dense;
}

/**
 * Makes untrusted text safe to show: drops terminal escape sequences, control characters and characters that reorder or
 * hide text; line breaks and tabs become spaces, lone surrogates U+FFFD. At most `limitChars` UTF-16 units, never half a
 * character.
 */
export function printable(text: string, limitChars: number): string {
  const clean = text
    .slice(0, limitChars * LOOKED_AT_FACTOR)
    // First: two halves must not become a character once what separates them is dropped.
    .replace(LONE_SURROGATES, REPLACEMENT)
    .replace(ESCAPE_SEQUENCES, '')
    .replace(LINE_BREAKS, ' ')
    .replace(HIDDEN, '')
    .trim();
  if (clean.length <= limitChars) return clean;
  const last = clean.charCodeAt(limitChars - 1);
  const cut = last >= 0xd800 && last <= 0xdbff ? limitChars - 1 : limitChars;
  return clean.slice(0, cut);
}

function dropSpace(text: string): string {
  let kept = '';
  let keptTo = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = stringEnd(text, at);
    else if (code > 0x20) at += 1;
    else {
      kept += text.slice(keptTo, at);
      keptTo = skipSpace(text, at);
      at = keptTo;
    }
  }
  return keptTo === 0 ? text : kept + text.slice(keptTo);
}

function repair(match: string, high: string | undefined, low: string | undefined): string {
  if (high !== undefined) {
    if (low === undefined) return REPLACEMENT;
    if (high.length === low.length) return match;
    // One half raw, the other escaped: together they are a character, so it is written as one.
    return unescape(high) + unescape(low);
  }
  const code = match.charCodeAt(0);
  if (code >= 0xdc00 && code <= 0xdfff) return REPLACEMENT;
  if (code !== 0x5c) return `\\u${code.toString(16).padStart(4, '0')}`;
  return match.length === 6 ? REPLACEMENT : match;
}

function unescape(half: string): string {
  return half.length === 1 ? half : String.fromCharCode(Number.parseInt(half.slice(2), 16));
}
