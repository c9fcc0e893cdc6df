import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isCompressed, readLines, unreadable } from './read.ts';

const READ_BYTES = 1024 * 1024;

/**
 * SHA-256 of an input's content (decompressed), in hexadecimal, without looking at its lines: what
 * a rerun needs to know that the input is still the same. Throws InputError (66) where it cannot be read.
 */
export async function hashInput(path: string): Promise<string> {
  const content = createHash('sha256');
  if (isCompressed(path)) {
    const onBytes = (chunk: Buffer): void => {
      content.update(chunk);
    };
    for await (const lines of readLines(path, { maxLineBytes: 0, onBytes })) void lines;
    return content.digest('hex');
  }
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }))
      content.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(path, error);
  }
  return content.digest('hex');
}
