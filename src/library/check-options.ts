import type { FlagValue, GivenFlags } from '../command-line/parsed-command.ts';
import { RUN_FLAGS } from '../config/flags.ts';
import { UsageError } from '../errors.ts';
import { isObject } from '../json/is-object.ts';
import { closestName } from '../suggest.ts';

/**
 * Flags of `qbatch run` by long name, as text, numbers (of seconds or bytes, for a time or a size) or switches; several
 * values of a repeatable one as a list: `{ model: 'qwen-plus', rpm: 600, set: ['seed=7'] }`. Undefined values are ignored.
 */
export type RunFlags = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** What each option must be, if given: the check, and its description for messages. */
type Kinds = Readonly<Record<string, readonly [(value: unknown) => boolean, string]>>;

/** Options of `runBatch`. */
const KINDS: Kinds = {
  input: [isName, 'the path of a JSONL file'],
  flags: [isObject, 'an object of flags, such as { simulate: true }'],
  env: [isObject, 'an object of variables, such as process.env'],
  cwd: [isName, 'the path of a folder'],
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal'],
  onEvent: [(value) => typeof value === 'function', 'a function'],
  clock: [isObject, 'a clock'],
};

/** The questions to a ledger that take options. */
type Look = 'status' | 'usage';

const LOOK_KINDS: Readonly<Record<Look, Kinds>> = {
  status: {
    job: [isName, 'the name of a job'],
    verify: [(value) => typeof value === 'boolean', 'true or false'],
  },
  usage: {
    jobs: [isListOfNames, "a list of job names, such as ['may']"],
    by: [isListOfNames, "a list of keys, such as ['model']"],
  },
};

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isListOfNames(value: unknown): boolean {
  return Array.isArray(value) && value.every(isName);
}

function kindOf(value: unknown): string {
  if (value === null || value === '') return value === null ? 'null' : 'empty';
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}

/**
 * Refuses unknown or invalid options (64): in plain JavaScript, `simulate: true` beside `flags` would otherwise run, and
 * bill, the real service.
 */
export function refuseOptions(options: unknown): void {
  if (!isObject(options))
    throw new UsageError(
      `runBatch takes one object, but what it was given is ${kindOf(options)}`,
      "such as runBatch({ input: 'requests.jsonl', flags: { simulate: true } })",
    );
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(KINDS, name)) throw unknownOption(name);
    refuseOther('runBatch', [name, value], KINDS);
  }
  if (options['input'] === undefined)
    throw new UsageError('runBatch: no input', "name a JSONL file: { input: 'requests.jsonl' }");
}

/** Refuses a value (64) that is not what the option of that name must be. */
function refuseOther(asked: string, [name, value]: [string, unknown], kinds: Kinds): void {
  const kind = kinds[name];
  if (kind === undefined || value === undefined || kind[0](value)) return;
  throw new UsageError(`${asked}: ${name} is ${kindOf(value)}; it must be ${kind[1]}`);
}

/**
 * Refuses (64) what `status` and `usage` of a ledger cannot be asked with: of an option that is passed over, as plain
 * JavaScript does where `job` stands for `jobs`, the answer would be that of other jobs.
 */
export function refuseLook(asked: Look, options: unknown): void {
  const kinds = LOOK_KINDS[asked];
  const names = Object.keys(kinds);
  if (!isObject(options))
    throw new UsageError(
      `${asked} takes one object, but what it was given is ${kindOf(options)}`,
      `its options are ${names.join(' and ')}`,
    );
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name)) {
      const near = closestName(name, names);
      throw new UsageError(
        `${asked}: there is no option ${name}`,
        near === undefined ? `its options are ${names.join(' and ')}` : `did you mean ${near}?`,
      );
    }
    refuseOther(asked, [name, value], kinds);
  }
}

/** Refuses (64) what is no name of a job, where one may be given. */
export function refuseJobName(asked: string, job: unknown): void {
  refuseOther(asked, ['job', job], LOOK_KINDS.status);
}

function unknownOption(name: string): UsageError {
  const isFlag = RUN_FLAGS.some((flag) => flag.name === name);
  const near = isFlag ? name : closestName(name, Object.keys(KINDS));
  const where = isFlag ? `flags go into flags: { flags: { '${name}': ... } }` : undefined;
  return new UsageError(
    `runBatch: there is no option ${name}`,
    where ?? (near === undefined ? 'flags go into flags' : `did you mean ${near}?`),
  );
}

/**
 * The flags in command-line form. Ignoring a misspelt one could send a job, and its key, to the wrong place: 64, as for a
 * value that is neither text, number, switch nor a list of texts.
 */
export function flagsGiven(flags: RunFlags): GivenFlags {
  const known = RUN_FLAGS.map(({ name }) => name);
  const given: Record<string, FlagValue> = {};
  for (const [name, value] of Object.entries(flags)) {
    if (!known.includes(name)) throw unknownFlag(name, known);
    if (value !== undefined) given[name] = flagValue(name, value);
  }
  return given;
}

function flagValue(name: string, value: unknown): FlagValue {
  // As text it can also be stored for the command that continues the job.
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new UsageError(
    `runBatch: the flag ${name} is ${Array.isArray(value) ? 'a list that does not hold only texts' : kindOf(value)}`,
    'give it as on the command line: text, a number, true or false, or a list of texts',
  );
}

function unknownFlag(name: string, known: readonly string[]): UsageError {
  const close = closestName(name, known);
  return new UsageError(
    `runBatch: there is no flag ${name}`,
    close === undefined ? 'qbatch run --help lists them' : `did you mean ${close}?`,
  );
}
