import { closeSync, constants, openSync, readSync } from 'node:fs';
import { APPLICATION_ID } from './schema.ts';

const SQLITE_HEADER = 'SQLite format 3\0';
const HEADER_BYTES = 100;

/** Where the header says whose file it is (https://www.sqlite.org/fileformat2.html#application_id). */
const APPLICATION_AT = 68;

/** Whether a file is a SQLite database, by its first bytes; no for one that cannot be read. */
export function isDatabase(file: string): boolean {
  return headerOf(file)?.toString('latin1').startsWith(SQLITE_HEADER) === true;
}

/** Whether a database is one of this program's, by its first bytes; no for one that cannot be read. */
export function isOwnDatabase(file: string): boolean {
  return isDatabase(file) && headerOf(file)?.readUInt32BE(APPLICATION_AT) === APPLICATION_ID;
}

/** The first bytes of a file, zeros where it is shorter; null for one that cannot be read. */
function headerOf(file: string): Buffer | null {
  let handle: number;
  try {
    // Never waits, as a FIFO without a writer would.
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    readSync(handle, bytes, 0, bytes.length, 0);
    return bytes;
  } catch {
    return null;
  } finally {
    closeSync(handle);
  }
}
