import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { isAbsent, readFailure } from '../files/read-failure.ts';
import { markPath } from './mark-path.ts';
import { storageError } from './storage-error.ts';

const PRIVATE_MODE = 0o600;

/** The 8-byte file beside a ledger that records the ledger's commit counter. */
export type Mark = {
  /** Never throws: the commit it follows is durable whether or not it can be written. */
  write(counter: number): void;
  /** Throws 74 if the last write failed: it does not record how far the ledger is. */
  refuseUnwritten(): void;
  close(): void;
};

/**
 * The commit counter in the mark; null if there is no complete mark. Throws 66 or 74 if it cannot be read: it may be the
 * only evidence that the ledger went backwards.
 */
export function readMark(ledgerPath: string): number | null {
  const path = markPath(ledgerPath);
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(8);
      return readSync(file, bytes, 0, 8, 0) === 8 ? Number(bytes.readBigUInt64LE()) : null;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (isAbsent(error)) return null;
    throw readFailure(error, `cannot read ${path}`);
  }
}

/** Opens a ledger's mark, creating it if missing. */
export function openMark(ledgerPath: string): Mark {
  const path = markPath(ledgerPath);
  const how = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const file = openSync(path, how, PRIVATE_MODE);
  const bytes = Buffer.alloc(8);
  let failure: unknown = null;
  return {
    write(counter) {
      bytes.writeBigUInt64LE(BigInt(counter));
      try {
        writeSync(file, bytes, 0, 8, 0);
        failure = null;
      } catch (error) {
        failure = error;
      }
    },
    refuseUnwritten() {
      if (failure !== null) throw storageError(failure, path);
    },
    close() {
      closeSync(file);
    },
  };
}
