import { lstatSync } from 'node:fs';
import { EXIT, OutputError } from '../errors.ts';
import { realLedgerPath } from './real-ledger-path.ts';

const BESIDE = ['.lock', '.mark', '-wal', '-shm', '-journal', '.new'];

/**
 * Refuses a ledger beside which a symbolic link stands where a file of its own belongs: in a folder that
 * others can write to, it would lead what is written there to another file. The ledger itself may be
 * a link (its own files are then beside the file that it leads to). Throws 73.
 */
export function refuseLinks(ledgerPath: string): void {
  const real = realLedgerPath(ledgerPath);
  for (const end of BESIDE) {
    if (lstatSync(real + end, { throwIfNoEntry: false })?.isSymbolicLink() !== true) continue;
    throw new OutputError(
      EXIT.cannotCreate,
      `${real}${end} is a symbolic link; qbatch does not write through links`,
      'remove it, or choose another place with --ledger',
    );
  }
}
