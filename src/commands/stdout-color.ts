import type { DisplayFlags } from '../command-line/parsed-command.ts';
import type { CommandIo } from './io.ts';

/** Whether what a command prints on stdout is coloured: as `--color` says, else on a terminal that takes it. */
export function stdoutColor(
  choice: DisplayFlags['color'],
  io: Pick<CommandIo, 'isTty' | 'env'>,
): boolean {
  if (choice !== 'auto') return choice === 'always';
  // NO_COLOR counts when it is not empty: https://no-color.org, 2023.
  return io.isTty.stdout && (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb';
}
