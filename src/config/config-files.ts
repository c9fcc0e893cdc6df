import { readFileSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { configKey, RUN_FLAGS } from './flags.ts';
import type { RunFlagSpec } from './flags.ts';
import { isObject } from '../json/is-object.ts';
import { scanObject } from '../json/json-scan.ts';
import { looksLikeKey } from '../redact.ts';
import { closestName } from '../suggest.ts';

/** One entry of a configuration file: its flag, its value, and its key as written. */
export type ConfigEntry = {
  readonly flag: RunFlagSpec;
  readonly value: unknown;
  readonly key: string;
};

const PROJECT_FILE = 'qbatch.config.json';

/** Settings that name files: in a configuration file they are relative to its folder. */
const PATH_FLAGS: ReadonlySet<string> = new Set(['output', 'errors', 'ledger', 'catalog']);

/**
 * The nearest `qbatch.config.json` in `cwd` or above it. Throws ConfigError (78) if the disk fails: existing settings must
 * not be ignored because of that.
 */
export function findProjectFile(cwd: string): string | undefined {
  let folder = path.resolve(cwd);
  for (;;) {
    const file = path.join(folder, PROJECT_FILE);
    if (hasConfig(file)) return file;
    const parent = path.dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

/**
 * The user's file, if any: `qbatch/config.json` under `XDG_CONFIG_HOME`, else under `.config` in `home`, if the user has
 * one. A relative `XDG_CONFIG_HOME` is ignored, as its specification requires. Throws ConfigError (78) if the disk fails.
 */
export function findUserFile(
  env: Readonly<Record<string, string | undefined>>,
  home: string | null,
): string | undefined {
  const named = env['XDG_CONFIG_HOME'] ?? '';
  const own = home === null ? undefined : path.join(home, '.config');
  const folder = path.isAbsolute(named) ? named : own;
  if (folder === undefined) return undefined;
  const file = path.join(folder, 'qbatch', 'config.json');
  return hasConfig(file) ? file : undefined;
}

/** Whether a configuration file exists; one in an inaccessible folder is not this user's. */
function hasConfig(file: string): boolean {
  try {
    return isThere(file, 'absent');
  } catch (error) {
    throw new ConfigError((error as Error).message, 'check its folder and the disk', error);
  }
}

/**
 * Reads a configuration file: one JSON object whose keys are the flags of `run`, as `maxCost` or `max-cost`. Throws
 * ConfigError (78) if it cannot be read, is no such object, has unknown or duplicate keys, or holds what looks like an API
 * key (never repeating it).
 */
export function readConfigFile(file: string): readonly ConfigEntry[] {
  const text = readText(file);
  const parsed = parseObject(file, text);
  refuseApiKeys(file, parsed);
  const scan = scanObject(text);
  const seen = new Map<string, string>();
  return scan.members.map((member) => {
    const flag = flagOf(file, member.key);
    const earlier = seen.get(flag.name);
    if (earlier !== undefined) {
      throw new ConfigError(
        `${file}: ${earlier} and ${member.key} give the same setting twice`,
        'keep one of them',
      );
    }
    seen.set(flag.name, member.key);
    const raw = text.slice(member.valueStart, member.valueEnd);
    return { flag, key: member.key, value: valueOf(flag, raw, path.dirname(file)) };
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`cannot read the configuration file ${file}: ${code}`, undefined, error);
  }
}

function parseObject(file: string, text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // V8's message quotes the text around the error, which may be a key.
    throw new ConfigError(`${file} is not valid JSON`, 'comments and trailing commas are not JSON');
  }
  if (isObject(parsed)) return parsed;
  throw new ConfigError(`${file} is not a JSON object`, 'such as {"model": "qwen-plus"}');
}

function refuseApiKeys(file: string, value: unknown): void {
  if (typeof value === 'string' && looksLikeKey(value)) throw apiKeyInFile(file);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    const plain = name.toLowerCase().replaceAll(/[_-]/g, '');
    if (plain.endsWith('apikey') || looksLikeKey(name)) throw apiKeyInFile(file);
    refuseApiKeys(file, inner);
  }
}

function apiKeyInFile(file: string): ConfigError {
  return new ConfigError(
    `${file} holds an API key: configuration files are shared and committed, keys must not be`,
    'take it out (and replace it if it was ever committed); set DASHSCOPE_API_KEY or DASHSCOPE_API_KEY_FILE_PATH',
  );
}

function flagOf(file: string, key: string): RunFlagSpec {
  const flag = RUN_FLAGS.find((one) => one.name === key || configKey(one.name) === key);
  if (flag !== undefined) return flag;
  const near = closestName(
    key,
    RUN_FLAGS.map((one) => configKey(one.name)),
  );
  throw new ConfigError(
    `${file}: unknown key ${JSON.stringify(key)}`,
    near === undefined ? 'the keys are the flags of qbatch run' : `did you mean ${near}?`,
  );
}

function valueOf(flag: RunFlagSpec, raw: string, folder: string): unknown {
  // Parameters are spliced into requests as written: as text their numbers keep their digits.
  if (flag.name === 'set' && raw.startsWith('{')) return raw;
  const value: unknown = JSON.parse(raw);
  const isPath = PATH_FLAGS.has(flag.name) && typeof value === 'string' && value !== '';
  return isPath && value !== '-' ? path.resolve(folder, value) : value;
}
