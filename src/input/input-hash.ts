import { createHash } from 'node:crypto';
import { EXIT, InputError } from '../errors.ts';
import { readChunks } from '../read.ts';

/** Throws InputError (65) where two passes over an input have read different things. */
export function refuseChanged(path: string, first: string, second: string): void {
  if (first === second) return;
  throw new InputError(
    EXIT.invalidInput,
    `${path} was changed while it was checked; nothing was sent`,
    'run it again once nothing writes to it',
  );
}

/**
 * SHA-256 of an input's content (decompressed), in hexadecimal, without looking at its lines: what
 * a rerun needs to know that the input is still the same. `checkStop` is asked for each chunk and
 * throws to give up. Throws InputError (66) where it cannot be read.
 */
export async function hashInput(path: string, checkStop?: () => void): Promise<string> {
  const content = createHash('sha256');
  for await (const chunk of readChunks(path)) {
    checkStop?.();
    content.update(chunk);
  }
  return content.digest('hex');
}
