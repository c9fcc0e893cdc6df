import { readFileSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from '../errors.ts';
import { isAbsent } from '../files/read-failure.ts';

const HINT =
  'set DASHSCOPE_API_KEY, or write the key into a file and name it by DASHSCOPE_API_KEY_FILE_PATH (a server of your own that asks for none: any value)';

/** Advice if a key was given in a place that it is not read from. */
export const KEY_PLACES = 'set DASHSCOPE_API_KEY, or name a file by DASHSCOPE_API_KEY_FILE_PATH';

/** Keys have some 35 characters; longer content is another file's. */
const KEY_CHARACTERS_MAX = 4096;

/** Visible ASCII: the characters of keys, valid in an HTTP header. */
const KEY = /^[\x21-\x7e]+$/;

/**
 * The Model Studio key: the value of `DASHSCOPE_API_KEY`, else the content of the file named by
 * `DASHSCOPE_API_KEY_FILE_PATH` (relative to `cwd`), else of `.dashscope/api_key` in the `home` folder, if the user has
 * one; trimmed. Blank variables count as unset. Throws ConfigError (78) if there is none, if a file cannot be read (naming
 * it), and if the value cannot be a key (never repeating it).
 *
 * Source of the names and their order: the vendor's Python SDK (`dashscope.common.api_key`), 2025.
 */
export function readApiKey(at: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string | null;
  /** Used only for a relative path. */
  readonly cwd: string;
}): string {
  const { env, home } = at;
  const value = env['DASHSCOPE_API_KEY']?.trim() ?? '';
  if (value !== '') return checkKey(value, 'DASHSCOPE_API_KEY');
  const named = env['DASHSCOPE_API_KEY_FILE_PATH']?.trim() ?? '';
  const own = home === null ? undefined : path.join(home, '.dashscope', 'api_key');
  const file = named === '' ? own : path.isAbsolute(named) ? named : path.resolve(at.cwd, named);
  if (file === undefined) throw new ConfigError('no API key found', HINT);
  const content = readKeyFile(file, named !== '');
  if (content === undefined) throw new ConfigError('no API key found', HINT);
  if (content === '') throw new ConfigError(`no API key found: ${file} is empty`, HINT);
  return checkKey(content, file);
}

/** The trimmed content; undefined if an optional file is missing. */
function readKeyFile(file: string, wanted: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (!wanted && isAbsent(error)) return undefined;
    const { code } = error as NodeJS.ErrnoException;
    const origin = wanted ? ', named by DASHSCOPE_API_KEY_FILE_PATH' : '';
    throw new ConfigError(`cannot read the API key file ${file}${origin}: ${code}`, HINT, error);
  }
}

/** What gets copied from a `.env` file, or is kept by readers that do not parse it as a shell does (`docker --env-file`). */
const WRAPPED = /^(["']).*\1$|^DASHSCOPE_API_KEY=/s;

function checkKey(key: string, origin: string): string {
  if (WRAPPED.test(key)) {
    throw new ConfigError(
      `the API key in ${origin} is in quotes, or behind DASHSCOPE_API_KEY=, which are not part of a key`,
      'give the key alone, as the console shows it',
    );
  }
  if (key.length <= KEY_CHARACTERS_MAX && KEY.test(key)) return key;
  throw new ConfigError(
    `the API key in ${origin} holds characters that no key has (blanks, line breaks, control or non-ASCII characters), or is far too long`,
    'copy the key again: one line, the key alone, as the console shows it',
  );
}
