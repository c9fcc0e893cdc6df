import { statSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { isAbsent, readFailure } from './read-failure.ts';

/**
 * Whether something is at `path`, links followed. Where that cannot be told it is an error, not a no: a disk
 * that fails is not one without a ledger, and whoever takes it for that pays for answers that are there.
 * Throws 74 where the disk fails, and 66 where this user may not look, unless what is `unseen` counts as
 * `absent`.
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
