import { EXIT, InputError, OutputError, type QbatchError } from '../errors.ts';

/** Codes for a path that this user may not inspect, or that is invalid. */
const UNSEEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);

/** Whether the path does not exist: the one answer that is not a failure. */
export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The error for a file that cannot be inspected: 66 if this user may not, 74 if the disk fails. `what` describes it. */
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
