import { COMMANDS } from './command-specs.ts';
import type { CommandSpec } from './command-specs.ts';
import { KEY_PLACES } from '../config/api-key.ts';
import { UsageError } from '../errors.ts';
import type { FlagSpec } from '../config/flags.ts';
import { closestName } from '../suggest.ts';
import { shellWord } from '../shell-word.ts';

/**
 * A command line in the one form that yargs reads without surprises: every flag long, with its value after `=`; free values
 * and all words except the first (the command) replaced by tokens.
 */
export type PlainArgv = {
  readonly tokens: readonly string[];
  /** The word for each token. */
  readonly words: ReadonlyMap<string, string>;
};

/** The value of a bare `--simulate`: the simulator's defaults. */
const BARE_OPTIONAL = '';

/**
 * Rewrites the arguments before yargs sees them. The reasons, all seen with yargs 18.2: a bare `-` becomes an empty string;
 * quotes around a value are stripped; `--dry-run=yes` is silently false; `--strict true` consumes the next word; words
 * after `--` are not positionals; an unknown flag consumes its value.
 *
 * Flags are those of `command` if known, else of all commands. Throws UsageError (64) for unknown flags (with the nearest
 * known one), missing and empty values, values on flags without any, and values outside a flag's choices.
 */
export function plainArgv(argv: readonly string[], command: CommandSpec | undefined): PlainArgv {
  const known = flagsOf(command);
  const tokens: string[] = [];
  const words = new Map<string, string>();
  const tokenFor = (word: string): string => {
    // No argument can hold a NUL, so no typed word looks like a token.
    const token = `\u0000word${words.size}`;
    words.set(token, word);
    return token;
  };
  let commandSeen = false;
  const addWord = (word: string): void => {
    tokens.push(commandSeen ? tokenFor(word) : word);
    commandSeen = true;
  };
  let index = 0;
  while (index < argv.length) {
    const argument = argv[index] ?? '';
    index += 1;
    if (argument === '--') {
      for (const word of argv.slice(index)) addWord(word);
      break;
    }
    if (argument === '-' || !argument.startsWith('-')) {
      addWord(argument);
      continue;
    }
    for (const part of splitShort(argument, known)) {
      const { flag, value, tookNext } = readFlag(part, argv[index], known);
      const plain = flag.type === 'boolean' || flag.choices !== undefined || value === '';
      tokens.push(`--${flag.name}=${plain ? value : tokenFor(value)}`);
      if (tookNext) index += 1;
    }
  }
  return { tokens, words };
}

/** The first argument that is neither a flag nor, as far as can be told, a flag's value. */
export function firstWord(argv: readonly string[]): string | undefined {
  const known = flagsOf(undefined);
  let index = 0;
  while (index < argv.length) {
    const argument = argv[index] ?? '';
    if (argument === '--') return argv[index + 1];
    if (argument === '-' || !argument.startsWith('-')) return argument;
    const part = splitShortLoosely(argument, known).at(-1) ?? argument;
    const flag = known.flags.get(part.replace(/^--?/, ''));
    index += flag?.type === 'string' ? 2 : 1;
  }
  return undefined;
}

type KnownFlags = {
  readonly command: CommandSpec | undefined;
  /** By long name and by short form. */
  readonly flags: ReadonlyMap<string, FlagSpec>;
};

function flagsOf(command: CommandSpec | undefined): KnownFlags {
  const flags = new Map<string, FlagSpec>();
  for (const spec of command === undefined ? COMMANDS : [command]) {
    for (const flag of spec.flags) {
      flags.set(flag.name, flag);
      if (flag.alias !== undefined) flags.set(flag.alias, flag);
    }
  }
  return { command, flags };
}

/** `-qn` is `-q -n`, `-c8` is `-c=8`, `-nofile` is `-n -o=file`; long flags are unchanged. */
function splitShort(argument: string, known: KnownFlags): readonly string[] {
  const parts = splitShortLoosely(argument, known);
  if (argument.startsWith('--')) return parts;
  // `-output x` would otherwise be `-o utput`, and write a file of that name.
  const name = argument.slice(1).split('=', 1)[0] ?? '';
  const isMistyped = name.length > 1 && known.flags.has(name);
  const unknown = parts.find((part) => !known.flags.has(part.charAt(1)));
  if (isMistyped || unknown !== undefined) throw unknownFlag(argument, known);
  return parts;
}

function splitShortLoosely(argument: string, known: KnownFlags): readonly string[] {
  if (argument.startsWith('--')) return [argument];
  const parts: string[] = [];
  for (let at = 1; at < argument.length; at += 1) {
    const letter = argument.charAt(at);
    const rest = argument.slice(at + 1);
    const takesValue = known.flags.get(letter)?.type === 'string';
    if (rest.startsWith('=') || (takesValue && rest !== '')) {
      parts.push(`-${letter}=${rest.replace(/^=/, '')}`);
      break;
    }
    parts.push(`-${letter}`);
  }
  return parts;
}

type ReadFlag = { readonly flag: FlagSpec; readonly value: string; readonly tookNext: boolean };

