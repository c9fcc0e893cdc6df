import { EXIT, InputError, OutputError, type QbatchError } from '../errors.ts';

/** What the file system says of a path that this user may not look at, or that cannot be one. */
const UNSEEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);

/** Whether there is nothing at the path that was asked for: the one answer that is not a failure. */
export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Where a file could not be looked at: 66 where this user may not, 74 where the disk fails. `what` says which. */
export function readFailure(error: unknown, what: string): QbatchError {
  const { code, message } = error as NodeJS.ErrnoException;
  const told = `${what}: ${message}`;
  if (UNSEEN.has(code ?? ''))
    return new InputError(EXIT.noInput, told, 'check the path and the folders on it', error);
  return new OutputError(
    EXIT.io,
    told,
    'repair the disk, then run the same command again; nothing settled is lost',
    error,
  );
}
