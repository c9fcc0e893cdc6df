import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isCompressed, readLines, unreadable } from '../read.ts';

const READ_BYTES = 1024 * 1024;

/**
 * SHA-256 of an input's content (decompressed), in hexadecimal, without looking at its lines: what
 * a rerun needs to know that the input is still the same. `checkStop` is asked for
 * each chunk and throws to give up. Throws InputError (66) where it cannot be read.
 */
export async function hashInput(path: string, checkStop?: () => void): Promise<string> {
  const content = createHash('sha256');
  if (isCompressed(path)) {
    const onBytes = (chunk: Buffer): void => {
      checkStop?.();
      content.update(chunk);
    };
    for await (const lines of readLines(path, { maxLineBytes: 0, onBytes })) void lines;
    return content.digest('hex');
  }
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  // Only reading may fail as a file does; what `checkStop` throws goes through as it is.
  const chunks = (file as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const chunk = await chunks.next().catch((error: unknown) => {
        throw unreadable(path, error);
      });
      if (chunk.done === true) return content.digest('hex');
      checkStop?.();
      content.update(chunk.value);
    }
  } finally {
    file.destroy();
  }
}
