import type * as z from 'zod';
import type { ProtocolName } from '../protocols/protocol.ts';
import { closestName } from '../suggest.ts';
import {
  asWritten,
  breach,
  isFull,
  named,
  oneWord,
  placeName,
  refuse,
  shown,
  shownName,
  valueAt,
} from './findings.ts';
import type { Examination } from './findings.ts';
import { NAME_RULES } from './line-rules.ts';
import { PARAMETERS, PARAMETERS_BY_NAME } from './parameters.ts';
import type { Parameter } from './parameter.ts';
import { cited } from './sources.ts';

/** Names often given as parameters that belong elsewhere, and where. */
const BELONGS_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['extra_body', 'is an argument of the Python SDK: put its members beside "model" instead'],
  ['extra_headers', "is an argument of the Python SDK: use the line's headers instead"],
  ['parameters', 'is the native form: in this place the parameters stand on their own'],
  ['input', 'is the native form: here "messages" stands on its own'],
  ['messages', 'belongs in "input", not among the parameters'],
  ['prompt', 'belongs in "input", not among the parameters'],
  ['model', 'belongs beside "input", not among the parameters'],
]);

/** Names from other APIs, and their equivalents here. */
const KNOWN_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['functions', 'OpenAI\'s old form of "tools"'],
  ['function_call', 'OpenAI\'s old form of "tool_choice"'],
  ['frequency_penalty', 'of OpenAI: here are "presence_penalty" and "repetition_penalty"'],
  ['max_output_tokens', 'of the Responses API: here it is "max_tokens"'],
  ['stop_sequences', 'of Anthropic: here it is "stop"'],
  ['id', 'where the own name of a line is "custom_id"'],
  ['chat_template_kwargs', 'of vLLM: here "enable_thinking" stands on its own'],
  ['max_new_tokens', 'of Transformers: here it is "max_tokens"'],
]);

/** Members of a native `input` besides `messages`; the last three are for deep research, whose place is unclear. */
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

function knownNames(protocol: ProtocolName): readonly string[] {
  return PARAMETERS.filter((row) => counts(row, protocol)).map((row) => row.name);
}

/** Candidates for unknown names. */
const KNOWN_NAMES: Readonly<Record<ProtocolName, readonly string[]>> = {
  dashscope: knownNames('dashscope'),
  openai: knownNames('openai'),
};

/** The service's text for a value that a row refuses, as the end of a message. */
function serviceWords({ view }: Examination, row: Parameter, value: unknown): string {
  const isOfType = row.integer ? Number.isInteger(value) : typeof value === 'number';
  const words = isOfType ? row.service : (row.serviceOnType ?? row.service);
  if (words === null) return '';
  return ` (service: ${words.replaceAll('xxx', String(row.maximum?.(view) ?? '…'))})`;
}

/**
 * Reports the schema issues of a refused value: the parameter's own text if it is wrong as a whole, the place within it if
 * a member is. `prefix` is the parameter's path.
 */
function reportIssues(
  examination: Examination,
  row: Parameter,
  prefix: string,
  found: { readonly value: unknown; readonly issues: readonly z.core.$ZodIssue[] },
): void {
  const seen = new Set<string>();
  const service = serviceWords(examination, row, found.value);
  for (const issue of found.issues) {
    const name = placeName(row.name, issue.path);
    if (seen.has(name)) continue;
    seen.add(name);
    const allowed = issue.path.length === 0 ? row.allowed : issue.message;
    const raw = issue.path.length === 0 ? examination.view.rawParameter(row.name) : undefined;
    const value = asWritten(valueAt(found.value, issue.path), raw);
    const message = `${name} is ${value}; it must be ${allowed}${service}${cited(row.source)}`;
    refuse(examination, prefix + name, message);
  }
}

/** A hint at the intended name, if there is one. */
function hintFor(name: string, protocol: ProtocolName): string {
  const foreign = KNOWN_ELSEWHERE.get(name);
  if (foreign !== undefined) return `, ${foreign}`;
  const close = closestName(name, KNOWN_NAMES[protocol]);
  return close === undefined ? '' : `, did you mean "${close}"?`;
}

function reportUnknown(examination: Examination, prefix: string, name: string): void {
  const { parameters, protocol } = examination.view;
  const elsewhere = BELONGS_ELSEWHERE.get(name);
  if (elsewhere !== undefined) {
    breach(examination, NAME_RULES.elsewhere, prefix + name, `"${name}" ${elsewhere}`);
    return;
  }
  const found = `unknown parameter ${named(shown(name), parameters[name])}`;
  breach(
    examination,
    NAME_RULES.unknown,
    prefix + shownName(name),
    found + hintFor(name, protocol),
  );
}

