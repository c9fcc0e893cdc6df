import type { Argv, Options } from 'yargs';

import { firstWord, plainArgv } from './argv.ts';
import { COMMANDS, findCommand } from './command-specs.ts';
import type { CommandSpec } from './command-specs.ts';
import { UsageError } from '../errors.ts';
import type { FlagSpec } from '../config/flags.ts';
import type { FlagValue, ParsedCommand } from './parsed-command.ts';
import { readCommand } from './read-command.ts';
import { closestName } from '../suggest.ts';
import { shellWord } from '../shell-word.ts';

/** Help is wrapped once, at build time (see quick-answer.ts), for the narrowest usual terminal. */
const HELP_COLUMNS = 80;

const OVERVIEW = [
  '$0 <command> [flags]',
  '',
  'Examples:',
  '$ qbatch check requests.jsonl',
  '$ qbatch run requests.jsonl',
  '$ qbatch run prompts.jsonl --model qwen-plus --max-cost 20',
  '$ qbatch retry requests.qbatch.db',
  '',
  'Batch jobs of LLM calls from JSONL files against Alibaba Cloud Model Studio.',
].join('\n');

const OVERVIEW_END =
  'qbatch <command> --help lists its flags. The key is read from DASHSCOPE_API_KEY, or from a file named by DASHSCOPE_API_KEY_FILE_PATH.';

const SETTINGS_END =
  'Each flag is also QBATCH_<NAME> in the environment (QBATCH_MAX_COST) and a key in qbatch.config.json (maxCost). Flags override the environment, which overrides the project file, which overrides the user file. Durations: 200ms, 90s or 90, 10m, 2h, 1d. Sizes: 64KiB, 32MiB.';

/**
 * Parses a command line (without node and script). `version` is the text for `--version`.
 *
 * Flags of `run` and related commands are returned as given; `resolveSettings` reads their values. Throws UsageError (64)
 * for anything wrong with the command line itself. yargs is loaded only if there is something to parse: `--version` works
 * without it.
 */
export async function parseArgs(argv: readonly string[], version: string): Promise<ParsedCommand> {
  const asked = askedFor(argv);
  if (asked === 'version') return { command: 'version', text: version };
  const word = firstWord(argv);
  if (word === 'help' || asked === 'help') {
    const named = word === 'help' ? firstWord(argv.filter((one) => one !== 'help')) : word;
    const command = named === undefined ? undefined : findCommand(named);
    if (word === 'help' && named !== undefined && command === undefined)
      throw unknownCommand(named);
    return { command: 'help', text: await helpText(command) };
  }
  const command = word === undefined ? undefined : findCommand(word);
  const plain = plainArgv(argv, command);
  if (word === undefined) throw new UsageError('no command given', 'try qbatch --help');
  if (command === undefined) throw unknownCommand(word);
  const parsed = await parseWithYargs(plain.tokens, command);
  const original = (token: string): string => plain.words.get(token) ?? token;
  return readCommand({
    spec: command,
    flags: readFlags(parsed, command, original),
    words: readWords(parsed).map(original),
  });
}

/** `--help` wins over everything else on the line, then `--version`. */
function askedFor(argv: readonly string[]): 'help' | 'version' | undefined {
  const end = argv.indexOf('--');
  const flags = end === -1 ? argv : argv.slice(0, end);
  if (flags.includes('--help') || flags.includes('-h')) return 'help';
  return flags.includes('--version') || flags.includes('-V') ? 'version' : undefined;
}

/** Names of commands in other tools; `report` resembles `export`, which is not what it means. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  continue: 'resume',
  cost: 'usage',
  list: 'jobs',
  ls: 'jobs',
  report: 'usage --format html -o FILE',
  start: 'run',
  submit: 'run',
  verify: 'status --verify',
};

function unknownCommand(word: string): UsageError {
  if (word === '') {
    return new UsageError('the command is an empty string', 'is a shell variable unset?');
  }
  const names = COMMANDS.flatMap((command) => [command.name, ...command.aliases]);
  const other = Object.hasOwn(OTHER_NAMES, word) ? OTHER_NAMES[word] : undefined;
  const near = other ?? closestName(word, names);
  const isFile = /\.jsonl(?:\.gz)?$/.test(word);
  const hint = isFile ? `did you mean qbatch run ${shellWord(word)}?` : undefined;
  return new UsageError(
    `unknown command ${JSON.stringify(word)}`,
    hint ?? (near === undefined ? 'see qbatch --help' : `did you mean qbatch ${near}?`),
  );
}

async function parseWithYargs(
  tokens: readonly string[],
  command: CommandSpec,
): Promise<Readonly<Record<string, unknown>>> {
  const parser = await createParser();
  addCommand(parser, command, 'parse');
  let failure: string | undefined;
  let parsed: Readonly<Record<string, unknown>> = {};
  await parser.parse([...tokens], {}, (error, argv) => {
    failure = error?.message;
    parsed = argv;
  });
  // All known errors have been refused before; yargs still has the last word.
  if (failure !== undefined) throw new UsageError(failure, `see qbatch ${command.name} --help`);
  return parsed;
}

async function helpText(command: CommandSpec | undefined): Promise<string> {
  const parser = await createParser();
  parser.wrap(HELP_COLUMNS);
  parser.usage(OVERVIEW).epilogue(OVERVIEW_END);
  if (command === undefined) {
    parser.option('version', { alias: 'V', type: 'boolean', describe: 'Show the version' });
    for (const one of COMMANDS) addCommand(parser, one, 'list');
  } else {
    addCommand(parser, command, 'help');
  }
  let text = '';
  const tokens = command === undefined ? ['--help'] : [command.name, '--help'];
  await parser.parse(tokens, {}, (_error, _argv, output) => {
    text = output;
  });
  return `${text.trimEnd()}\n`;
}

async function createParser(): Promise<Argv> {
  const { default: yargs } = await import('yargs');
  return yargs([])
    .scriptName('qbatch')
    .detectLocale(false)
    .locale('en')
    .exitProcess(false)
    .showHelpOnFail(false)
    .version(false)
    .help('help')
    .alias('help', 'h')
    .describe('help', 'Show this help')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    });
}

/**
 * `list`: an entry of the overview. `help`: the command's own help. `parse`: words are collected as they are, since a
 * positional such as `job` would collide with the flag `--job`.
 */
