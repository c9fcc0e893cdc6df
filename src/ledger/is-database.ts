import { firstBytes } from '../files/first-bytes.ts';
import { APPLICATION_ID } from './schema.ts';

/** Magic bytes of a SQLite file. */
export const SQLITE_BEGIN: Buffer = Buffer.from('SQLite format 3\0', 'latin1');

/** Offsets of the table version and the application id. Source: sqlite.org/fileformat2.html, 1.3. */
const VERSION_AT = 60;
const APPLICATION_AT = 68;

/** Whether a file is a SQLite database, by its first bytes; false if unreadable. */
export function isDatabase(file: string): boolean {
  return firstBytes(file, SQLITE_BEGIN.length)?.equals(SQLITE_BEGIN) === true;
}

/** Whether a database is one of this program's, by its first bytes; false if unreadable. */
export function isOwnDatabase(file: string): boolean {
  return isDatabase(file) && ownVersion(file) !== null;
}

/** The table version of one of this program's databases; null for any other file, or if unreadable. */
export function ownVersion(file: string): number | null {
  const bytes = firstBytes(file, APPLICATION_AT + 4);
  if (bytes?.length !== APPLICATION_AT + 4) return null;
  return bytes.readUInt32BE(APPLICATION_AT) === APPLICATION_ID
    ? bytes.readUInt32BE(VERSION_AT)
    : null;
}
