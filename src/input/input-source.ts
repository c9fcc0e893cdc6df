import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  createWriteStream,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EXIT, InputError, QbatchError, UsageError } from '../errors.ts';
import { outputError } from '../output/output-file.ts';
import { openStream } from './open-stream.ts';
import { removeStaleSpooling, spoolingPath } from './spooling.ts';

/** An input that can be read more than once. */
export type InputSource = {
  /** The file to read; for stdin and FIFOs the spooled copy. */
  readonly path: string;
  /** Its file name without `.gz` and one extension; for stdin `stdin-<12 hex>`. */
  readonly stem: string;
  /** Default folder of outputs and ledger. */
  readonly folder: string;
  /** The copy is removed once the job is finished. */
  readonly spooled: boolean;
};

/** Stem of an input: names its outputs, ledger and job. */
export function stemOf(path: string): string {
  const name = basename(path).replace(/\.gz$/, '');
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : name;
}

/** Source and target folder of a copied stream; `stop` aborts the copying. */
type SpoolFrom = {
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stop: AbortSignal;
  /** Exit code of the signal that stopped it. */
  signalCode(): 129 | 130 | 143 | null;
};

/** Names of this process's open descriptors, not of files: nothing can be created beside them. */
const STDIN_NAME = /^\/(dev\/stdin|dev\/fd\/0|proc\/self\/fd\/0)$/;
const DESCRIPTOR_NAME = /^\/(dev\/fd|proc\/(self|\d+)\/fd)\/\d+$/;

type Readable = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/**
 * Opens the input named on the command line. `-`, FIFOs and open descriptors (`/dev/stdin`) are spooled first; with `once`
 * into a file private to the caller, since a job may own the other. Throws 64 for `-` on a terminal, 66 if the input is
 * missing, unreadable, or a folder.
 */
export async function openInput(
  given: string,
  at: SpoolFrom,
  once: boolean = false,
): Promise<InputSource> {
  const place = resolve(at.cwd, given);
  if (given === '-' || STDIN_NAME.test(place)) {
    if (at.stdin.isTTY === true) {
      throw new UsageError(
        'standard input is a terminal',
        'pipe JSONL into it, or name a file: qbatch run FILE',
      );
    }
    return spool(at.stdin, at, once);
  }
  let stat;
  let stream;
  try {
    stat = statSync(given);
    accessSync(given, constants.R_OK);
    const isStream = stat.isFIFO() || stat.isCharacterDevice() || DESCRIPTOR_NAME.test(place);
    if (isStream && !stat.isDirectory()) stream = openStream(given, stat.isFIFO());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what =
      code === 'ENOENT'
        ? 'no such file'
        : code === 'EACCES'
          ? 'permission denied'
          : (error as Error).message;
    throw new InputError(EXIT.noInput, `cannot read ${given}: ${what}`, 'check the path', error);
  }
  if (stat.isDirectory())
    throw new InputError(EXIT.noInput, `${given} is a folder`, 'name a JSONL file in it');
  if (stream !== undefined) {
    try {
      return await spool(stream, at, once);
    } finally {
      // Even if the copy could not be created: a FIFO waiting for a writer would keep the process alive.
      stream.destroy();
    }
  }
  return { path: given, stem: stemOf(given), folder: dirname(given), spooled: false };
}

/** Errors for a working folder that cannot take a copy. */
const NOT_WRITABLE = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Creates the file for the copy (0600) in the working folder. A copy read `once` leaves nothing behind, so if that folder
 * is not writable it goes to the system's temporary folder.
 */
function openCopy(cwd: string, once: boolean): { readonly path: string; readonly fd: number } {
  const make = (folder: string): { readonly path: string; readonly fd: number } => {
    removeStaleSpooling(folder);
    const path = spoolingPath(folder);
    return { path, fd: openSync(path, 'wx', 0o600) };
  };
  try {
    return make(cwd);
  } catch (error) {
    if (!once || !NOT_WRITABLE.has(String((error as NodeJS.ErrnoException).code))) throw error;
    return make(tmpdir());
  }
}

/** Copies a stream into the working folder (0600), named by the hash of its content. */
async function spool(
  stream: NodeJS.ReadableStream,
  at: SpoolFrom,
  once: boolean,
): Promise<InputSource> {
  const { cwd, stop } = at;
  let temporary: string | null = null;
  const content = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      content.update(chunk);
      done(null, chunk);
    },
  });
  try {
    const copy = openCopy(cwd, once);
    temporary = copy.path;
    await pipeline(stream, hashing, createWriteStream(copy.path, { fd: copy.fd }), {
      signal: stop,
    });
    const stem = `stdin-${content.digest('hex').slice(0, 12)}`;
    if (once) return { path: copy.path, stem, folder: cwd, spooled: true };
    const path = join(cwd, `${stem}.jsonl`);
    renameSync(copy.path, path);
    return { path, stem, folder: cwd, spooled: true };
  } catch (error) {
    if (temporary !== null) rmSync(temporary, { force: true });
    if (stop.aborted) {
      throw new QbatchError(
        at.signalCode() ?? EXIT.interrupted,
        'stopped while the input was read',
        'run it again',
      );
    }
    throw copyError(error, cwd);
  }
}

/** An error of the copy: no flag can place it elsewhere. */
function copyError(error: unknown, cwd: string): QbatchError {
  const told = outputError(error, join(cwd, 'stdin-*.jsonl'));
  if (told.exitCode !== EXIT.cannotCreate) return told;
  const hint = 'stdin and pipes are copied into the working folder: change to a writable one';
  return new QbatchError(told.exitCode, told.message, hint, error);
}
