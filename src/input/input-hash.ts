import { createHash } from 'node:crypto';
import { readChunks } from '../read.ts';

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
