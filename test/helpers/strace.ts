import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    mustHaveStrace: boolean;
  }
}

function whyNot(): string | null {
  const tried = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (tried.error !== undefined) return 'no strace: apt-get install strace';
  return tried.status === 0 ? null : `strace may not trace here: ${tried.stderr.trim()}`;
}

const missing = whyNot();

/**
 * False where system calls cannot be traced: tests that need it are skipped then, with a message. With
 * `CI=true` and root it is there or the tests fail, unless the machine forbids tracing itself.
 */
export const canTrace: boolean =
  missing === null || (inject('mustHaveStrace') && missing.startsWith('no strace'));
if (!canTrace)
  process.stderr.write(`${missing ?? ''}; crash points and power-loss images are skipped\n`);

/** A command line to put before a program, and the environment that it needs. */
export type Tracer = { readonly command: readonly string[]; readonly trace: string };

/** Traces these calls on these paths; `inject`, in strace's words, makes one of them go wrong. */
export function tracer(
  trace: string,
  at: { paths: readonly string[]; calls: readonly string[]; inject?: string },
): Tracer {
  const calls = at.calls.join(',');
  // Where a filter in the kernel picks the calls, strace 6.1 makes no signal of an injected one: the kernel
  // drops what is sent at such a stop, and a kill never comes.
  const kills = at.inject?.startsWith('signal=') === true;
  return {
    trace,
    command: [
      'strace',
      ...['-f', '-qq', ...(kills ? [] : ['--seccomp-bpf']), '-s', '0', '-o', trace],
      ...at.paths.flatMap((path) => ['-P', path]),
      ...['-e', `trace=${calls}`],
      ...(at.inject === undefined ? [] : ['-e', `inject=${calls}:${at.inject}`]),
    ],
  };
}

/** How many of each call were traced; of the thread that made most (strace counts them by thread). */
export function countCalls(trace: string): Map<string, number> {
  const byThread = new Map<string, number>();
  for (const [, thread = '', call = ''] of readFileSync(trace, 'latin1').matchAll(
    /^(\d+) +(\w+)\(/gm,
  )) {
    const key = `${thread} ${call}`;
    byThread.set(key, (byThread.get(key) ?? 0) + 1);
  }
  const most = new Map<string, number>();
  for (const [key, count] of byThread) {
    const call = key.slice(key.indexOf(' ') + 1);
    most.set(call, Math.max(most.get(call) ?? 0, count));
  }
  return most;
}

/** Whether strace made a call go wrong in this trace. */
export function wasInjected(trace: string): boolean {
  return readFileSync(trace, 'latin1').includes('(INJECTED)');
}
