import { EXIT, OutputError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { BALLAST_BEGIN } from './ballast.ts';
import { ownVersion, SQLITE_BEGIN } from './is-database.ts';
import { mayBeOwn } from './may-be-own.ts';
import { realLedgerPath } from './real-ledger-path.ts';

/** Before this schema version a ballast had no fixed beginning. */
const NAMED_BALLAST_SINCE = 4;

/** Whether a ledger was last written before ballasts were identifiable: the file was its own then too. */
function isOlder(ledgerPath: string): boolean {
  const version = ownVersion(ledgerPath);
  return version !== null && version < NAMED_BALLAST_SINCE;
}

/**
 * Refuses a ledger with foreign files in the places of its own (73): they would be taken for leftovers of a killed run and
 * removed. `--ledger x` makes anybody's `x.lock` such a place.
 */
export function refuseForeignFiles(ledgerPath: string): void {
  const real = realLedgerPath(ledgerPath);
  const own: { path: string; begin: Buffer }[] = [];
  if (!isOlder(real)) own.push({ path: `${real}.ballast`, begin: BALLAST_BEGIN });
  // Beside an existing ledger an invalid lock is damage without loss, and no new ledger is created.
  if (!isThere(real))
    own.push(...['.lock', '.new'].map((end) => ({ path: real + end, begin: SQLITE_BEGIN })));
  for (const { path, begin } of own) {
    if (mayBeOwn(path, begin)) continue;
    throw new OutputError(
      EXIT.cannotCreate,
      `${path} has the name of one of the ledger's own files, but qbatch did not make it: it would be removed`,
      'move it away, or choose another name with --ledger',
    );
  }
}
