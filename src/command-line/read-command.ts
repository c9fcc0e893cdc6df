import { BY_NAMES, type ByKey, isByKey, isTagKey } from '../by-keys.ts';
import type { CommandSpec } from './command-specs.ts';
import { UsageError } from '../errors.ts';
import {
  COLOR_MODES,
  EXPORT_FORMATS,
  EXPORTED,
  ORDERS,
  REGIONS,
  REPORT_FORMATS,
  SHELLS,
} from '../config/choices.ts';
import { RUN_FLAGS } from '../config/flags.ts';
import type {
  DisplayFlags,
  FlagValue,
  GivenFlags,
  JobChoice,
  ParsedCommand,
} from './parsed-command.ts';
import { isLikeSimulatorSpec, parseSimulatorSpec } from '../simulator/spec.ts';

/** A tokenized command line: its command, the flags given, and the words after the command. */
export type RawCommand = {
  readonly spec: CommandSpec;
  readonly flags: GivenFlags;
  readonly words: readonly string[];
};

/**
 * Turns a tokenized command line into a typed command: counts the words, parses ports, groups and statuses, applies
 * defaults. Throws UsageError (64).
 */
export function readCommand(raw: RawCommand): ParsedCommand {
  checkWords(raw);
  const { spec, flags, words } = raw;
  const display = readDisplay(raw);
  const json = flags['json'] === true;
  switch (spec.name) {
    case 'run':
    case 'check':
      checkRunFlags(flags);
      return { command: spec.name, input: words[0] ?? '', flags };
    case 'resume':
      checkRunFlags(flags);
      return { command: 'resume', job: words[0], flags };
    case 'retry':
      checkRunFlags(flags);
      if (flags['fresh'] === true) throw retryFresh();
      return readRetry(raw);
    case 'status':
      return {
        command: 'status',
        verify: flags['verify'] === true,
        json,
        ...readJob(raw),
        ...display,
      };
    case 'jobs':
      return { command: 'jobs', dir: words[0] ?? '.', json, ...display };
    case 'usage':
      return readUsage(raw);
    case 'export':
      return readExport(raw);
    case 'models': {
      const region = flags['region'] === undefined ? undefined : oneOf(raw, 'region', REGIONS);
      return {
        command: 'models',
        pattern: words[0],
        region,
        catalog: text(raw, 'catalog'),
        json,
        ...display,
      };
    }
    case 'simulate':
      return {
        command: 'simulate',
        host: text(raw, 'host') ?? '',
        port: readPort(text(raw, 'port') ?? ''),
        spec: parseSimulatorSpec(words[0] ?? '', 'simulate'),
        ...display,
      };
    case 'completion':
      return { command: 'completion', shell: pick(words[0], SHELLS, 'the shell') };
    case 'debug':
      return { command: 'debug', json, ...readJob(raw), ...display };
    default:
      throw new TypeError(`no reader for the command ${spec.name}`);
  }
}

function checkWords({ spec, flags, words }: RawCommand): void {
  const usage = `see qbatch ${spec.name} --help`;
  const missing = spec.positionals.find((one, index) => one.required && words[index] === undefined);
  if (missing !== undefined) {
    const example = spec.examples[0] ?? usage;
    throw new UsageError(`${spec.name} needs ${article(missing.name)}`, `for example: ${example}`);
  }
  const empty = words.indexOf('');
  if (empty !== -1) {
    const name = spec.positionals[empty]?.name ?? spec.positionals.at(-1)?.name ?? 'word';
    throw new UsageError(
      `the ${name} is an empty string`,
      'is a shell variable unset? To read stdin write -',
    );
  }
  const takesMany = spec.positionals.at(-1)?.many === true;
  if (!takesMany && words.length > spec.positionals.length) {
    // `--simulate` takes its value only after an equals sign.
    const simulatorSpec = flags['simulate'] === '' && words.find(isLikeSimulatorSpec);
    if (simulatorSpec)
      throw new UsageError(
        `${spec.name} takes one input; ${JSON.stringify(simulatorSpec)} looks like a simulator spec`,
        `write it with an equals sign: --simulate=${simulatorSpec}`,
      );
    const extra = words[spec.positionals.length];
    const one = spec.positionals[0]?.name === 'input';
    throw new UsageError(
      one
        ? `${spec.name} takes one input; ${JSON.stringify(extra)} is a second one`
        : `${spec.name}: unexpected ${JSON.stringify(extra)}`,
      one ? `run them one by one, or together: cat FILE ... | qbatch ${spec.name} -` : usage,
    );
  }
}

function article(name: string): string {
  return name === 'input' ? 'an input' : `a ${name}`;
}

/**
 * stdout has one writer: the results, or the summary. And paid answers are either kept or forgotten: a command line that
 * asks for both is refused.
 */
function checkRunFlags(flags: GivenFlags): void {
  if (flags['output'] === '-' && flags['json'] === true) throw stdoutTwice();
  if (flags['fresh'] === true && flags['accept-changed-input'] === true)
    throw new UsageError(
      '--fresh forgets the answers that --accept-changed-input would keep',
      'give only one of them',
    );
}

