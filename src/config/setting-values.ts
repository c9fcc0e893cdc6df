import { isObject } from '../json/is-object.ts';
import { scanObject } from '../json/json-scan.ts';
import { DURATION_MS_MAX, parseDurationMs, parsePercent, parseSizeBytes } from './durations.ts';
import type { LimitSetting, Settings } from '../settings.ts';

/** A setting's value, or what would be allowed instead (a phrase after "is not"). */
export type Parsed<T> = { readonly value: T } | { readonly allowed: string };

/** Parses the value of a setting from a flag, the environment (text) or a configuration file (JSON). */
export type SettingParser<T> = (given: unknown) => Parsed<T>;

/** Lines are held several times over during processing, so their limit is bounded. */
const LINE_BYTES_MAX = 256 * 1024 ** 2;
const LINE_BYTES_MIN = 1024;

const CONTROL = /\p{Cc}/u;
const AMOUNT = /^\d{1,12}(?:\.\d{1,12})?$/;

/** Switches: JSON booleans, or `true`, `yes`, `on`, `1` and their opposites in any case. */
export const parseSwitch: SettingParser<boolean> = (given) => {
  const text = typeof given === 'string' ? given.toLowerCase() : given;
  if (text === true || text === 'true' || text === 'yes' || text === 'on' || text === '1') {
    return { value: true };
  }
  if (text === false || text === 'false' || text === 'no' || text === 'off' || text === '0') {
    return { value: false };
  }
  return { allowed: 'true or false' };
};

/** Names and paths: text that is not empty and holds no control characters. */
export const parseName: SettingParser<string> = (given) =>
  typeof given === 'string' && given !== '' && !CONTROL.test(given)
    ? { value: given }
    : { allowed: 'text (not empty, no control characters)' };

/** Free text, such as a system message: anything but empty. */
export const parseText: SettingParser<string> = (given) =>
  typeof given === 'string' && given.trim() !== '' ? { value: given } : { allowed: 'text' };

/** One of a few words. */
export function choiceParser<const T extends string>(choices: readonly T[]): SettingParser<T> {
  return (given) => {
    const choice = choices.find((one) => one === given);
    return choice === undefined ? { allowed: `one of ${choices.join(', ')}` } : { value: choice };
  };
}

/** A whole number from `least` to `most`. */
export function countParser(least: number, most: number): SettingParser<number> {
  const allowed = `a whole number from ${least} to ${most}`;
  return (given) => {
    const text = typeof given === 'number' ? String(given) : given;
    const count = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return count >= least && count <= most ? { value: count } : { allowed };
  };
}

/** Like `parse`, plus the word `auto`. */
export function orAuto<T>(parse: SettingParser<T>): SettingParser<T | 'auto'> {
  return (given) => {
    if (given === 'auto') return { value: 'auto' };
    const parsed = parse(given);
    return 'value' in parsed ? parsed : { allowed: `${parsed.allowed}, or auto` };
  };
}

/** A duration as text, or a JSON number of seconds; returns milliseconds, at least `leastMs`. */
export function durationParser(leastMs: number): SettingParser<number> {
  const least = leastMs > 0 ? 'more than 0 and ' : '';
  const days = Math.floor(DURATION_MS_MAX / 86_400_000);
  const allowed = `a duration such as 500ms, 90s, 10m, 2h or 1d (bare: seconds; ${least}at most ${days}d)`;
  return (given) => {
    const ms = typeof given === 'string' ? parseDurationMs(given) : undefined;
    const value = typeof given === 'number' ? parseDurationMs(String(given)) : ms;
    return value !== undefined && value >= leastMs ? { value } : { allowed };
  };
}

/** The longest line: a size as text, or a JSON number of bytes. */
export const parseLineBytes: SettingParser<number> = (given) => {
  const isText = typeof given === 'string' || typeof given === 'number';
  const bytes = isText ? parseSizeBytes(String(given)) : undefined;
  return bytes !== undefined && bytes >= LINE_BYTES_MIN && bytes <= LINE_BYTES_MAX
    ? { value: bytes }
    : { allowed: 'a size such as 32MiB (bare: bytes; from 1KiB to 256MiB)' };
};

/** An amount of money as plain decimal text, kept as text: money never becomes a binary fraction. */
export const parseAmount: SettingParser<string> = (given) => {
  const text = typeof given === 'number' ? String(given) : given;
  return typeof text === 'string' && AMOUNT.test(text)
    ? { value: text }
    : { allowed: 'an amount such as 20 or 12.50 (digits and one point, no currency)' };
};

