import { createHash } from 'node:crypto';
import { EXIT, InputError } from '../errors.ts';
import { readChunks } from '../read.ts';

/** Throws InputError (65) if two passes over an input read different content. */
export function refuseChanged(path: string, first: string, second: string): void {
  if (first === second) return;
  throw new InputError(
    EXIT.invalidInput,
    `${path} was changed while it was checked; nothing was sent`,
    'run it again once nothing writes to it',
  );
}

/**
 * SHA-256 of an input's (decompressed) content, in hexadecimal, without parsing lines: lets a rerun check that the input is
 * unchanged. `checkStop` is called for each chunk and throws to abort. Throws InputError (66) if the input cannot be read.
 */
export async function hashInput(path: string, checkStop?: () => void): Promise<string> {
  const content = createHash('sha256');
  for await (const chunk of readChunks(path)) {
    checkStop?.();
    content.update(chunk);
  }
  return content.digest('hex');
}
