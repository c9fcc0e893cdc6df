import {
  EXPORT_FORMATS,
  EXPORTED,
  ORDERS,
  REGIONS,
  REPORT_FORMATS,
  SHELLS,
} from '../config/choices.ts';
import { RUN_FLAGS } from '../config/flags.ts';
import type { FlagSpec } from '../config/flags.ts';

/** One command, as used by help, parsing and shell completion. */
export type CommandSpec = {
  readonly name: string;
  readonly aliases: readonly string[];
  /** In the order of the command line; `many` only for the last. */
  readonly positionals: readonly PositionalSpec[];
  readonly describe: string;
  readonly examples: readonly string[];
  readonly flags: readonly FlagSpec[];
};

export type PositionalSpec = {
  readonly name: string;
  readonly describe: string;
  readonly required: boolean;
  readonly many?: true;
  readonly choices?: readonly string[];
  readonly completes?: 'file' | 'folder';
};

const INPUT: PositionalSpec = {
  name: 'input',
  describe: 'a JSONL file, .gz or not; - reads stdin',
  required: true,
  completes: 'file',
};

const JOBS: PositionalSpec = {
  name: 'jobs',
  describe: 'ledgers, job names or inputs; default: all jobs in this folder',
  required: false,
  many: true,
  completes: 'file',
};

const JOB: PositionalSpec = {
  name: 'job',
  describe: 'a ledger, a job name or an input; default: the only one in this folder',
  required: false,
  completes: 'file',
};

// prettier-ignore
const LEDGER: FlagSpec = { name: 'ledger', type: 'string', metavar: 'FILE', describe: 'the ledger to read', completes: 'file' };
// prettier-ignore
const JOB_NAME: FlagSpec = { name: 'job', type: 'string', metavar: 'NAME', describe: 'the job, by name' };
// prettier-ignore
const JSON_OUT: FlagSpec = { name: 'json', type: 'boolean', default: 'false', describe: 'print one JSON object on stdout' };
// prettier-ignore
const OUTPUT: FlagSpec = { name: 'output', alias: 'o', type: 'string', metavar: 'FILE', defaultText: 'stdout', describe: 'the file to write; - is stdout', completes: 'file' };

/** Flags common to all commands; `run` and related commands have them in their table. */
const DISPLAY_FLAGS: readonly FlagSpec[] = RUN_FLAGS.filter((flag) =>
  ['quiet', 'color', 'debug'].includes(flag.name),
).map(({ group: _group, ...flag }) => flag);

// prettier-ignore
const RETRY_FLAGS: readonly FlagSpec[] = [
  { name: 'code', type: 'string', repeatable: true, metavar: 'CODE', group: 'Which lines:', describe: 'only lines that failed with this code; repeatable' },
  { name: 'status', type: 'string', repeatable: true, metavar: 'STATUS', group: 'Which lines:', describe: 'only lines that failed with this HTTP status; repeatable' },
];

