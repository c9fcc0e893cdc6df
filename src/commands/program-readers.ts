import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { resolveSettings } from '../config/config.ts';
import { parseSwitch } from '../config/setting-values.ts';
import type { CommandIo } from './io.ts';

/** The streams read by a program, on which the end of a command is reported as JSON. */
export type ProgramReaders = {
  /** `--json`: one object. */
  readonly stdout: boolean;
  /** `--progress json`: one event per line. */
  readonly stderr: boolean;
};

const PROGRESS = '--progress';

/** The `--progress` value among the words; undefined: none. */
function modeIn(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => word === PROGRESS || word.startsWith(`${PROGRESS}=`));
  return words[at] === PROGRESS ? words[at + 1] : words[at]?.slice(PROGRESS.length + 1);
}

/** The `--json` switch among the words; undefined: none. */
function jsonIn(words: readonly string[]): boolean | undefined {
  const last = words.findLast((word) => /^--(?:json(?:=true|=false)?|no-json)$/.test(word));
  return last === undefined ? undefined : last === '--json' || last === '--json=true';
}

/**
 * From the settings or, if those are the error, from the command line and environment. `parsed` null: the command line
 * could not be parsed.
 */
export function programReaders(
  argv: readonly string[],
  parsed: ParsedCommand | null,
  io: Pick<CommandIo, 'env' | 'cwd' | 'home'>,
): ProgramReaders {
  if (parsed !== null && !('flags' in parsed))
    return { stdout: 'json' in parsed && parsed.json, stderr: false };
  const { env } = io;
  try {
    if (parsed !== null) {
      const { cwd, home } = io;
      const { settings } = resolveSettings({ flags: parsed.flags, env, cwd, home });
      return { stdout: settings.json, stderr: settings.progress === 'json' };
    }
  } catch {
    // That error is the one being reported.
  }
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  const inEnvironment = parseSwitch(env['QBATCH_JSON']);
  return {
    stdout: jsonIn(words) ?? ('value' in inEnvironment && inEnvironment.value),
    stderr: (modeIn(words) ?? env['QBATCH_PROGRESS']) === 'json',
  };
}
