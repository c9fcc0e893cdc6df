import { isObject } from '../is-object.ts';
import type { z } from 'zod';
import type { ProtocolName } from '../protocols/protocol.ts';
import { closestName } from '../suggest.ts';
import { PROBLEM_CODES } from './codes.ts';
import { badValue, isFull, refuse, report, shown, shownName, warn } from './findings.ts';
import type { Examination } from './findings.ts';
import { PARAMETERS, PARAMETERS_BY_NAME } from './parameters.ts';
import type { Parameter } from './parameter.ts';

/** Names that people put among the parameters although they belong elsewhere, and where that is. */
const BELONGS_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['extra_body', 'is an argument of the Python SDK; put its members beside "model" instead'],
  ['extra_headers', "is an argument of the Python SDK; use the line's headers instead"],
  ['parameters', 'is the native form; in this place the parameters stand on their own'],
  ['input', 'is the native form; here "messages" stands on its own'],
  ['messages', 'belongs in "input", not among the parameters'],
  ['prompt', 'belongs in "input", not among the parameters'],
  ['model', 'belongs beside "input", not among the parameters'],
]);

/** Longer names are not compared with known ones: none is near, and the comparison would take long. */
const NAME_CHARACTERS_MAX = 64;

/** Members of a native `input` besides `messages`; the last three belong to deep research, whose place is not settled. */
const INPUT_NAMES: ReadonlySet<string> = new Set([
  'prompt',
  'history',
  'output_format',
  'enable_feedback',
  'research_tools',
]);

function counts(row: Parameter, protocol: ProtocolName): boolean {
  return row.place === 'both' || (row.place === 'openai') === (protocol === 'openai');
}

function knownNames(protocol: ProtocolName): string[] {
  return PARAMETERS.filter((row) => counts(row, protocol)).map((row) => row.name);
}

/** Turns `['tools', 0, 'function']` into `tools[0].function`. */
function placeName(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, key) => (typeof key === 'number' ? `${name}[${key}]` : `${name}.${String(key)}`),
    root,
  );
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (Array.isArray(current)) current = current[Number(key)];
    else current = isObject(current) ? current[String(key)] : undefined;
  }
  return current;
}

/**
 * Reports the schema issues of a value that was refused: the parameter's own words where it is
 * wrong as a whole, the place inside it where a member is.
 */
export function reportIssues(
  examination: Examination,
  place: { readonly prefix: string; readonly name: string },
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
): void {
  const seen = new Set<string>();
  for (const issue of issues) {
    const name = placeName(place.name, issue.path);
    if (seen.has(name)) continue;
    seen.add(name);
    const row = PARAMETERS_BY_NAME.get(place.name);
    const whole = issue.path.length === 0 && row !== undefined;
    const message = badValue(
      name,
      valueAt(value, issue.path),
      whole ? row.allowed : issue.message,
      row?.service ?? null,
    );
    refuse(examination, place.prefix + name, message);
  }
}

function reportUnknown(examination: Examination, prefix: string, name: string): void {
  const { protocol } = examination.view;
  const elsewhere = BELONGS_ELSEWHERE.get(name);
  if (elsewhere !== undefined) {
    warn(examination, prefix + name, PROBLEM_CODES.misplaced, `"${name}" ${elsewhere}`);
    return;
  }
  const close =
    name.length > NAME_CHARACTERS_MAX ? undefined : closestName(name, knownNames(protocol));
  warn(
    examination,
    prefix + shownName(name),
    PROBLEM_CODES.unknownParameter,
    close === undefined
      ? `unknown parameter ${shown(name)}; it is sent as it is`
      : `unknown parameter ${shown(name)}; did you mean "${close}"? It is sent as it is`,
  );
}

function reportMisplaced(examination: Examination, path: string, row: Parameter): void {
  const where =
    row.place === 'native'
      ? 'a parameter of the native protocol; compatible mode does not document it'
      : 'a parameter of OpenAI-compatible requests; the native protocol does not document it';
  warn(examination, path, PROBLEM_CODES.misplaced, `${row.name} is ${where}`);
}

/** Checks one known parameter in its proper place. */
function checkOne(examination: Examination, row: Parameter, value: unknown): void {
  const { view } = examination;
  const prefix = view.paths.parameters;
  if (value === null) {
    if (row.nullable) return;
    const message = `${row.name} is null, which is not documented; null is sent as it is: leave it out for the default`;
    warn(examination, prefix + row.name, PROBLEM_CODES.nullParameter, message);
    return;
  }
  const result = row.schema.safeParse(value);
  if (!result.success) {
    reportIssues(examination, { prefix, name: row.name }, value, result.error.issues);
    return;
  }
  if (row.family !== null && view.profile.known && !row.family.test(view.model)) {
    const message = `${row.name} is documented for other models than ${view.model}`;
    warn(examination, prefix + row.name, PROBLEM_CODES.modelList, message);
  }
}

/** Checks every parameter on its own: known, in the right place, of the right type and range. */
export function checkParameters(examination: Examination): void {
  const { view } = examination;
  const { parameters, protocol } = view;
  for (const name in parameters) {
    if (parameters[name] === undefined) continue;
    const row = PARAMETERS_BY_NAME.get(name);
    if (row === undefined) {
      if (!isFull(examination)) reportUnknown(examination, view.paths.parameters, name);
      continue;
    }
    if (counts(row, protocol)) checkOne(examination, row, parameters[name]);
    else reportMisplaced(examination, view.paths.parameters + name, row);
  }
}

/** Checks the names beside `messages` in a native `input`: parameters that strayed there do not count. */
export function checkInputNames(examination: Examination): void {
  const { view } = examination;
  for (const name in view.input) {
    if (isFull(examination)) return;
    if (INPUT_NAMES.has(name)) continue;
    const path = view.paths.input + shownName(name);
    const isParameter = PARAMETERS_BY_NAME.has(name);
    report(examination, {
      severity: 'warning',
      path,
      code: isParameter ? PROBLEM_CODES.misplaced : PROBLEM_CODES.unknownParameter,
      message: isParameter
        ? `${name} belongs in "parameters", not in "input"; here the service does not look at it`
        : `unknown member ${shown(name)} of input; it is sent as it is`,
    });
  }
}