function readFlag(argument: string, next: string | undefined, known: KnownFlags): ReadFlag {
  const equals = argument.indexOf('=');
  const shown = equals === -1 ? argument : argument.slice(0, equals);
  const given = equals === -1 ? undefined : argument.slice(equals + 1);
  const flag = lookUp(shown, known);
  if (flag === undefined) return readNegation(argument, known);
  if (flag.type === 'boolean') {
    return { flag, value: readSwitch(shown, given ?? 'true'), tookNext: false };
  }
  if (flag.type === 'optional' && given === undefined) {
    return { flag, value: BARE_OPTIONAL, tookNext: false };
  }
  const value = given ?? nextValue(shown, next);
  if (value === '') throw new UsageError(`${shown}: the value is empty`, EMPTY_HINT);
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    const allowed = flag.choices.join(', ');
    throw new UsageError(`${shown}: ${JSON.stringify(value)} is not one of ${allowed}`);
  }
  return { flag, value, tookNext: given === undefined };
}

/** By the long name after `--`, or the short form after `-`, never mixed. */
function lookUp(shown: string, known: KnownFlags): FlagSpec | undefined {
  const name = shown.replace(/^--?/, '');
  const flag = known.flags.get(name);
  return flag !== undefined && shown.startsWith('--') === (flag.name === name) ? flag : undefined;
}

const EMPTY_HINT = 'leave the flag out, or check whether a shell variable in it is unset';

/** A word that looks like a flag is not taken as a value: most likely the value is missing. */
function nextValue(shown: string, next: string | undefined): string {
  const looksLikeFlag = next !== undefined && /^-[^\d]/.test(next);
  if (next !== undefined && !looksLikeFlag) return next;
  throw new UsageError(
    `${shown} needs a value`,
    looksLikeFlag ? `for a value that begins with a dash, write ${shown}=${next}` : undefined,
  );
}

/** `--no-strict` is `--strict=false`. Throws UsageError for everything else. */
function readNegation(argument: string, known: KnownFlags): ReadFlag {
  const isNegation = argument.startsWith('--no-') && !argument.includes('=');
  const flag = isNegation ? lookUp(`--${argument.slice(5)}`, known) : undefined;
  if (flag === undefined || flag.type === 'string') throw unknownFlag(argument, known);
  return { flag, value: 'false', tookNext: false };
}

function readSwitch(shown: string, value: string): string {
  if (value === 'true' || value === 'false') return value;
  throw new UsageError(
    `${shown}: ${JSON.stringify(value)} is not true or false`,
    `${shown} takes no value: write it alone to switch it on`,
  );
}

/** Other programs' names for the input flag. */
const INPUT_NAMES: ReadonlySet<string> = new Set(['i', 'f', 'in', 'input', 'file', 'input-file']);

function unknownFlag(argument: string, known: KnownFlags): UsageError {
  const shown = argument.split('=', 1)[0] ?? argument;
  const name = shown.replace(/^--?(?:no-)?/, '');
  if (/^(?:dashscope-)?api-?key$/i.test(name)) {
    return new UsageError(
      'the key is never a flag: other users of a machine can read flags',
      KEY_PLACES,
    );
  }
  const help =
    known.command === undefined ? 'qbatch --help' : `qbatch ${known.command.name} --help`;
  // The value of a misspelt flag may be a file as well.
  if (!argument.includes('=') && /\.jsonl(?:\.gz)?$/.test(argument)) {
    const file = shellWord(`./${argument}`);
    return new UsageError(`unknown flag ${argument}`, `if it is a file, write ${file}`);
  }
  const formats = known.flags.get('format')?.choices;
  if (name === 'json' && formats !== undefined) {
    const wanted = formats.find((format) => format.startsWith('json')) ?? '';
    return new UsageError(
      `${shown} is not a flag of ${known.command?.name ?? 'qbatch'}`,
      `did you mean --format ${wanted}? See ${help}`,
    );
  }
  const elsewhere = commandsWith(shown);
  if (known.command !== undefined && elsewhere.length > 0) {
    return new UsageError(
      `${shown} is not a flag of ${known.command.name}`,
      `it is a flag of: ${elsewhere.join(', ')}; see ${help}`,
    );
  }
  if (known.command?.positionals[0]?.name === 'input' && INPUT_NAMES.has(name)) {
    const hint = `name the input without a flag: qbatch ${known.command.name} FILE`;
    return new UsageError(`unknown flag ${shown}`, hint);
  }
  const names = new Set([...known.flags.values()].map((flag) => flag.name));
  const near = name.length > 1 ? closestName(name, [...names]) : undefined;
  const hint = near === undefined ? `see ${help}` : `did you mean --${near}? See ${help}`;
  return new UsageError(`unknown flag ${shown}`, hint);
}

function commandsWith(shown: string): readonly string[] {
  const matches = (flag: FlagSpec): boolean =>
    shown === `--${flag.name}` || shown === `-${flag.alias}`;
  return COMMANDS.filter((command) => command.flags.some(matches)).map((command) => command.name);
}
