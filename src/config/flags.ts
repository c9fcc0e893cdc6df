import type { Settings } from '../settings.ts';
import {
  AMBIGUOUS_ACTIONS,
  COLOR_MODES,
  CURRENCIES,
  ORDERS,
  PROGRESS_MODES,
  PROTOCOLS,
  REGIONS,
} from './choices.ts';

/** One flag of one command, as used by help, parsing and shell completion. */
export type FlagSpec = {
  /** The long name without `--`. */
  readonly name: string;
  /** The short form without `-`. */
  readonly alias?: string;
  /** `optional`: bare or with `=VALUE`; a following word is never its value. */
  readonly type: 'boolean' | 'string' | 'optional';
  /** May be given more than once. */
  readonly repeatable?: true;
  readonly choices?: readonly string[];
  /** The default as it would be typed; absent: none. */
  readonly default?: string;
  /** The default shown in help if it is not a single text. */
  readonly defaultText?: string;
  /** Placeholder for the value in help. */
  readonly metavar?: string;
  readonly describe: string;
  readonly group?: string;
  /** What shells complete for the value. */
  readonly completes?: 'file' | 'folder';
};

/** A flag of `run`: also an environment variable, a configuration key, and a setting. */
export type RunFlagSpec = FlagSpec & {
  readonly setting: keyof Settings;
  /** `check` accepts it too: it changes what the survey finds or how that is shown. */
  readonly check: boolean;
};

const FILES = 'Files:';
const REQUESTS = 'Requests:';
const ENDPOINT = 'Endpoint:';
const PACE = 'Limits, retries, timeouts:';
const LIMITS = 'Stops and costs:';
const SURVEY = 'Input:';
const STATE = 'State:';
const DISPLAY = 'Display:';

/**
 * Every flag of `run` (cli.md section 5), in the order of its help. `resume` and `retry` accept all of them, `check` those
 * marked. Defaults are texts parsed by the flag's own parser.
 */