/** The refusal of `--json` together with `-o -`, whatever their sources (64). */
export function stdoutTwice(): UsageError {
  return new UsageError(
    '--json and --output - both write to stdout',
    'write the results to a file, or leave --json out and use --progress json on stderr',
  );
}

/** The same if `-o -` comes from the job's last run. */
export function stdoutOfLastRun(): UsageError {
  return new UsageError(
    'the results of this job went to stdout in its last run (-o -), and --json writes to stdout too',
    'name a file for the results with -o, or leave --json out and use --progress json on stderr',
  );
}

/** The refusal of `retry --fresh`, whatever its source (64): a forgotten job has no failed lines left. */
export function retryFresh(): UsageError {
  return new UsageError(
    '--fresh forgets every answer of the job; retry keeps them and runs failed lines again',
    'leave --fresh out; or, to send every line again, qbatch resume --fresh',
  );
}

function readRetry({ flags, words }: RawCommand): ParsedCommand {
  const statuses = list(flags['status']);
  const wrong = statuses.find((status) => !/^[1-5]\d\d$/.test(status));
  if (wrong !== undefined) {
    throw new UsageError(
      `--status: ${JSON.stringify(wrong)} is not an HTTP status`,
      'such as 429 or 500; for error codes use --code',
    );
  }
  const own = new Set(RUN_FLAGS.map((flag) => flag.name));
  const runFlags = Object.fromEntries(Object.entries(flags).filter(([name]) => own.has(name)));
  return {
    command: 'retry',
    job: words[0],
    codes: list(flags['code']),
    statuses: statuses.map(Number),
    flags: runFlags,
  };
}

function readUsage(raw: RawCommand): ParsedCommand {
  return {
    command: 'usage',
    jobs: raw.words,
    by: readKeys(list(raw.flags['by'] ?? [text(raw, 'by') ?? ''])),
    format: oneOf(raw, 'format', REPORT_FORMATS),
    output: text(raw, 'output'),
    ledger: text(raw, 'ledger'),
    jobName: text(raw, 'job'),
    ...readDisplay(raw),
  };
}

function readExport(raw: RawCommand): ParsedCommand {
  return {
    command: 'export',
    what: oneOf(raw, 'what', EXPORTED),
    format: oneOf(raw, 'format', EXPORT_FORMATS),
    order: oneOf(raw, 'order', ORDERS),
    output: text(raw, 'output'),
    ...readJob(raw),
    ...readDisplay(raw),
  };
}

/** Several add up; then a tag name may contain a comma that no key follows. */
function readKeys(given: readonly string[]): readonly ByKey[] {
  const words = given.flatMap((by) => keysOf(by, given.length > 1));
  const keys = words.filter(isByKey);
  const unknown = words.find((word) => !isByKey(word));
  if (unknown !== undefined) {
    const message = `--by: ${JSON.stringify(unknown)} is not one of ${BY_NAMES.join(', ')}, tag:NAME`;
    if (given.length > 1 || !isTagKey(words[0] ?? '')) throw new UsageError(message);
    const example = `--by model --by ${JSON.stringify(given[0])}`;
    throw new UsageError(message, `a tag whose name has a comma: give --by twice, ${example}`);
  }
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw new UsageError(`--by: ${twice} is named twice`);
  return keys;
}

function keysOf(by: string, mayHaveCommas: boolean): readonly string[] {
  const keys = by.split(',').map((key) => key.trim());
  return mayHaveCommas && isTagKey(by.trim()) && !keys.every(isByKey) ? [by.trim()] : keys;
}

function readPort(port: string): number {
  const value = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
  if (value <= 65_535) return value;
  throw new UsageError(
    `--port: ${JSON.stringify(port)} is not a port`,
    'a whole number, 0 to 65535',
  );
}

function readJob(raw: RawCommand): JobChoice {
  return { job: raw.words[0], ledger: text(raw, 'ledger'), jobName: text(raw, 'job') };
}

function readDisplay(raw: RawCommand): DisplayFlags {
  const color = raw.flags['color'];
  return {
    quiet: raw.flags['quiet'] === true,
    color: color === undefined ? 'auto' : pick(color, COLOR_MODES, '--color'),
    debug: raw.flags['debug'] === true,
  };
}

/** The flag's value, else its default; undefined if it has neither. */
function text({ spec, flags }: RawCommand, name: string): string | undefined {
  const value = flags[name] ?? spec.flags.find((flag) => flag.name === name)?.default;
  return typeof value === 'string' ? value : undefined;
}

function oneOf<T extends string>(raw: RawCommand, name: string, allowed: readonly T[]): T {
  return pick(text(raw, name), allowed, `--${name}`);
}

function pick<T extends string>(
  value: FlagValue | undefined,
  allowed: readonly T[],
  what: string,
): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new UsageError(`${what}: ${JSON.stringify(value)} is not one of ${allowed.join(', ')}`);
}

function list(value: FlagValue | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}
