import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const SHELL = fileURLToPath(new URL('sqlite-shell.mjs', import.meta.url));

/** Runs a statement in the other program; the first value of its result, or null. */
export type Say = (sql: string) => Promise<unknown>;

/**
 * Opens a ledger in a process of its own until the test is over. Not in the test's process: whoever reads a
 * file there and closes it (the search for the key does) drops all POSIX locks that the process has on it.
 */
export function openElsewhere(path: string): Say {
  const child = fork(SHELL, [path]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return async (sql) => {
    const reply = once(child, 'message');
    child.send(sql);
    const [value] = (await reply) as [unknown];
    return value;
  };
}
