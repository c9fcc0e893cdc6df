import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { resolveSettings, SettingError } from '../config/config.ts';
import { EXIT, QbatchError } from '../errors.ts';
import { RUN_FLAGS } from '../config/flags.ts';
import { sqlitePackage } from '../ledger/database.ts';
import { chooseJob, isNamed } from '../ledger/find-jobs.ts';
import { ledgerFacts, type LedgerFacts } from '../ledger/ledger-facts.ts';
import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { redactKeyLike } from '../redact.ts';
import { jsonText } from '../json/json-text.ts';
import { oneLine } from '../reporters/one-line.ts';
import type { ResolvedSettings, Settings } from '../settings.ts';
import { UNDICI_VERSION, VERSION } from '../version.ts';
import type { CommandIo } from './io.ts';

type DebugParsed = Extract<ParsedCommand, { readonly command: 'debug' }>;

type ShownSetting = { readonly name: string; readonly value: string; readonly origin: string };

/** The bundle: what a maintainer asks for first, and nothing that may not be pasted into an issue. */
type DebugReport = {
  readonly schema: 1;
  readonly versions: Readonly<Record<string, string>>;
  readonly platform: Readonly<Record<string, string | number>>;
  /** `set` or `not set`, never the value. */
  readonly environment: Readonly<Record<string, string>>;
  /** Those that differ from the default; null if they cannot be read (`problems` says why). */
  readonly settings: readonly ShownSetting[] | null;
  readonly ledger: LedgerFacts | null;
  readonly problems: readonly string[];
};

/** Whether they are set is informative; their values are, or may contain, secrets. */
const ENVIRONMENT = [
  'DASHSCOPE_API_KEY',
  'DASHSCOPE_API_KEY_FILE_PATH',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
];

/** Settings whose values are prompts or free text: only whether they are set is shown. */
const PRIVATE: ReadonlySet<keyof Settings> = new Set(['system', 'set']);

const VALUE_CHARS_MAX = 1_000;

/**
 * `qbatch debug [job]`: versions, platform, settings with their origin, and counts from the ledger, as text or JSON. No
 * keys, prompts, answers or messages of the service. Unreadable settings or ledgers are part of the report; only a named
 * unknown job throws (66, 64).
 */
export async function debugCommand(parsed: DebugParsed, io: CommandIo): Promise<number> {
  const problems: string[] = [];
  const report: DebugReport = {
    schema: 1,
    versions: versions(),
    platform: platform(),
    environment: environment(io.env),
    settings: settings(io, problems),
    ledger: await ledger(parsed, io, problems),
    problems,
  };
  const text = parsed.json ? `${jsonText(report)}\n` : reportText(report);
  await io.writeOut(redactKeyLike(text));
  return EXIT.ok;
}

const require = createRequire(import.meta.url);

/** The version of the one package that is not bundled, or why there is none. */
function sqliteVersion(): string {
  try {
    const file = require.resolve(`${sqlitePackage()}/package.json`);
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch (error) {
    return (error as Error).message;
  }
}

function versions(): Record<string, string> {
  const { node, v8, openssl, uv } = process.versions;
  return {
    qbatch: VERSION,
    node,
    v8,
    openssl,
    uv,
    'better-sqlite3': sqliteVersion(),
    undici: UNDICI_VERSION,
  };
}

function platform(): Record<string, string | number> {
  return {
    system: `${os.type()} ${os.release()}`,
    architecture: os.arch(),
    cpus: os.availableParallelism(),
    memory_mib: Math.round(os.totalmem() / 2 ** 20),
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function environment(env: CommandIo['env']): Record<string, string> {
  const isSet = (name: string): boolean =>
    [name, name.toLowerCase()].some((one) => (env[one] ?? '') !== '');
  return Object.fromEntries(ENVIRONMENT.map((name) => [name, isSet(name) ? 'set' : 'not set']));
}

function settings(io: CommandIo, problems: string[]): ShownSetting[] | null {
  let resolved: ResolvedSettings;
  try {
    resolved = resolveSettings({ flags: {}, env: io.env, cwd: io.cwd, home: io.home });
  } catch (error) {
    if (!(error instanceof QbatchError)) throw error;
    const what = error instanceof SettingError ? error.withoutValue : error.message;
    problems.push(`settings: ${what}`);
    return null;
  }
  return RUN_FLAGS.flatMap(({ name, setting }) => {
    const origin = resolved.origins.get(setting) ?? 'default';
    if (origin === 'default') return [];
    return [
      { name, value: PRIVATE.has(setting) ? 'set' : shown(resolved.settings[setting]), origin },
    ];
  });
}

function shown(value: unknown): string {
  const plain: unknown = value instanceof Map ? Object.fromEntries(value) : value;
  const text = JSON.stringify(plain) ?? 'undefined';
  // A base URL or proxy may carry a password.
  return text.replaceAll(/(\w+:\/\/)[^/@"\s]+@/gu, '$1[redacted]@');
}

async function ledger(
  parsed: DebugParsed,
  io: CommandIo,
  problems: string[],
): Promise<LedgerFacts | null> {
  try {
    return await ledgerFacts(chooseJob(parsed, io.cwd));
  } catch (error) {
    if (!(error instanceof QbatchError)) throw error;
    const unknown = error.exitCode === EXIT.noInput || error.exitCode === EXIT.usage;
    if (isNamed(parsed) && unknown) throw error;
    problems.push(`ledger: ${error.message}`);
    return null;
  }
}

function reportText(report: DebugReport): string {
  const section = (title: string, entries: readonly (readonly [string, unknown])[]): string[] => [
    `${title}:`,
    ...entries.map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `  ${name}: ${oneLine(text, VALUE_CHARS_MAX)}`;
    }),
  ];
  const given = report.settings?.map(
    ({ name, value, origin }) => [name, `${value} (${origin})`] as const,
  );
  const lines = [
    ...section('versions', Object.entries(report.versions)),
    ...section('platform', Object.entries(report.platform)),
    ...section('environment', Object.entries(report.environment)),
    ...(given === undefined
      ? ['settings: cannot be read']
      : section('settings', given.length === 0 ? [['all', 'at their defaults']] : given)),
    ...(report.ledger === null
      ? ['ledger: none']
      : section('ledger', Object.entries(report.ledger))),
    ...report.problems.map((problem) => `problem with ${oneLine(problem, VALUE_CHARS_MAX)}`),
  ];
  return `${lines.join('\n')}\n`;
}
