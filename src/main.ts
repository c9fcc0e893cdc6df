import { createInterface } from 'node:readline/promises';
import { boundGarbage } from './bound-garbage.ts';
import { isoTime, systemClock } from './clock.ts';
import type { CommandIo } from './commands/io.ts';
import { EXIT, OutputError, QbatchError } from './errors.ts';
import { homeFolder } from './files/home-folder.ts';
import type { ParsedCommand } from './command-line/parsed-command.ts';
import { postponeTierUp } from './postpone-tier-up.ts';
import { createRedactor, redactKeyLike } from './redact.ts';
import { createJsonRedactor } from './json/redact-json.ts';
import { VERSION } from './version.ts';
import { workingFolder } from './files/working-folder.ts';

type SignalCode = 129 | 130 | 143;

const SIGNALS: readonly (readonly [NodeJS.Signals, SignalCode])[] = [
  ['SIGHUP', EXIT.hangup],
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
];

/** After this many signals the process ends at once; clean stops need at most two. */
const LAST_RESORT_SIGNALS = 3;

type SignalWatch = Pick<CommandIo, 'stop' | 'abort' | 'signalCode' | 'onStateAsked'>;

/**
 * The first signal to end (SIGINT, SIGTERM, SIGHUP) sets `stop`, the second `abort` (calls in flight are dropped), the
 * third ends the process at once: nothing depends on a clean end, since the next start reconciles. SIGUSR1 requests the
 * state of a run.
 */
function watchSignals(): SignalWatch {
  const stop = new AbortController();
  const abort = new AbortController();
  let code: SignalCode | null = null;
  let count = 0;
  for (const [signal, signalCode] of SIGNALS) {
    process.on(signal, () => {
      count += 1;
      code ??= signalCode;
      if (count === 1) stop.abort();
      else if (count < LAST_RESORT_SIGNALS) abort.abort();
      else process.exit(code);
    });
  }
  const asked = new Set<() => void>();
  // Handled by every command, so that it ends none; Node would open a debugger port on it.
  process.on('SIGUSR1', () => {
    for (const listener of asked) listener();
  });
  return {
    stop: stop.signal,
    abort: abort.signal,
    signalCode: () => code,
    onStateAsked: (listener) => {
      asked.add(listener);
      return () => asked.delete(listener);
    },
  };
}

/**
 * Writes to stdout and waits until it is accepted, or a second signal comes: a stalled reader must not block the end. It
 * throws then, since the caller would take the data for written.
 */
function writeStdout(
  data: string | Uint8Array,
  strict: boolean,
  { abort, signalCode }: SignalWatch,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const drop = (): void => {
      reject(
        new QbatchError(
          signalCode() ?? EXIT.interrupted,
          'stopped while stdout was written; not all of it was read',
          'run the same command again; nothing settled is lost',
        ),
      );
    };
    process.stdout.write(data, (error) => {
      abort.removeEventListener('abort', drop);
      if (error === null || error === undefined) resolve();
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE' && !strict) resolve();
      else
        reject(
          new OutputError(
            EXIT.io,
            `cannot write to stdout: ${error.message}`,
            'check where stdout goes; nothing settled is lost',
            error,
          ),
        );
    });
    // What fitted is written already; the rest would have to wait.
    if (abort.aborted && process.stdout.writableLength > 0) drop();
    else abort.addEventListener('abort', drop, { once: true });
  });
}

/**
 * Ctrl-D at the question means no, and so does a signal (`stop`). Ctrl-C, a key press while a question is shown, is
 * converted to the usual signal.
 */
async function ask(question: string, stop: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const ended = new Promise<string>((resolve) => {
      terminal.once('close', () => {
        resolve('');
      });
    });
    terminal.once('SIGINT', () => {
      process.kill(process.pid, 'SIGINT');
    });
    const asked = terminal.question(`${question} [y/N] `, { signal: stop });
    const answer = await Promise.race([asked.catch(() => ''), ended]);
    return /^y(es)?$/i.test(answer.trim()) && !stop.aborted;
  } finally {
    terminal.close();
  }
}

function openIo(watch: SignalWatch): CommandIo {
  // A reader that went away must never end a run: what cannot be shown is dropped.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', () => undefined);
  return {
    ...watch,
    // Throws on access only; the error report must not need it.
    get cwd() {
      return workingFolder();
    },
    home: homeFolder(),
    env: process.env,
    clock: systemClock,
    stdin: process.stdin,
    stderr: process.stderr,
    isTty: {
      stdin: process.stdin.isTTY === true,
      stdout: process.stdout.isTTY === true,
      stderr: process.stderr.isTTY === true,
    },
    writeOut: (data, strict = false) => writeStdout(data, strict, watch),
    writeErr(text) {
      process.stderr.write(text);
    },
    confirm: (question) => ask(question, watch.stop),
    boundGarbage,
  };
}

