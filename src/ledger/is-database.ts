import { closeSync, constants, openSync, readSync } from 'node:fs';

const SQLITE_HEADER = 'SQLite format 3\0';

/** Whether a file is a SQLite database, by its first bytes; no for one that cannot be read. */
export function isDatabase(file: string): boolean {
  let handle: number;
  try {
    // Never waits, as a FIFO without a writer would.
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    const bytes = Buffer.alloc(SQLITE_HEADER.length);
    readSync(handle, bytes, 0, bytes.length, 0);
    return bytes.toString('latin1') === SQLITE_HEADER;
  } catch {
    return false;
  } finally {
    closeSync(handle);
  }
}