type Purpose = 'list' | 'help' | 'parse';

function addCommand(parser: Argv, command: CommandSpec, purpose: Purpose): void {
  const words = { list: wordsOf(command), help: [], parse: ['[words..]'] }[purpose];
  parser.command({
    command: [command.name, ...words].join(' '),
    aliases: command.aliases,
    describe: command.describe,
    handler: () => undefined,
    builder: (yargs) => {
      // yargs lays out the help of every command that it parses, unseen.
      if (purpose !== 'parse')
        yargs.usage(usageOf(command)).epilogue(takesSettings(command) ? SETTINGS_END : '');
      for (const flag of command.flags) {
        yargs.option(flag.name, purpose === 'parse' ? parsedOption(flag) : optionOf(flag));
      }
      return yargs;
    },
  });
}

function wordsOf(command: CommandSpec): readonly string[] {
  return command.positionals.map((one) => {
    const name = one.many === true ? `${one.name}..` : one.name;
    return one.required ? `<${name}>` : `[${name}]`;
  });
}

function usageOf(command: CommandSpec): string {
  const examples = command.examples.map((example) => `$ ${example}`);
  const sentence = `${command.describe.charAt(0).toUpperCase()}${command.describe.slice(1)}.`;
  const words = command.positionals.map((one) => `${one.name}: ${one.describe}`);
  const first = ['$0', command.name, ...wordsOf(command), '[flags]'].join(' ');
  return [first, '', 'Examples:', ...examples, '', sentence, '', ...words].join('\n');
}

function takesSettings(command: CommandSpec): boolean {
  return command.flags.some((flag) => flag.name === 'max-line');
}

/** Hidden, which keeps it out of that help (20 ms). */
function parsedOption(flag: FlagSpec): Options {
  return {
    type: flag.type === 'boolean' ? 'boolean' : 'string',
    hidden: true,
    ...(flag.alias === undefined ? {} : { alias: flag.alias }),
    ...(flag.choices === undefined ? {} : { choices: flag.choices }),
  };
}

function optionOf(flag: FlagSpec): Options {
  const value = flag.type === 'optional' ? `[=${flag.metavar ?? 'VALUE'}]` : flag.metavar;
  const shownDefault = flag.defaultText ?? (flag.type === 'boolean' ? undefined : flag.default);
  return {
    type: flag.type === 'boolean' ? 'boolean' : 'string',
    describe: value === undefined ? flag.describe : `${value}: ${flag.describe}`,
    ...(flag.alias === undefined ? {} : { alias: flag.alias }),
    ...(flag.choices === undefined ? {} : { choices: flag.choices }),
    ...(flag.group === undefined ? {} : { group: flag.group }),
    // Only described: a yargs default cannot be distinguished from a typed flag.
    ...(shownDefault === undefined ? {} : { defaultDescription: shownDefault }),
  };
}

function readFlags(
  parsed: Readonly<Record<string, unknown>>,
  command: CommandSpec,
  original: (token: string) => string,
): Readonly<Record<string, FlagValue>> {
  const given: Record<string, FlagValue> = {};
  for (const flag of command.flags) {
    const value = parsed[flag.name];
    if (value === undefined) continue;
    if (typeof value === 'boolean') {
      given[flag.name] = value;
      continue;
    }
    const values = (Array.isArray(value) ? value : [value]).map((one) => original(String(one)));
    if (values.length > 1 && flag.repeatable !== true) {
      throw new UsageError(`--${flag.name} is given ${values.length} times`, 'give it once');
    }
    given[flag.name] = flag.repeatable === true ? values : (values[0] ?? '');
  }
  return given;
}

/** The words after the command, in order. */
function readWords(parsed: Readonly<Record<string, unknown>>): readonly string[] {
  return Array.isArray(parsed['words']) ? parsed['words'].map(String) : [];
}