// prettier-ignore
export const RUN_FLAGS: readonly RunFlagSpec[] = [
  { name: 'output', alias: 'o', setting: 'output', check: false, type: 'string', metavar: 'FILE', defaultText: '<input>.results.jsonl', completes: 'file', group: FILES,
    describe: 'where the answers go; - prints them' },
  { name: 'errors', setting: 'errors', check: false, type: 'string', metavar: 'FILE', defaultText: '<input>.errors.jsonl', completes: 'file', group: FILES,
    describe: 'where failed and rejected lines go' },
  { name: 'ledger', setting: 'ledger', check: false, type: 'string', metavar: 'FILE', defaultText: '<input>.qbatch.db', completes: 'file', group: FILES,
    describe: 'where the state of the job is kept' },
  { name: 'job', setting: 'job', check: false, type: 'string', metavar: 'NAME', defaultText: 'the name of the input', group: FILES,
    describe: 'the name of the job; one ledger may hold several' },
  { name: 'order', setting: 'order', check: false, type: 'string', choices: ORDERS, defaultText: 'input', group: FILES,
    describe: 'write lines in the order of the input, or as they settle' },

  { name: 'model', setting: 'model', check: true, type: 'string', metavar: 'NAME', group: REQUESTS,
    describe: 'the model for lines that name none' },
  { name: 'system', setting: 'system', check: true, type: 'string', metavar: 'TEXT', group: REQUESTS,
    describe: 'the system message for lines of any shape that have none' },
  { name: 'protocol', setting: 'protocol', check: true, type: 'string', choices: PROTOCOLS, default: 'auto', group: REQUESTS,
    describe: 'the protocol for lines whose shape leaves it open' },
  { name: 'set', setting: 'set', check: true, type: 'string', repeatable: true, metavar: 'NAME=VALUE', group: REQUESTS,
    describe: 'a parameter for lines that do not set it; VALUE is JSON, else text; repeatable' },

  { name: 'region', setting: 'region', check: true, type: 'string', choices: REGIONS, default: 'beijing', group: ENDPOINT,
    describe: 'the region of the service (frankfurt and tokyo need --workspace)' },
  { name: 'base-url', setting: 'baseUrl', check: true, type: 'string', metavar: 'URL', group: ENDPOINT,
    describe: 'the native endpoint, in place of the region\'s' },
  { name: 'compatible-base-url', setting: 'compatibleBaseUrl', check: true, type: 'string', metavar: 'URL', group: ENDPOINT,
    describe: 'the OpenAI-compatible endpoint, in place of the region\'s' },
  { name: 'workspace', setting: 'workspace', check: true, type: 'string', metavar: 'ID', group: ENDPOINT,
    describe: 'the workspace whose own host is called' },
  { name: 'allow-http', setting: 'allowHttp', check: true, type: 'boolean', default: 'false', group: ENDPOINT,
    describe: 'send the key over plain http to hosts other than this machine' },

  { name: 'concurrency', alias: 'c', setting: 'concurrency', check: true, type: 'string', metavar: 'N|auto', default: 'auto', group: PACE,
    describe: 'calls in flight at once' },
  { name: 'rpm', setting: 'rpm', check: true, type: 'string', repeatable: true, metavar: 'N|auto', default: 'auto', group: PACE,
    describe: 'requests per minute, for each model or for one (qwen-plus=600); repeatable' },
  { name: 'tpm', setting: 'tpm', check: true, type: 'string', repeatable: true, metavar: 'N|auto', default: 'auto', group: PACE,
    describe: 'tokens per minute, given like --rpm' },
  { name: 'query-limits', setting: 'queryLimits', check: false, type: 'boolean', default: 'false', group: PACE,
    describe: 'ask the service for its quotas; --rpm and --tpm override them' },
  { name: 'max-attempts', setting: 'maxAttempts', check: false, type: 'string', metavar: 'N', default: '6', group: PACE,
    describe: 'attempts per line (throttled and never sent ones do not count)' },
  { name: 'timeout', setting: 'timeoutMs', check: false, type: 'string', metavar: 'DURATION', defaultText: '330s, streamed 3600s', group: PACE,
    describe: 'how long one call may take' },
  { name: 'idle-timeout', setting: 'idleTimeoutMs', check: false, type: 'string', metavar: 'DURATION', default: '120s', group: PACE,
    describe: 'how long a stream may be silent' },
  { name: 'connect-timeout', setting: 'connectTimeoutMs', check: false, type: 'string', metavar: 'DURATION', default: '10s', group: PACE,
    describe: 'how long connecting may take' },
  { name: 'on-ambiguous', setting: 'onAmbiguous', check: false, type: 'string', choices: AMBIGUOUS_ACTIONS, default: 'retry', group: PACE,
    describe: 'what to do after a call that may have been billed but brought no answer' },
  { name: 'max-unreachable', setting: 'maxUnreachableMs', check: false, type: 'string', metavar: 'DURATION', default: '10m', group: PACE,
    describe: 'how long to wait for a service or model that admits nothing' },

  { name: 'max-cost', setting: 'maxCost', check: true, type: 'string', metavar: 'AMOUNT', group: LIMITS,
    describe: 'stop before the job, over all its runs, costs more than this' },
  { name: 'max-duration', setting: 'maxDurationMs', check: false, type: 'string', metavar: 'DURATION', group: LIMITS,
    describe: 'stop this run after this time' },
  { name: 'max-failures', setting: 'maxFailures', check: false, type: 'string', metavar: 'N|P%', group: LIMITS,
    describe: 'stop after this many failed lines, or this share of the settled ones' },
  { name: 'confirm-cost', setting: 'confirmCost', check: false, type: 'string', metavar: 'AMOUNT', group: LIMITS,
    describe: 'ask before spending more than this (fails without a terminal)' },
  { name: 'yes', alias: 'y', setting: 'yes', check: false, type: 'boolean', default: 'false', group: LIMITS,
    describe: 'answer every question with yes' },
  { name: 'sample', setting: 'sample', check: false, type: 'string', metavar: 'N', group: LIMITS,
    describe: 'run this many lines first, to sharpen the estimate that --confirm-cost asks about' },
  { name: 'catalog', setting: 'catalog', check: true, type: 'string', metavar: 'FILE', defaultText: 'bundled', completes: 'file', group: LIMITS,
    describe: 'prices, limits and abilities that override the bundled ones or add to them' },
  { name: 'currency', setting: 'currency', check: true, type: 'string', choices: CURRENCIES, defaultText: 'by region', group: LIMITS,
    describe: 'the currency of prices and limits' },

  { name: 'skip-invalid', setting: 'skipInvalid', check: true, type: 'boolean', default: 'false', group: SURVEY,
    describe: 'run the valid lines of a file that has invalid ones' },
  { name: 'strict', setting: 'strict', check: true, type: 'boolean', default: 'false', group: SURVEY,
    describe: 'treat warnings as errors' },
  { name: 'max-line', setting: 'maxLineBytes', check: true, type: 'string', metavar: 'SIZE', default: '32MiB', group: SURVEY,
    describe: 'the longest line accepted' },
  { name: 'dry-run', alias: 'n', setting: 'dryRun', check: false, type: 'boolean', default: 'false', group: SURVEY,
    describe: 'stop after the survey' },
  { name: 'simulate', setting: 'simulate', check: true, type: 'optional', metavar: 'SPEC', group: SURVEY,
    describe: 'run against the bundled simulator: no key, no bill; SPEC: rpm=600,tpm=100000,latency=200ms,errors=2%,seed=7' },

  { name: 'fresh', setting: 'fresh', check: false, type: 'boolean', default: 'false', group: STATE,
    describe: 'forget the earlier state of this job (asks, or needs -y)' },
  { name: 'accept-changed-input', setting: 'acceptChangedInput', check: false, type: 'boolean', default: 'false', group: STATE,
    describe: 'keep the answers of unchanged lines, run the others' },
  { name: 'adopt-outputs', setting: 'adoptOutputs', check: false, type: 'boolean', default: 'false', group: STATE,
    describe: 'import answers from the output files into a ledger that lost them' },

  { name: 'dashboard', setting: 'dashboard', check: false, type: 'boolean', default: 'false', group: DISPLAY,
    describe: 'serve a live report on this machine alone while the job runs; its address is printed on stderr' },
  { name: 'progress', setting: 'progress', check: true, type: 'string', choices: PROGRESS_MODES, default: 'auto', group: DISPLAY,
    describe: 'how progress is shown on stderr' },
  { name: 'quiet', alias: 'q', setting: 'quiet', check: true, type: 'boolean', default: 'false', group: DISPLAY,
    describe: 'say nothing on stderr unless something is wrong' },
  { name: 'color', setting: 'color', check: true, type: 'string', choices: COLOR_MODES, default: 'auto', group: DISPLAY,
    describe: 'when to use colour' },
  { name: 'json', setting: 'json', check: true, type: 'boolean', default: 'false', group: DISPLAY,
    describe: 'print the final summary as one JSON object on stdout' },
  { name: 'debug', setting: 'debug', check: true, type: 'boolean', default: 'false', group: DISPLAY,
    describe: 'print more detail, with stack traces' },
];

/** The environment variable of a flag: `max-cost` is `QBATCH_MAX_COST`. */
export function environmentName(flag: string): string {
  return `QBATCH_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** The key of a flag in configuration files: `max-cost` is `maxCost`. */
export function configKey(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
