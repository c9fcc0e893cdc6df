import { closeSync, constants, openSync, readSync } from 'node:fs';

/**
 * The first bytes of a file, at most `bytesMost`; null if it does not exist or cannot be read. `links`: whether a link is
 * followed.
 */
export function firstBytes(
  path: string,
  bytesMost: number,
  links: 'follow' | 'refuse' = 'follow',
): Buffer | null {
  let file: number;
  try {
    // Non-blocking: a FIFO without a writer would block.
    const how = constants.O_RDONLY | constants.O_NONBLOCK;
    file = openSync(path, links === 'follow' ? how : how | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
  try {
    const bytes = Buffer.alloc(bytesMost);
    return bytes.subarray(0, readSync(file, bytes, 0, bytesMost, 0));
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}