/** `N` failed lines or `P%` of the settled ones. */
export const parseMaxFailures: SettingParser<NonNullable<Settings['maxFailures']>> = (given) => {
  const count = countParser(1, 1e12)(given);
  if ('value' in count) return { value: { count: count.value } };
  const percent = typeof given === 'string' ? parsePercent(given) : undefined;
  return percent === undefined
    ? { allowed: 'a whole number of lines, 1 or more, or a share such as 5%' }
    : { value: { percent } };
};

const LIMIT = orAuto(countParser(1, 1e12));
const LIMIT_ALLOWED =
  'a whole number (1 or more) or auto, alone or for one model as in qwen-plus=600, each once';

/**
 * Limits per minute: one entry, several (a list, or comma-separated text), or in JSON an object of model to number. The key
 * for all models is empty.
 */
export const parseLimits: SettingParser<LimitSetting> = (given) => {
  const limits = new Map<string, number | 'auto'>();
  for (const [model, value] of limitEntries(given)) {
    const limit = LIMIT(value);
    const isName = model === undefined || 'value' in parseName(model.trim());
    const key = model?.trim() ?? '';
    if (!('value' in limit) || !isName || limits.has(key)) return { allowed: LIMIT_ALLOWED };
    limits.set(key, limit.value);
  }
  return limits.size === 0 ? { allowed: LIMIT_ALLOWED } : { value: limits };
};

function limitEntries(given: unknown): readonly (readonly [string | undefined, unknown])[] {
  if (isObject(given)) return Object.entries(given);
  const entries: readonly unknown[] = Array.isArray(given) ? given : [given];
  return entries
    .flatMap((entry) => (typeof entry === 'string' ? entry.split(',') : [entry]))
    .map((entry) => {
      const equals = typeof entry === 'string' ? entry.lastIndexOf('=') : -1;
      if (typeof entry !== 'string') return [undefined, entry];
      if (equals === -1) return [undefined, entry.trim()];
      return [entry.slice(0, equals), entry.slice(equals + 1).trim()];
    });
}

/** Names that `--set` refuses: parts of a line that are not parameters. */
const NO_PARAMETERS: ReadonlySet<string> = new Set([
  'body',
  'custom_id',
  'headers',
  'input',
  'messages',
  'metadata',
  'method',
  'model',
  'parameters',
  'prompt',
  'system',
  'url',
]);

const SET_ALLOWED =
  'a parameter and its value as in temperature=0.7, each once (not model or system: they have flags; not messages, input, headers, ...)';

/**
 * Default parameters for lines: one `name=value`, a list of them, or an object as JSON text (as passed from configuration
 * files, so that numbers keep their digits). Returns the raw JSON text of each value; a value that is not JSON becomes a
 * JSON string.
 */
export const parseAssignments: SettingParser<ReadonlyMap<string, string>> = (given) => {
  const found = new Map<string, string>();
  for (const [name, value] of assignments(given)) {
    const isParameter = name !== '' && !/[\s\p{Cc}]/u.test(name) && !NO_PARAMETERS.has(name);
    if (!isParameter || found.has(name)) return { allowed: SET_ALLOWED };
    found.set(name, value);
  }
  return found.size === 0 ? { allowed: SET_ALLOWED } : { value: found };
};

function assignments(given: unknown): readonly (readonly [string, string])[] {
  if (typeof given === 'string' && isJson(given) && given.trimStart().startsWith('{')) {
    return scanObject(given).members.map((member) => [
      member.key,
      given.slice(member.valueStart, member.valueEnd),
    ]);
  }
  const entries: readonly unknown[] = Array.isArray(given) ? given : [given];
  return entries.map((entry) => {
    const text = typeof entry === 'string' ? entry : '';
    const equals = text.indexOf('=');
    if (equals === -1) return ['', ''];
    const value = text.slice(equals + 1).trim();
    return [text.slice(0, equals), isJson(value) ? value : JSON.stringify(text.slice(equals + 1))];
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const URL_ALLOWED =
  'an http or https URL without user name, password, query and fragment, such as https://dashscope.aliyuncs.com/api/v1';

/** A base URL, without its trailing slash. */
export const parseBaseUrl: SettingParser<string> = (given) => {
  // URL parsers silently repair tabs and line breaks inside, and backslashes: refused here.
  if (typeof given !== 'string' || /[\s\\?#@\p{Cc}]/u.test(given)) return { allowed: URL_ALLOWED };
  if (!/^https?:\/\/[^/]/i.test(given) || !URL.canParse(given)) return { allowed: URL_ALLOWED };
  const { origin, pathname } = new URL(given);
  return { value: `${origin}${pathname.replace(/\/+$/, '')}` };
};

/** The id becomes part of the host name to which the key is sent: exactly one DNS label. */
export const parseWorkspace: SettingParser<string> = (given) =>
  typeof given === 'string' && /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(given)
    ? { value: given }
    : { allowed: 'a workspace id (letters, digits and dashes)' };
