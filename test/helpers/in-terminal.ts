import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PYTHON = 'python3';

/** A command line that runs the program's in a terminal of its own (`under` of `startCli`); shown there is stderr. */
export const IN_TERMINAL: readonly string[] = [
  PYTHON,
  fileURLToPath(new URL('in-terminal.py', import.meta.url)),
];

/** Whether a terminal can be had: Node has none to give, Python has, where it is installed. */
export const hasTerminal: boolean =
  process.platform === 'linux' && spawnSync(PYTHON, ['-c', 'import pty']).status === 0;
