import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { resolveSettings } from '../config/config.ts';
import type { CommandIo } from './io.ts';

const FLAG = '--progress';

/** What a command line that could not be read says of `--progress`; undefined: nothing. */
function modeIn(argv: readonly string[]): string | undefined {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  const at = words.findLastIndex((word) => word === FLAG || word.startsWith(`${FLAG}=`));
  return words[at] === FLAG ? words[at + 1] : words[at]?.slice(FLAG.length + 1);
}

/**
 * Whether a program reads stderr (`--progress json`), so that what ends a command is told as an event too: by the
 * settings, or where those are what is wrong, by the command line and the environment. `parsed` null: it
 * could not be read.
 */
export function readsEvents(
  argv: readonly string[],
  parsed: ParsedCommand | null,
  { env, cwd, home }: Pick<CommandIo, 'env' | 'cwd' | 'home'>,
): boolean {
  if (parsed !== null && !('flags' in parsed)) return false;
  try {
    if (parsed !== null)
      return resolveSettings({ flags: parsed.flags, env, cwd, home }).settings.progress === 'json';
  } catch {
    // It is the error that is being told.
  }
  return (modeIn(argv) ?? env['QBATCH_PROGRESS']) === 'json';
}
