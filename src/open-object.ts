import { type ObjectMember, scanObject } from './json-scan.ts';
import type { Problem } from './problem.ts';

/** Deepest nesting of `{` and `[` in a line, its own included (cli.md section 2). */
const DEPTH_MAX = 512;

function invalid(path: string, message: string, code: string): Problem {
  return { severity: 'error', path, code, message };
}

/** The reason without the excerpt of the line that newer Node versions put into it. */
function jsonReason(error: unknown): string {
  const message = (error as Error).message;
  const position = /at position (\d+)/.exec(message)?.[1];
  const what = /^(Unexpected token|Unexpected end|Unterminated string|Expected [^,]*|Bad [^,]*|Unexpected non-whitespace)/.exec(message)?.[1];
  const reason = what === undefined || what === 'Unexpected token' ? 'unexpected character' : what.toLowerCase();
  return position === undefined ? 'not valid JSON: it ends too early or holds an unexpected character' : `not valid JSON: ${reason} at column ${Number(position) + 1}`;
}

/** An object of a line: parsed, and the raw text of each of its members. */
export type OpenObject = {
  readonly value: Readonly<Record<string, unknown>>;
  readonly raw: ReadonlyMap<string, string>;
};

/** A line's text to its object with the raw text of each member, or the reason why not. */
export function openLine(text: string): OpenObject | Problem {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return invalid('', jsonReason(error), 'qbatch_invalid_json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid('', 'the line is not a JSON object; put one {...} on each line', 'qbatch_invalid_json');
  }
  const scan = scanObject(text);
  if (scan.depth > DEPTH_MAX) {
    return invalid('', `the line is nested ${scan.depth} levels deep; at most ${DEPTH_MAX} are allowed`, 'qbatch_too_deep');
  }
  if (scan.duplicate !== null) return duplicateKey('', scan.duplicate);
  return { value: value as Record<string, unknown>, raw: rawMembers(text, scan.members) };
}

/** The problem of a key that stands twice in one object: parsers disagree on which one counts. */
export function duplicateKey(path: string, key: string): Problem {
  return invalid(path, `the key ${JSON.stringify(key)} is given twice${path === '' ? '' : ` in ${path}`}; keep one`, 'qbatch_duplicate_key');
}

export function isProblem(value: OpenObject | Problem): value is Problem {
  return 'severity' in value;
}

/** Opens an object inside a line by its raw text; what is no object, or repeats a key, is a problem. */
export function openNested(value: unknown, raw: string | undefined, path: string): OpenObject | Problem {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || raw === undefined) {
    return invalid(path, `${path} must be a JSON object`, 'qbatch_invalid_request');
  }
  const scan = scanObject(raw);
  if (scan.duplicate !== null) return duplicateKey(path, scan.duplicate);
  return { value: value as Record<string, unknown>, raw: rawMembers(raw, scan.members) };
}

function rawMembers(text: string, members: readonly ObjectMember[]): ReadonlyMap<string, string> {
  const raw = new Map<string, string>();
  for (const { key, valueStart, valueEnd } of members) raw.set(key, text.slice(valueStart, valueEnd));
  return raw;
}
