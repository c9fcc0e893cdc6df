import { PassThrough } from 'node:stream';
import { systemClock } from '../../src/clock.ts';
import type { CommandIo } from '../../src/commands/io.ts';
import { OutputError } from '../../src/errors.ts';
import { STARTED_AT } from '../ledger/sample-job.ts';

export type RecordingIo = CommandIo & {
  /** What was printed so far. */
  readonly out: () => string;
  readonly outBytes: () => Uint8Array;
  readonly err: () => string;
  readonly interrupt: () => void;
};

/** A terminal-less process that remembers what a command prints; its clock stands an hour after the sample began. */
export function recordingIo(
  cwd: string,
  options: { readonly env?: CommandIo['env']; readonly failWith?: string } = {},
): RecordingIo {
  let out = Buffer.alloc(0);
  let err = '';
  const stop = new AbortController();
  return {
    cwd,
    home: cwd,
    env: options.env ?? {},
    clock: { ...systemClock, wallMs: () => STARTED_AT + 3_600_000 },
    stdin: new PassThrough(),
    stderr: process.stderr,
    isTty: { stdin: false, stdout: false, stderr: false },
    stop: stop.signal,
    abort: new AbortController().signal,
    signalCode: () => (stop.signal.aborted ? 130 : null),
    writeOut(data, strict = false) {
      const code = options.failWith;
      if (code === 'EPIPE' && !strict) return Promise.resolve();
      if (code !== undefined) {
        const cause = Object.assign(new Error(code), { code });
        return Promise.reject(
          new OutputError(74, `cannot write to stdout: ${code}`, undefined, cause),
        );
      }
      out = Buffer.concat([out, typeof data === 'string' ? Buffer.from(data) : data]);
      return Promise.resolve();
    },
    writeErr(text) {
      err += text;
    },
    confirm: () => Promise.resolve(false),
    out: () => out.toString('utf8'),
    outBytes: () => out,
    err: () => err,
    interrupt() {
      stop.abort();
    },
  };
}

/** Flags that every command has. */
export const DISPLAY = { quiet: false, color: 'never', debug: false } as const;

/** No job named. */
export const ANY_JOB = { job: undefined, ledger: undefined, jobName: undefined } as const;
