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
/** The flags that name a run's files. */
const RUN_FLAGS = '-o or --errors';
/** Suffix of files that will replace others. */
const NEW_SUFFIX = '.qbatch-new';
const datasync = promisify(fdatasync);

/** Path of the file that will replace an output as a whole; an existing one is overwritten. */
export function newPathOf(path: string): string {
  return path + NEW_SUFFIX;
}

/** Path of the lock that says who is writing an output. */
export function lockPathOf(path: string): string {
  return `${path}.qbatch-lock`;
}

/** Converts a file system error to 73 (cannot create) or 74 (cannot write). */
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
    // The system's message without the call and its path, which may be that of a temporary file.
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

/** Destination of output lines: a file, or stdout. */
export type OutputSink = {
  /** Bytes written so far. */
  readonly bytes: number;
  /**
   * Takes whole lines; `lines` may be overwritten once it has returned. Throws OutputError (74) unless everything was
   * written. Synchronous for files.
   */
  append(lines: Buffer): void | Promise<void>;
  /** Resolves once everything appended is on the disk. */
  sync(): Promise<void>;
  close(): void;
};

/**
 * An output file: opened without following links, mode 0600, truncated to a known length, then only appended to. If
 * anything else writes, truncates or moves it meanwhile, that is noticed before more is written: no lock prevents it.
 */
export class OutputFile implements OutputSink {
  readonly path: string;
  private readonly shown: string;
  private readonly flags: string;
  private readonly file: number;
  private position: number;
  /** Its directory entry is synced once per run: syncing the file does not guarantee that. */
  private entrySynced = false;

  /** Opens or creates the file and truncates it to `bytes`. Errors call it `shown`, set by `flags`. Throws 73. */
  constructor(path: string, bytes: number, shown: string = path, flags: string = RUN_FLAGS) {
    this.path = path;
    this.shown = shown;
    this.flags = flags;
    try {
      this.file = openSync(
        path,
        // O_APPEND: two writers of one file must not overwrite each other's lines.
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

  /** Closes and deletes the file. */
  discard(): void {
    closeSync(this.file);
    rmSync(this.path, { force: true });
  }

  /** Renames this file over `path`, durably. */
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

/** Makes a new file or a rename survive a power loss: the entry belongs to the folder, not to the file. */
function syncFolder(path: string): void {
  const folder = openSync(dirname(path), constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Size of a regular file; null if there is none. Throws 73 for anything but a regular file, 74 if the disk fails. */
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

/** Longer than any line of ours: a reply of 64 MiB with every character escaped. */
const LINE_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Whole lines of a file from byte `from` on, as text; a torn last line is skipped. A line too long to be ours is not held
 * and yields an empty one. Throws 74 if the file cannot be read.
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
