import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { EXIT, OutputError, QbatchError } from '../errors.ts';

const PRIVATE_MODE = 0o600;
/** What names the files of a run. */
const RUN_FLAGS = '-o or --errors';
/** Files that will replace others are made beside them, under this name. */
const NEW_SUFFIX = '.qbatch-new';
const datasync = promisify(fdatasync);

/** Where the file is made that will replace an output as a whole; what stands there is written over. */
export function newPathOf(path: string): string {
  return path + NEW_SUFFIX;
}

/** Where it is told who writes an output, while it is written. */
export function lockPathOf(path: string): string {
  return `${path}.qbatch-lock`;
}

/** Turns what the file system said into 73 (cannot create) or 74 (cannot write). */
export function outputError(
  error: unknown,
  path: string,
  what: 'read' | 'write' = 'write',
  flags: string = RUN_FLAGS,
): QbatchError {
  if (error instanceof QbatchError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const creating = [
    'EACCES',
    'EPERM',
    'EROFS',
    'ENOENT',
    'EISDIR',
    'ENOTDIR',
    'ELOOP',
    'EEXIST',
    'ENAMETOOLONG',
  ];
  if (creating.includes(String(code))) {
    const hint =
      code === 'ELOOP'
        ? 'it is a symbolic link; qbatch does not write through links'
        : `check the folder and its permissions, or name another file with ${flags}`;
    // What the system said, less the call and its path, which may be that of a temporary file.
    const why =
      code === 'ENOENT'
        ? `there is no folder ${dirname(path)}`
        : message.replace(/, \w+ '.*$/s, '');
    return new OutputError(EXIT.cannotCreate, `cannot create ${path}: ${why}`, hint, error);
  }
  return new OutputError(
    EXIT.io,
    `cannot ${what} ${path}: ${message}`,
    'free space or repair the disk, then run the same command again; nothing settled is lost',
    error,
  );
}

/** Where output lines go: a file of their own, or stdout. */
export type OutputSink = {
  /** Bytes written so far. */
  readonly bytes: number;
  /**
   * Takes whole lines; `lines` may be overwritten once it has returned. Throws OutputError (74) unless
   * everything was written. Resolves at once for files.
   */
  append(lines: Buffer): void | Promise<void>;
  /** Until everything appended is on the disk. */
  sync(): Promise<void>;
  close(): void;
};

/**
 * An output file: opened without following links, mode 0600, cut to a known length, then only appended to. Whatever
 * else writes, cuts or moves it meanwhile is noticed before more is written: no lock keeps others from it.
 */
export class OutputFile implements OutputSink {
  readonly path: string;
  private readonly shown: string;
  private readonly flags: string;
  private readonly file: number;
  private position: number;
  /** Its entry in the folder is synced once a run: no sync of the file itself promises that. */
  private entrySynced = false;

  /** Opens or makes the file and cuts it to `bytes`. Errors call it `shown`, named by `flags`. Throws 73. */
  constructor(path: string, bytes: number, shown: string = path, flags: string = RUN_FLAGS) {
    this.path = path;
    this.shown = shown;
    this.flags = flags;
    try {
      this.file = openSync(
        path,
        // Appending: two that write the same file must not write over each other's lines.
        constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_APPEND,
        PRIVATE_MODE,
      );
      const { size } = fstatSync(this.file);
      if (size > bytes) ftruncateSync(this.file, bytes);
      this.position = bytes;
    } catch (error) {
      throw outputError(error, shown, 'write', flags);
    }
  }

  get bytes(): number {
    return this.position;
  }

  append(text: string | Uint8Array): void {
    const data = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
    try {
      this.refuseOthers();
      for (let at = 0; at < data.length;) {
        const written = writeSync(this.file, data, at, data.length - at, this.position);
        at += written;
        this.position += written;
      }
    } catch (error) {
      throw outputError(error, this.shown, 'write', this.flags);
    }
  }

  async sync(): Promise<void> {
    try {
      await datasync(this.file);
      this.refuseOthers();
      this.refuseMoved();
      if (!this.entrySynced) syncFolder(this.path);
      this.entrySynced = true;
    } catch (error) {
      throw outputError(error, this.shown, 'write', this.flags);
    }
  }

  close(): void {
    try {
      closeSync(this.file);
    } catch (error) {
      throw outputError(error, this.shown, 'write', this.flags);
    }
  }

  private refuseOthers(): void {
    const { size } = fstatSync(this.file);
    if (size === this.position) return;
    throw new OutputError(
      EXIT.io,
      `${this.shown} was changed by another run or program during this run: it has ${size} bytes instead of ${this.position}`,
      `keep others from writing it (or name another file with ${this.flags}), then run the same command again; nothing settled is lost`,
    );
  }

  private refuseMoved(): void {
    const now = statSync(this.path, { throwIfNoEntry: false, bigint: true });
    const own = fstatSync(this.file, { bigint: true });
    if (now?.ino === own.ino && now.dev === own.dev) return;
    throw new OutputError(
      EXIT.io,
      `${this.shown} was ${now === undefined ? 'removed' : 'replaced'} while it was written`,
      'run the same command again: it is rewritten; nothing settled is lost',
    );
  }

  /** Closes and removes the file. */
  discard(): void {
    closeSync(this.file);
    rmSync(this.path, { force: true });
  }

  /** Puts this file in the place of `path`, durably. */
  replace(path: string): void {
    try {
      fdatasyncSync(this.file);
      closeSync(this.file);
      renameSync(this.path, path);
      syncFolder(path);
    } catch (error) {
      rmSync(this.path, { force: true });
      throw outputError(error, path, 'write', this.flags);
    }
  }
}

/** Makes a new file or a rename survive a power loss: it is an entry of the folder, not of the file. */
function syncFolder(path: string): void {
  const folder = openSync(dirname(path), constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Size of a regular file; null where there is none. Throws 73 for anything but a regular file, 74 where the disk fails. */
export function outputSize(path: string, flags: string = RUN_FLAGS): number | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw outputError(error, path, 'write', flags);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) {
      throw new OutputError(
        EXIT.cannotCreate,
        `${path} is not a regular file`,
        `name another file with ${flags}`,
      );
    }
    return stat.size;
  } catch (error) {
    throw outputError(error, path, 'read');
  } finally {
    closeSync(file);
  }
}

/** Longer than any line of ours: a reply of 64 MiB, every character of it escaped. */
const LINE_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Whole lines of a file from byte `from` on, as text; a torn last line is left out. A line that is
 * too long to be ours is not held and comes as an empty one. Throws 74 where it cannot be read.
 */
export function* fileLines(
  path: string,
  from: number,
  lineBytesMax: number = LINE_BYTES_MAX,
): Generator<string> {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const chunk = Buffer.allocUnsafe(1024 * 1024);
    let held: Buffer[] = [];
    let heldBytes = 0;
    for (let position = from; ;) {
      const count = readSync(file, chunk, 0, chunk.length, position);
      if (count === 0) return;
      position += count;
      const bytes = chunk.subarray(0, count);
      let start = 0;
      for (let newline = bytes.indexOf(10); newline !== -1; newline = bytes.indexOf(10, start)) {
        const end = bytes.subarray(start, newline);
        const tooLong = heldBytes + end.length > lineBytesMax;
        const line = held.length === 0 ? end : Buffer.concat([...held, end]);
        yield tooLong ? '' : line.toString('utf8');
        held = [];
        heldBytes = 0;
        start = newline + 1;
      }
      heldBytes += bytes.length - start;
      if (heldBytes > lineBytesMax) held = [];
      else if (start < bytes.length) held.push(Buffer.from(bytes.subarray(start)));
    }
  } catch (error) {
    throw outputError(error, path, 'read');
  } finally {
    closeSync(file);
  }
}
