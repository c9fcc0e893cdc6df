import { closeSync, openSync, readSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import type { Database } from './database.ts';
import { realLedgerPath } from './real-ledger-path.ts';

/*
 * SQLite replays any valid write-ahead log (`-wal`) beside a file. If an older copy of the ledger is put beside a newer
 * log, pages of both are mixed, and the commit counter, which is in the log, indicates no loss. The check: the first commit
 * of a log must follow the last one of its file.
 *
 * Source: https://www.sqlite.org/fileformat2.html, sections 1.6 (pages), 2.1 (records), 4.1 and 4.2 (log).
 */

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const LEAF_OF_A_TABLE = 0x0d;
/** Bytes per integer serial type: types 0 to 6, and the constants 8 and 9. */
const INTEGER_BYTES: readonly number[] = [0, 1, 2, 3, 4, 6, 8, 0, 0, 0];

/** Decodes SQLite's big-endian varint: value and end; sufficient for our single row. */
function varint(page: Buffer, at: number): { value: number; end: number } {
  let value = 0;
  for (let end = at; end < at + 8; end += 1) {
    const byte = page.readUInt8(end);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: end + 1 };
  }
  throw new RangeError('a number of nine bytes');
}

/** The commit counter in the page of the table `ledger`; null if it is no such page. */
function counterIn(page: Buffer): number | null {
  try {
    if (page.readUInt8(0) !== LEAF_OF_A_TABLE || page.readUInt16BE(3) !== 1) return null;
    const payload = varint(page, page.readUInt16BE(8));
    const record = varint(page, payload.end).end;
    const header = varint(page, record);
    // The key is not part of the record (null); the counter comes second.
    const key = varint(page, header.end);
    const { value: type } = varint(page, key.end);
    const body = record + header.value;
    if (type === 8 || type === 9) return type - 8;
    const bytes = INTEGER_BYTES[type] ?? 0;
    if (key.value !== 0 || bytes === 0) return null;
    return bytes === 8 ? Number(page.readBigInt64BE(body)) : page.readIntBE(body, bytes);
  } catch {
    return null;
  }
}

/** `length` bytes of a file from `at`; null if it has fewer. */
function bytesAt(file: number, at: number, length: number): Buffer | null {
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, at) === length ? bytes : null;
}

function withFile<T>(path: string, read: (file: number) => T): T {
  const file = openSync(path, 'r');
  try {
    return read(file);
  } finally {
    closeSync(file);
  }
}

/** The counter's page as first written to the log; null if it was not. */
function firstInLog(path: string, pageNo: number, pageBytes: number): Buffer | null {
  return withFile(path, (file) => {
    const start = bytesAt(file, 0, LOG_HEADER_BYTES);
    if (start === null || start.readUInt32BE(8) !== pageBytes) return null;
    const salts = start.subarray(16, 24);
    for (let at = LOG_HEADER_BYTES; ; at += FRAME_HEADER_BYTES + pageBytes) {
      const frame = bytesAt(file, at, FRAME_HEADER_BYTES);
      if (frame === null || !frame.subarray(8, 16).equals(salts)) return null;
      if (frame.readUInt32BE(0) === pageNo)
        return bytesAt(file, at + FRAME_HEADER_BYTES, pageBytes);
    }
  });
}

/** Whether commits are missing between the file and the log beside it. */
function missesCommits(database: Database, path: string): boolean {
  const rootPage = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'ledger'";
  const pageNo = Number(database.prepare(rootPage).pluck().get());
  const pageBytes = Number(database.pragma('page_size', { simple: true }));
  const real = realLedgerPath(path);
  const first = firstInLog(`${real}-wal`, pageNo, pageBytes);
  if (first === null) return false;
  const before = withFile(real, (file) => bytesAt(file, (pageNo - 1) * pageBytes, pageBytes));
  const firstCounter = counterIn(first);
  const counterBefore = before === null ? null : counterIn(before);
  return firstCounter !== null && counterBefore !== null && counterBefore < firstCounter - 1;
}

/**
 * Refuses a ledger whose log belongs to a newer one (78): the commits between the two are in neither. For a ledger with a
 * log beside it, which is after a crash.
 */
export function refuseForeignLog(database: Database, path: string): void {
  if (!missesCommits(database, path)) return;
  throw new ConfigError(
    `${path} went backwards: it is older than the -wal beside it, and what was committed between the two is missing`,
    'put the newest ledger back beside its -wal; without one move both and the .mark away, then rerun with --adopt-outputs to take the answers from the output files',
  );
}
