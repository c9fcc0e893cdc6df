import { isDeeperThan } from '../json/json-depth.ts';
import { type NestedScan, type ObjectMember, scanObject } from '../json/json-scan.ts';
import type { Problem } from '../problem.ts';
import { csvHint } from './csv-header.ts';
import { lookAlike } from './look-alike.ts';
import { shown } from '../schemas/findings.ts';
import { unexpectedAt } from './unexpected-at.ts';

/** Maximum nesting of `{` and `[` in a line, its own braces included (cli.md section 2). */
const DEPTH_MAX = 512;
/** A longer line has its depth checked before parsing: parsing one of nothing but brackets takes 40 times its size. */
const PARSED_AT_ONCE_UNITS = 1024 * 1024;

const INNER_OBJECTS: NestedScan = { keys: new Set(['input', 'parameters']), inner: null };
/** The objects whose members matter: `body` and, in it or beside it, `input` and `parameters`. */
const REQUEST_OBJECTS: NestedScan = {
  keys: new Set(['body', 'input', 'parameters']),
  inner: INNER_OBJECTS,
};

function invalid(path: string, message: string, code: string): Problem {
  return { severity: 'error', path, code, message };
}

/** V8's messages with a position, without the line excerpt that others contain. */
const REASON_AT = /^(.{1,100}?) (?:in JSON|after JSON) at position (\d+)/;
const UNEXPECTED_CHARACTER = /^Unexpected token '(.)'/su;

/** Values as written by Python and JavaScript that JSON spells differently or lacks. */
const FOREIGN = /(?:NaN|Infinity|None|True|False|undefined)\b/y;

/** Explains an unexpected character that V8 names without its position; with the position if that is found. */
function unexpectedReason(text: string, character: string): string {
  const at = unexpectedAt(text, character);
  const look = at === null ? null : lookAlike(text, at);
  if (look !== null) return look;
  const reason = `unexpected character ${JSON.stringify(character)}`;
  if (at === null) return reason;
  FOREIGN.lastIndex = at;
  const word = FOREIGN.exec(text)?.[0];
  return `${reason} at column ${at + 1}${word === undefined ? '' : `: ${word} is not JSON`}`;
}

/** Hint for what is often mistaken for JSONL: a JSON array or object over several lines, or plain text. */
function kindHint(text: string): string {
  const begin = text.trimStart()[0];
  if (begin === '[')
    return "; a line must be one object {...}; to convert a JSON array: jq -c '.[]' FILE";
  return begin === '{' ? '' : '; a line must be one JSON object {...}';
}

/** Hint for a line that ends within its object; if it is the first, the input's objects may span several lines. */
function oneLineHint(lineNo: number): string {
  const several = lineNo === 1 ? '; to convert JSON that spans several lines: jq -c . FILE' : '';
  return `; an object must be on one line${several}`;
}

/** Why a text is not JSON, with the column if V8 tells it. */
function jsonReason(error: unknown, text: string, lineNo: number): string {
  const message = (error as Error).message;
  const at = REASON_AT.exec(message);
  if (at?.[1] !== undefined) {
    const offset = Number(at[2]);
    const rest = text.slice(offset).trim();
    const isBehind = at[1].startsWith('Unexpected non-whitespace');
    if (isBehind && (rest === ',' || rest === '，'))
      return `not valid JSON: a comma after the object at column ${offset + 1}; lines are not separated by commas`;
    if (text[offset - 1] === '\r' && rest.startsWith('{'))
      return `not valid JSON: a second object at column ${offset + 1}; lines must end with a line feed, not a carriage return alone; to convert: tr '\\r' '\\n' < FILE`;
    const look = lookAlike(text, offset);
    if (look !== null) return `not valid JSON: ${look}`;
    const reason = at[1].charAt(0).toLowerCase() + at[1].slice(1);
    const hint = rest === '' && lineNo === 1 ? oneLineHint(lineNo) : '';
    return `not valid JSON: ${reason} at column ${offset + 1}${hint}`;
  }
  const character = UNEXPECTED_CHARACTER.exec(message)?.[1];
  if (character !== undefined) {
    return `not valid JSON: ${unexpectedReason(text, character)}${kindHint(text)}`;
  }
  return message.startsWith('Unexpected end')
    ? `not valid JSON: it ends too early${kindHint(text) || oneLineHint(lineNo)}`
    : 'not valid JSON: no object begins here';
}

/** An object of a line: parsed, and the positions of its members in `text`. */
export type OpenObject = {
  readonly value: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly members: readonly ObjectMember[];
  /** Position of the object in `text`. */
  readonly span: TextSpan;
};

/** A range of a text: `text.slice(start, end)`. */
export type TextSpan = { readonly start: number; readonly end: number };

/** Raw text of a member's value; undefined if the object lacks it. */
export function rawOf(object: OpenObject, key: string): string | undefined {
  for (const member of object.members) {
    if (member.key === key) return object.text.slice(member.valueStart, member.valueEnd);
  }
  return undefined;
}

/** Parses the text of line `lineNo` into its object with the raw text of each member, or the reason why not. */
export function openLine(text: string, lineNo: number): OpenObject | Problem {
  if (text.length > PARSED_AT_ONCE_UNITS && isDeeperThan(text, DEPTH_MAX))
    return tooDeep(`more than ${DEPTH_MAX}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const table = lineNo === 1 ? csvHint(text) : null;
    const reason = table === null ? jsonReason(error, text, lineNo) : `not valid JSON: ${table}`;
    return invalid('', reason, 'qbatch_invalid_json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const table = lineNo === 1 && typeof value === 'string' ? csvHint(text) : null;
    if (table !== null) return invalid('', `not a JSON object: ${table}`, 'qbatch_invalid_json');
    return invalid(
      '',
      `the line is not a JSON object; put one {...} on each line${Array.isArray(value) ? "; to convert a JSON array: jq -c '.[]' FILE" : ''}`,
      'qbatch_invalid_json',
    );
  }
  const scan = scanObject(text, 0, REQUEST_OBJECTS);
  if (scan.depth > DEPTH_MAX) return tooDeep(String(scan.depth));
  if (scan.duplicate !== null) return duplicateKey('', scan.duplicate);
  return {
    value: value as Record<string, unknown>,
    text,
    members: scan.members,
    span: { start: 0, end: text.length },
  };
}

function tooDeep(levels: string): Problem {
  const message = `the line is nested ${levels} levels deep; at most ${DEPTH_MAX} are allowed`;
  return invalid('', message, 'qbatch_too_deep');
}

/** The problem of a duplicate key in one object: parsers disagree on which one counts. */
function duplicateKey(path: string, key: string): Problem {
  return invalid(
    path,
    `the key ${shown(key)} is given twice${path === '' ? '' : ` in ${path}`}; keep one`,
    'qbatch_duplicate_key',
  );
}

export function isProblem(value: OpenObject | Problem): value is Problem {
  return 'severity' in value;
}

/** Opens an object inside another one; a non-object or a duplicate key is a problem. */
export function openMember(holder: OpenObject, key: string, path: string): OpenObject | Problem {
  const value = holder.value[key];
  const member = holder.members.find((candidate) => candidate.key === key);
  const nested = member?.nested ?? null;
  if (typeof value !== 'object' || value === null || member === undefined || nested === null) {
    return invalid(path, `${path} must be a JSON object`, 'qbatch_invalid_request');
  }
  const { duplicate, members } = nested;
  if (duplicate !== null) return duplicateKey(path, duplicate);
  const span = { start: member.valueStart, end: member.valueEnd };
  return { value: value as Record<string, unknown>, text: holder.text, members, span };
}
