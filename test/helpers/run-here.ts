import { PassThrough, Writable } from 'node:stream';
import type { Bench } from './bench.ts';
import { loadMain } from './built-program.mjs';
import { type CliOptions, environment, type Finished, finishedOf } from './spawn-cli.ts';

/** What of a start there is without a process. */
type HereOptions = Pick<CliOptions, 'env' | 'stdin' | 'cwd' | 'keepsKeyIn'>;

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1'] as const;
const STREAMS = ['stdin', 'stdout', 'stderr'] as const;

/** Words that `dist/cli.js` answers without what is run here. */
const ANSWERED_BEFORE: ReadonlySet<string> = new Set(['help', '--help', '-h', '--version', '-V']);

let isRunning = false;

/**
 * Runs the built program to its end in this process, from its arguments to its exit code, as `runCli` does in one of its
 * own: in a tenth of the time, most of which a process takes to start. For what leads up to a case, and for the rows
 * of a table of which one is shown by a process. Not for signals, locks between two runs, how a process ends, or help and
 * the version, which `dist/cli.js` answers itself.
 */
export async function runHere(
  bench: Bench,
  args: readonly string[],
  options: HereOptions = {},
): Promise<Finished> {
  if (isRunning) throw new Error('one at a time: a run here has the whole process');
  if (args.some((arg) => ANSWERED_BEFORE.has(arg)))
    throw new Error(`no run, and not shown by one here: ${args.join(' ')}`);
  if (Object.keys(options.env ?? {}).some((name) => name.startsWith('NODE_')))
    throw new Error('Node.js looks at its own variables when a process starts');
  isRunning = true;
  try {
    return finishedOf(bench, await runAlone(bench, args, options), options.keepsKeyIn);
  } finally {
    isRunning = false;
  }
}

async function runAlone(
  bench: Bench,
  args: readonly string[],
  options: HereOptions,
): Promise<Omit<Finished, 'json'>> {
  const main = await loadMain();
  const stdin = new PassThrough();
  stdin.end(options.stdin ?? '');
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const stdout = collector(chunks.stdout);
  const stderr = collector(chunks.stderr);
  const restore = takeProcess(bench, options, { stdin, stdout, stderr });
  try {
    const status = await main(args);
    const textOf = (name: keyof typeof chunks): string =>
      Buffer.concat(chunks[name]).toString('utf8');
    return { status, signal: null, stdout: textOf('stdout'), stderr: textOf('stderr') };
  } finally {
    restore();
  }
}

function collector(chunks: Buffer[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, taken) {
      chunks.push(chunk);
      taken();
    },
  });
}

/** Gives the program the folder, environment and streams that it would have as a process; returns what puts ours back. */
function takeProcess(
  bench: Bench,
  options: HereOptions,
  streams: Readonly<Record<(typeof STREAMS)[number], PassThrough | Writable>>,
): () => void {
  const folder = process.cwd();
  const umask = process.umask();
  const variables = { ...process.env };
  const own = STREAMS.map((name) => Object.getOwnPropertyDescriptor(process, name));
  const heard = SIGNALS.map((signal) => process.listeners(signal));
  for (const name of STREAMS)
    Object.defineProperty(process, name, { value: streams[name], configurable: true });
  setVariables(environment(bench, options));
  process.chdir(bench.path(options.cwd ?? '.'));
  return () => {
    process.chdir(folder);
    process.umask(umask);
    setVariables(variables);
    for (const [index, name] of STREAMS.entries())
      Object.defineProperty(process, name, own[index] ?? {});
    for (const [index, signal] of SIGNALS.entries())
      for (const listener of process.listeners(signal))
        if (heard[index]?.includes(listener) === false) process.off(signal, listener);
  };
}

function setVariables(variables: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (!(name in variables)) delete process.env[name];
  Object.assign(process.env, variables);
}
