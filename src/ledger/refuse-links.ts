import { lstatSync, statSync } from 'node:fs';
import { EXIT, OutputError } from '../errors.ts';
import { refuseForeignFiles } from './refuse-foreign-files.ts';
import { realLedgerPath } from './real-ledger-path.ts';

const BESIDE = ['.lock', '.mark', '-wal', '-shm', '-journal', '.new'];

/**
 * Refuses a ledger with a symbolic link in place of one of its own files: in a folder writable by others it could redirect
 * writes to another file. The ledger itself may be a link (its files are then beside the target), but not a dangling one,
 * which the new ledger would replace; nor a device or the like. Nor may a foreign file be there. Throws 73.
 */
export function refuseLinks(ledgerPath: string): void {
  const found = statSync(ledgerPath, { throwIfNoEntry: false });
  const isLink = lstatSync(ledgerPath, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (found === undefined && isLink)
    throw refused(
      `${ledgerPath} is a symbolic link whose target does not exist`,
      'create the target, remove the link, or choose another place with --ledger',
    );
  if (found?.isDirectory() === true)
    throw refused(
      `${ledgerPath} is a folder, not a ledger`,
      'name a file with --ledger, in this folder or elsewhere',
    );
  if (found !== undefined && !found.isFile())
    throw refused(`${ledgerPath} is not a regular file`, 'choose another place with --ledger');
  const real = realLedgerPath(ledgerPath);
  for (const end of BESIDE) {
    if (lstatSync(real + end, { throwIfNoEntry: false })?.isSymbolicLink() !== true) continue;
    throw refused(
      `${real}${end} is a symbolic link; qbatch does not write through links`,
      'remove it, or choose another place with --ledger',
    );
  }
  refuseForeignFiles(ledgerPath);
}

function refused(message: string, hint: string): OutputError {
  return new OutputError(EXIT.cannotCreate, message, hint);
}
