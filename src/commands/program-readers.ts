import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { resolveSettings } from '../config/config.ts';
import { parseSwitch } from '../config/setting-values.ts';
import type { CommandIo } from './io.ts';

/** Which streams a program reads: what ends a command is told there in JSON. */
export type ProgramReaders = {
  /** `--json`: one object. */
  readonly stdout: boolean;
  /** `--progress json`: an event a line. */
  readonly stderr: boolean;
};

const PROGRESS = '--progress';

/** What the words of a command line say of `--progress`; undefined: nothing. */
function modeIn(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => word === PROGRESS || word.startsWith(`${PROGRESS}=`));
  return words[at] === PROGRESS ? words[at + 1] : words[at]?.slice(PROGRESS.length + 1);
}

/** What they say of `--json`; undefined: nothing. */
function jsonIn(words: readonly string[]): boolean | undefined {
  const last = words.findLast((word) => /^--(?:json(?:=true|=false)?|no-json)$/.test(word));
  return last === undefined ? undefined : last === '--json' || last === '--json=true';
}

/**
 * By the settings, or where those are what is wrong, by the command line and the environment. `parsed` null: the
 * command line could not be read.
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
    // It is the error that is being told.
  }
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  const inEnvironment = parseSwitch(env['QBATCH_JSON']);
  return {
    stdout: jsonIn(words) ?? ('value' in inEnvironment && inEnvironment.value),
    stderr: (modeIn(words) ?? env['QBATCH_PROGRESS']) === 'json',
  };
}