/** Every command of qbatch (cli.md section 1). */
// prettier-ignore
export const COMMANDS: readonly CommandSpec[] = [
  { name: 'run', aliases: [], positionals: [INPUT], flags: RUN_FLAGS,
    describe: 'survey the input, then run it; the same command again continues where it stopped',
    examples: [
      'qbatch run requests.jsonl',
      'qbatch run prompts.jsonl --model qwen-plus --max-cost 20',
      'qbatch run requests.jsonl --simulate=rpm=600,errors=2%',
      'zcat requests.jsonl.gz | qbatch run - -o answers.jsonl',
    ] },
  { name: 'resume', aliases: [], positionals: [JOB], flags: RUN_FLAGS,
    describe: 'continue a job; without a name, the only unfinished one in this folder',
    examples: ['qbatch resume', 'qbatch resume requests.qbatch.db --max-cost 40'] },
  { name: 'check', aliases: ['validate'], positionals: [INPUT], flags: RUN_FLAGS.filter((flag) => flag.check),
    describe: 'check the input and send nothing: problems by line, tokens, cost and time',
    examples: ['qbatch check requests.jsonl', 'qbatch check requests.jsonl --strict --json'] },
  { name: 'retry', aliases: [], positionals: [JOB], flags: [...RETRY_FLAGS, ...RUN_FLAGS],
    describe: 'reopen failed lines and run them',
    examples: ['qbatch retry requests.qbatch.db', 'qbatch retry --code InternalError --status 500'] },
  { name: 'status', aliases: [], positionals: [JOB], flags: [
      { name: 'verify', type: 'boolean', default: 'false', describe: 'check ledger and files against each other' },
      LEDGER, JOB_NAME, JSON_OUT, ...DISPLAY_FLAGS ],
    describe: 'show one job in detail, also while it runs',
    examples: ['qbatch status', 'qbatch status requests.qbatch.db --verify'] },
  { name: 'jobs', aliases: [], positionals: [{ name: 'dir', describe: 'the folder to look in; default: this one', required: false, completes: 'folder' }],
    flags: [JSON_OUT, ...DISPLAY_FLAGS],
    describe: 'list the jobs in a folder',
    examples: ['qbatch jobs', 'qbatch jobs ~/batches --json'] },
  { name: 'usage', aliases: [], positionals: [JOBS], flags: [
      { name: 'by', type: 'string', repeatable: true, metavar: 'KEYS', default: 'model', describe: 'group by model, day, hour, job, status, code, thinking, tag:NAME; several with commas; repeatable' },
      { name: 'format', type: 'string', choices: REPORT_FORMATS, default: 'table', describe: 'the output format' },
      OUTPUT, LEDGER, JOB_NAME, ...DISPLAY_FLAGS ],
    describe: 'report usage and cost',
    examples: ['qbatch usage', 'qbatch usage --by day,model --format csv -o usage.csv', 'qbatch usage --by tag:customer'] },
  { name: 'export', aliases: [], positionals: [JOB], flags: [
      { name: 'what', type: 'string', choices: EXPORTED, default: 'results', describe: 'what to export' },
      { name: 'format', type: 'string', choices: EXPORT_FORMATS, default: 'jsonl', describe: 'the output format' },
      { name: 'order', type: 'string', choices: ORDERS, default: 'input', describe: 'in the order of the input, or as lines settled' },
      OUTPUT, LEDGER, JOB_NAME, ...DISPLAY_FLAGS ],
    describe: 'rebuild files from the ledger',
    examples: ['qbatch export requests.qbatch.db -o answers.jsonl', 'qbatch export --what attempts --format csv'] },
  { name: 'models', aliases: [], positionals: [{ name: 'pattern', describe: 'part of a model id, or with * as in file names', required: false }], flags: [
      { name: 'region', type: 'string', choices: REGIONS, describe: 'prices and limits of this region' },
      { name: 'catalog', type: 'string', metavar: 'FILE', defaultText: 'bundled', describe: 'a catalog that overrides the bundled one or adds to it', completes: 'file' },
      JSON_OUT, ...DISPLAY_FLAGS ],
    describe: 'show the model catalog: prices, limits, abilities, with source and date',
    examples: ['qbatch models', 'qbatch models "qwen3-*" --region singapore'] },
  { name: 'simulate', aliases: [], positionals: [{ name: 'spec', describe: 'rpm=600,tpm=100000,latency=200ms,errors=2%,seed=7', required: false }], flags: [
      { name: 'host', type: 'string', metavar: 'ADDRESS', default: '127.0.0.1', describe: 'the address to listen on' },
      { name: 'port', type: 'string', metavar: 'N', default: '8089', describe: 'the port to listen on; 0 takes a free one' },
      ...DISPLAY_FLAGS ],
    describe: 'start the bundled Model Studio simulator as a server, to rehearse without a key or a bill',
    examples: ['qbatch simulate', 'qbatch simulate rpm=600,errors=2% --port 0'] },
  { name: 'completion', aliases: [], positionals: [{ name: 'shell', describe: 'bash, zsh or fish', required: true, choices: SHELLS }], flags: [],
    describe: 'print a shell completion script',
    examples: ['qbatch completion bash >> ~/.bashrc', 'qbatch completion zsh > ~/.zfunc/_qbatch', 'qbatch completion fish > ~/.config/fish/completions/qbatch.fish'] },
  { name: 'debug', aliases: [], positionals: [JOB], flags: [LEDGER, JOB_NAME, JSON_OUT, ...DISPLAY_FLAGS],
    describe: 'print a bundle for bug reports: versions, settings, ledger summary; no secrets',
    examples: ['qbatch debug', 'qbatch debug requests.qbatch.db > report.txt'] },
];

/** The command of that name or alias. */
export function findCommand(name: string): CommandSpec | undefined {
  return COMMANDS.find((command) => command.name === name || command.aliases.includes(name));
}