/** Command modules are loaded on demand, so that `--help` and `--version` stay fast. */
async function runParsed(parsed: ParsedCommand, io: CommandIo): Promise<number> {
  switch (parsed.command) {
    case 'help':
    case 'version':
      await io.writeOut(parsed.text.endsWith('\n') ? parsed.text : `${parsed.text}\n`);
      return EXIT.ok;
    case 'run': {
      const { runCommand } = await import('./commands/run.ts');
      postponeTierUp();
      return runCommand(parsed, io);
    }
    case 'resume':
    case 'retry': {
      const { resumeCommand } = await import('./commands/resume.ts');
      postponeTierUp();
      return resumeCommand(parsed, io);
    }
    case 'check': {
      const { checkCommand } = await import('./commands/check.ts');
      postponeTierUp();
      return checkCommand(parsed, io);
    }
    case 'status':
      return (await import('./commands/status.ts')).statusCommand(parsed, io);
    case 'jobs':
      return (await import('./commands/jobs.ts')).jobsCommand(parsed, io);
    case 'usage':
      return (await import('./commands/usage.ts')).usageCommand(parsed, io);
    case 'export':
      return (await import('./commands/export.ts')).exportCommand(parsed, io);
    case 'models':
      return (await import('./commands/show-models.ts')).showModelsCommand(parsed, io);
    case 'simulate':
      return (await import('./commands/simulate.ts')).simulateCommand(parsed, io);
    case 'completion': {
      const { completionScript } = await import('./commands/completion.ts');
      await io.writeOut(completionScript(parsed.shell));
      return EXIT.ok;
    }
    case 'debug':
      return (await import('./commands/debug.ts')).debugCommand(parsed, io);
  }
}

/** Reports what ended the program: on stderr as text, or as an event to a program, and with `--json` on stdout. */
async function explain(
  error: unknown,
  asked: { readonly argv: readonly string[]; readonly parsed: ParsedCommand | null },
  io: CommandIo,
): Promise<number> {
  const { argv, parsed } = asked;
  const secrets = [(io.env['DASHSCOPE_API_KEY'] ?? '').trim()];
  const redact = createRedactor(secrets);
  const redactValues = createJsonRedactor(secrets);
  const redactJson = (json: string): string => redactKeyLike(redactValues(json));
  const { refusalEvent, refusalJson } = await import('./reporters/refusal-json.ts');
  const isKnown = error instanceof QbatchError;
  const { programReaders } = await import('./commands/program-readers.ts');
  const readers = programReaders(argv, parsed, io);
  // If stdout itself failed, stderr still reports it.
  if (isKnown && readers.stdout)
    await io.writeOut(redactJson(refusalJson(error))).catch(() => undefined);
  if (readers.stderr) {
    io.writeErr(redactJson(refusalEvent(error, isoTime(io.clock.wallMs()))));
  } else {
    const { errorText } = await import('./reporters/error-text.ts');
    if (isKnown && 'problems' in error && !readers.stdout) await showSurvey(error, io);
    io.writeErr(redact(errorText(error)));
  }
  return isKnown ? error.exitCode : EXIT.bug;
}

async function showSurvey(error: QbatchError, io: CommandIo): Promise<void> {
  const { InvalidInputError } = await import('./job/invalid-input-error.ts');
  if (!(error instanceof InvalidInputError)) return;
  const { problemsText } = await import('./reporters/problems.ts');
  const { problems, problemCounts } = error;
  io.writeErr(problemsText(problems, problemCounts, error.inputPath));
}

/** From arguments to exit code. The one place where errors are caught and shown. */
async function runArguments(argv: readonly string[], io: CommandIo): Promise<number> {
  let parsed: ParsedCommand | null = null;
  try {
    // yargs requires one when loaded. Simple help and the version have been answered before.
    workingFolder();
    const { parseArgs } = await import('./command-line/args.ts');
    parsed = await parseArgs(argv, VERSION);
    return await runParsed(parsed, io);
  } catch (error) {
    return await explain(error, { argv, parsed }, io);
  }
}

/** The whole program, from its arguments to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  // Prompts and answers are private: files created below are for the user only.
  process.umask(0o077);
  const io = openIo(watchSignals());
  const code = await runArguments(argv, io);
  // Leftovers of an internal error (a timer, a connection) must not keep the process alive; nor, after the second signal,
  // unread data in a stream.
  if (code === EXIT.bug || io.abort.aborted) process.exit(code);
  io.abort.addEventListener('abort', () => process.exit(code), { once: true });
  return code;
}
