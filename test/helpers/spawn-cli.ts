import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { type Bench, CANARY_KEY, holdsKey } from './bench.ts';

/** The built program. */
export const PROGRAM: string = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export type CliOptions = {
  /** Added to the environment; undefined takes a name out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Uint8Array;
  /** Below the bench's working folder; the working folder itself where left out. */
  readonly cwd?: string;
  /** No file may grow beyond this (`ulimit -f`), as on a full disk. */
  readonly fileBytesMax?: number;
  /** A command line that runs the program's (`strace ...`). */
  readonly under?: readonly string[];
  /** The program's file; the built one where left out. */
  readonly program?: string;
  /** For runs that have the key in a file on purpose. */
  readonly keepsKeyIn?: string;
};

/** How a run of the program ended. */
export type Finished = {
  /** Exit status; null where a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** `stdout` as one JSON object. */
  json(): Record<string, unknown>;
};

/** The program while it runs. */
export type RunningCli = {
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  /** Resolves when stderr holds `text`; rejects if the program ends without it. */
  says(text: string): Promise<void>;
  /** The first match of `pattern` in stderr; rejects if the program ends without one. */
  tells(pattern: RegExp): Promise<string>;
  /** The first match of `pattern` in stdout; rejects if the program ends without one. */
  prints(pattern: RegExp): Promise<string>;
  /** `event`, or a rejection if the program ends first. */
  before<T>(event: Promise<T>): Promise<T>;
  /**
   * Resolves when the process is gone and its output complete. Rejects if the key, or a part of it, in
   * whatever encoding, is in a file, on a stream, or in the arguments that everybody can see.
   */
  readonly finished: Promise<Finished>;
};

const running = new Set<ChildProcess>();

afterEach(() => {
  const left = [...running].map(({ pid }) => pid);
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  if (left.length > 0) throw new Error(`processes left running: ${left.join(', ')}`);
});

/** The environment of a run: nothing of whoever runs the tests but the path. */
export function environment(
  bench: Bench,
  options: Pick<CliOptions, 'env'>,
): Record<string, string> {
  const env: Record<string, string | undefined> = {
    PATH: process.env['PATH'],
    HOME: bench.home,
    TMPDIR: bench.home,
    TZ: 'UTC',
    DASHSCOPE_API_KEY: CANARY_KEY,
    ...options.env,
  };
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** The arguments of a process, as `ps` shows them to everybody; nothing where it has ended, or without /proc. */
function argumentsOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Starts the built program in the bench's folder, its own home and a clean environment. */
export function startCli(
  bench: Bench,
  args: readonly string[],
  options: CliOptions = {},
): RunningCli {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: npm run build`);
  const under = options.under ?? [];
  const command = [...under, process.execPath, options.program ?? PROGRAM, ...args];
  const blocks = Math.ceil((options.fileBytesMax ?? 0) / 512);
  const limited = ['/bin/sh', '-c', `ulimit -f ${blocks}; exec "$0" "$@"`, ...command];
  const [file = '', ...rest] = options.fileBytesMax === undefined ? command : limited;
  const child = spawn(file, rest, {
    cwd: bench.path(options.cwd ?? '.'),
    env: environment(bench, options),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  // What others on this machine see of it, while it starts and whenever it begins to talk.
  let argumentLists = '';
  const lookAtArguments = (): void => {
    argumentLists += argumentsOf(child.pid);
  };
  child.on('spawn', lookAtArguments);
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].once('data', lookAtArguments);
    child[name].on('data', (chunk: Buffer) => {
      chunks[name].push(chunk);
      for (const listener of listeners) listener();
    });
  }
  // A program that does not read its input may close it early.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const textOf = (name: 'stdout' | 'stderr'): string =>
    Buffer.concat(chunks[name]).toString('utf8');
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      running.delete(child);
      const end = { status, signal, stdout: textOf('stdout'), stderr: textOf('stderr') };
      try {
        if (holdsKey(argumentLists)) throw new Error('the key leaked into the list of arguments');
        resolve(finishedOf(bench, end, options.keepsKeyIn));
      } catch (error) {
        reject(error as Error);
      }
    });
  });
  const before = async <T>(event: Promise<T>): Promise<T> => {
    const ended = finished.then(({ status, stderr }) => {
      throw new Error(`the program ended first (${String(status)}): ${stderr}`);
    });
    return Promise.race([event, ended]);
  };
  const until = <T>(look: () => T | null): Promise<T> =>
    before(
      new Promise((resolve) => {
        const listener = (): void => {
          const found = look();
          if (found === null) return;
          listeners.delete(listener);
          resolve(found);
        };
        listeners.add(listener);
        listener();
      }),
    );
  return {
    pid: child.pid ?? 0,
    signal: (name) => {
      child.kill(name);
    },
    before,
    says: async (text) => {
      await until(() => (textOf('stderr').includes(text) ? true : null));
    },
    tells: (pattern) => until(() => pattern.exec(textOf('stderr'))?.[0] ?? null),
    prints: (pattern) => until(() => pattern.exec(textOf('stdout'))?.[0] ?? null),
    finished,
  };
}

/** Runs the built program to its end. */
export function runCli(
  bench: Bench,
  args: readonly string[],
  options: CliOptions = {},
): Promise<Finished> {
  return startCli(bench, args, options).finished;
}

/** How a run ended. Throws if the key, or a part of it, is in a file of the bench or on a stream. */
export function finishedOf(
  bench: Bench,
  end: Omit<Finished, 'json'>,
  keepsKeyIn: string | undefined,
): Finished {
  const leaks = bench.leaks().filter((file) => file !== keepsKeyIn);
  for (const name of ['stdout', 'stderr'] as const) if (holdsKey(end[name])) leaks.push(name);
  if (leaks.length > 0) throw new Error(`the key leaked into ${leaks.join(', ')}`);
  return { ...end, json: () => parseOne(end.stdout) };
}

function parseOne(stdout: string): Record<string, unknown> {
  const lines = stdout.split('\n');
  if (lines.length !== 2 || lines[1] !== '') {
    throw new Error(`stdout is not one line: ${stdout.slice(0, 400)}`);
  }
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}