function reportMisplaced(examination: Examination, path: string, row: Parameter): void {
  const where =
    row.place === 'native'
      ? 'a parameter of the native protocol'
      : 'a parameter of OpenAI-compatible requests';
  const found = `${named(row.name, examination.view.parameters[row.name])}, and it is ${where}`;
  breach(examination, NAME_RULES.protocol, path, found);
}

/** Whether an integer was written as `5.0` or `1e3`, and would be sent like that. */
function isWrittenOddly(raw: string | undefined): boolean {
  return raw !== undefined && /[.eE]/.test(raw);
}

/** 2^63 and its neighbours are one number in JavaScript: the digits decide. */
const SEED_LIMIT = 9_223_372_036_854_775_807n;

function isBeyondSeed(row: Parameter, value: unknown, raw: string | undefined): boolean {
  if (row.name !== 'seed' || Number(value) < 2 ** 63 || raw === undefined) return false;
  const [, whole = '', part = '', tens = '0'] =
    /^(\d+)(?:\.(\d+))?(?:[eE]\+?(\d+))?$/.exec(raw) ?? [];
  const digits = whole + part.padEnd(Number(tens), '0').slice(0, Number(tens));
  return BigInt(digits) > SEED_LIMIT || /[1-9]/.test(part.slice(Number(tens)));
}

/** Checks one known parameter in its proper place. */
function checkOne(examination: Examination, row: Parameter, value: unknown): void {
  const { view } = examination;
  const prefix = view.paths.parameters;
  const path = prefix + row.name;
  if (value === null) {
    const rule = row.name === 'stream' ? NAME_RULES.streamNothing : NAME_RULES.nothing;
    if (!row.nullable) breach(examination, rule, path, `${row.name} is null`);
    return;
  }
  if (!checkValue(examination, row, prefix, value)) return;
  if (row.family !== null && view.profile.known && !row.family.test(view.profile.canonicalId)) {
    const found = `${named(row.name, value)}, and the model is ${view.model}`;
    breach(examination, { ...NAME_RULES.family, source: row.source }, path, found);
  }
  if (!row.integer) return;
  const raw = view.rawParameter(row.name);
  if (isBeyondSeed(row, value, raw)) {
    const found = `${row.name} is ${raw}; it must be ${row.allowed} (service: ${row.service})`;
    refuse(examination, path, found + cited(row.source));
  } else if (isWrittenOddly(raw)) {
    const found = `${row.name} is written as ${raw === undefined ? '' : oneWord(raw)}`;
    breach(examination, NAME_RULES.integerText, path, found);
  }
}

/** Checks a value against its row; false if it is refused. */
function checkValue(
  examination: Examination,
  row: Parameter,
  prefix: string,
  value: unknown,
): boolean {
  const result = row.schema.safeParse(value);
  if (result.success) return true;
  reportIssues(examination, row, prefix, { value, issues: result.error.issues });
  return false;
}

/** Checks every parameter by itself: known, in the right place, of the right type and range. */
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

/** Checks the other members of a native `input` besides `messages`: parameters misplaced there have no effect. */
export function checkInputNames(examination: Examination): void {
  const { input, paths } = examination.view;
  for (const name in input) {
    if (isFull(examination)) return;
    const row = PARAMETERS_BY_NAME.get(name);
    const path = paths.input + shownName(name);
    if (row === undefined) {
      if (!INPUT_NAMES.has(name))
        breach(
          examination,
          NAME_RULES.inputMember,
          path,
          `unknown member ${named(shown(name), input[name])}`,
        );
    } else if (INPUT_NAMES.has(name)) {
      checkValue(examination, row, paths.input, input[name]);
    } else {
      breach(
        examination,
        NAME_RULES.inputParameter,
        path,
        `${named(name, input[name])} in "input"`,
      );
    }
  }
}

/** Checks the members beside `model`, `input` and `parameters` in a native request. */
export function checkTopLevel(examination: Examination): void {
  const { extra, paths } = examination.view;
  const prefix = paths.parameters.replace(/parameters\.$/, '');
  for (const name in extra) {
    if (isFull(examination)) return;
    const row = PARAMETERS_BY_NAME.get(name);
    const path = prefix + shownName(name);
    if (row === undefined) {
      breach(
        examination,
        NAME_RULES.topLevel,
        path,
        `unknown member ${named(shown(name), extra[name])}`,
      );
    } else if (name === 'output_format') {
      checkValue(examination, row, prefix, extra[name]);
      breach(examination, NAME_RULES.outputFormatPlace, path, named(name, extra[name]));
    } else {
      breach(examination, NAME_RULES.topLevelParameter, path, named(name, extra[name]));
    }
  }
}
