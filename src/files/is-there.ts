import { statSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { isAbsent, readFailure } from './read-failure.ts';

/**
 * Whether something exists at `path`, following links. If that cannot be determined it is an error, not a no: a failing
 * disk is not a missing ledger, and taking it for one would pay for answers that exist. Throws 74 if the disk fails, and 66
 * if this user may not look, unless `unseen` is `absent`.
 */
export function isThere(path: string, unseen: 'refused' | 'absent' = 'refused'): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    const failure = readFailure(error, `cannot look for ${path}`);
    if (unseen === 'absent' && failure instanceof InputError) return false;
    throw failure;
  }
}
