import { dirname } from 'node:path';
import { ConfigError, EXIT, OutputError, QbatchError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { shellWord } from '../shell-word.ts';
import { sqliteCode } from './database.ts';
import { isDatabase } from './is-database.ts';
import { markPath } from './mark-path.ts';

/** Operations that read or inspect a file, rather than write. */
const READS =
  /^(?:SQLITE_IOERR_(?:READ|SHORT_READ|CORRUPTFS|FSTAT|ACCESS)|read|stat|fstat|lstat|access)$/;

/** A file that is no database, or has invalid content. */
const DAMAGED = /^SQLITE_(?:NOTADB|CORRUPT)(?:_|$)/;
/** Another program has locked it. */
const LOCKED = /^SQLITE_(?:BUSY|LOCKED)/;
/** SQLite may not write it. */
const NOT_WRITABLE = /^SQLITE_(?:CANTOPEN$|READONLY(?:_|$))/;
/** The file system refuses to create such a file. */
const NOT_MADE = /^(?:EACCES|EROFS|ENOENT|EISDIR|ENOTDIR|EPERM|ELOOP|ENAMETOOLONG)$/;

/** Turns an error of SQLite or the file system into an exit code, a sentence, and a next step. */
export function storageError(error: unknown, path: string): QbatchError {
  if (error instanceof QbatchError) return error;
  const { code: errno, syscall = '' } = error as NodeJS.ErrnoException;
  const code = sqliteCode(error) || String(errno);
  const text = (error as Error).message;
  if (DAMAGED.test(code)) {
    if (code === 'SQLITE_NOTADB' && wasNeverLedger(path)) {
      return new ConfigError(
        `${path} is not a ledger: ${text}`,
        'choose another file with --ledger, or a name that is not taken, to create one',
        error,
      );
    }
    // SQLite reports some I/O errors in reading as damage too (unixRead, SQLITE_IOERR_CORRUPTFS; 3.53.2).
    return new ConfigError(
      `${path} is damaged, or the disk failed to read it: ${text}`,
      'run the same command again; if that does not help, restore it from a copy, or move it and its .mark away and rerun with --adopt-outputs to take the answers from the output files',
      error,
    );
  }
  if (LOCKED.test(code)) {
    return new QbatchError(
      EXIT.busy,
      `another program holds a lock on ${path}: ${text} (${code})`,
      'close the program that has it open for writing (fuser -v names it), then run the same command again; nothing settled is lost',
      error,
    );
  }
  if (NOT_WRITABLE.test(code)) {
    return new OutputError(
      EXIT.cannotCreate,
      `cannot open ${path} for writing: ${text}`,
      'check the folder and its permissions, or choose another place with --ledger',
      error,
    );
  }
  if (NOT_MADE.test(code)) return notMade(error, path);
  const what = READS.test(code) || READS.test(syscall) ? 'read' : 'write';
  return new OutputError(
    EXIT.io,
    `cannot ${what} ${path}: ${text} (${code})`,
    'free space or repair the disk, then run the same command again; nothing settled is lost',
    error,
  );
}

/** The error for a file that cannot be created (73); names the folder if that is what is missing. */
function notMade(error: unknown, path: string): OutputError {
  const { code, message } = error as NodeJS.ErrnoException;
  const folder = dirname(path);
  const isMissing = code === 'ENOENT' && !isThere(folder, 'absent');
  const why = code === 'ENOTDIR' ? `${folder} is not a folder` : message;
  return new OutputError(
    EXIT.cannotCreate,
    `cannot create ${path}: ${isMissing ? `there is no folder ${folder}` : why}`,
    isMissing
      ? `create it with mkdir -p ${shellWord(folder)}, or choose another place with --ledger`
      : 'check the folder and its permissions, or choose another place with --ledger',
    error,
  );
}

/** Whether nothing suggests that a file was ever a ledger: then it is the user's own, an input named by mistake. */
function wasNeverLedger(path: string): boolean {
  return !isDatabase(path) && !isThere(markPath(path), 'absent');
}

/** Names of file system calls; network calls have others. */
const FILE_CALLS = [
  ...['open', 'close', 'read', 'write', 'fsync', 'fdatasync', 'ftruncate'],
  ...['stat', 'fstat', 'lstat', 'chmod', 'unlink', 'rename', 'rm', 'access'],
];

/** Like `storageError`, for SQLite or file system errors anywhere in a run; other errors are returned as they are. */
export function asStorageError(error: unknown, ledgerPath: string): unknown {
  const { syscall, path } = error as NodeJS.ErrnoException;
  if (sqliteCode(error) === '' && !FILE_CALLS.includes(String(syscall))) return error;
  return storageError(error, path ?? ledgerPath);
}

/** An error that is not SQLite's, the file system's or this program's own: reported as a bug (70), not as a full disk. */
export function isBug(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (error instanceof QbatchError || sqliteCode(error) !== '') return false;
  return typeof code !== 'string' || code.startsWith('ERR_');
}
