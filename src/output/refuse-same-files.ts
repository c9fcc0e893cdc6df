import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EXIT, OutputError } from '../errors.ts';
import { filesBeside } from '../ledger/ledger-files.ts';
import { lockPathOf, newPathOf } from './output-file.ts';

/** A path with the links in its folder resolved, so that two spellings of one place are equal. */
function placeOf(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

/** Device and inode of a file; null if it cannot be inspected: the reason is reported when it is opened. */
function fileIdOf(path: string): string | null {
  try {
    // A double would drop the low bits of a 64-bit inode, and another file could seem the same.
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

/**
 * Refuses outputs that are the input, the ledger or each other, and a ledger that is the input, however spelled and under
 * whatever name (including hard links); and any of them in the place of a file that belongs to the ledger, or in which an
 * output is rewritten: those are overwritten or removed. Throws 73.
 */
export function refuseSameFiles(paths: {
  readonly inputPath: string;
  readonly ledgerPath: string;
  readonly resultsPath: string;
  readonly errorsPath: string;
}): void {
  const { inputPath, ledgerPath, resultsPath, errorsPath } = paths;
  const outputs = [resultsPath, errorsPath].filter((path) => path !== '-');
  const known: { path: string; place: string; id: string | null }[] = [];
  for (const path of [inputPath, ledgerPath, resultsPath, errorsPath]) {
    if (path === '-') continue;
    refuseOwn(path, { files: filesBeside(ledgerPath), what: "a file of the ledger's own" });
    for (const output of outputs) {
      refuseOwn(path, { files: [newPathOf(output)], what: `where qbatch rewrites ${output}` });
      refuseOwn(path, { files: [lockPathOf(output)], what: `the lock file of ${output}` });
    }
    const [place, id] = [placeOf(path), fileIdOf(path)];
    const other = known.find((one) => one.place === place || (id !== null && one.id === id));
    if (other !== undefined) {
      const what =
        other.path === path
          ? `${path} would be overwritten`
          : `${path} and ${other.path} are the same file`;
      throw new OutputError(
        EXIT.cannotCreate,
        `${what}: input, ledger, results and errors must be different files`,
        'name another file with -o, --errors or --ledger',
      );
    }
    known.push({ path, place, id });
  }
}

function refuseOwn(path: string, own: { readonly files: string[]; readonly what: string }): void {
  const [place, id] = [placeOf(path), fileIdOf(path)];
  const isPath = (file: string): boolean =>
    placeOf(file) === place || (id !== null && fileIdOf(file) === id);
  if (!own.files.some(isPath)) return;
  throw new OutputError(
    EXIT.cannotCreate,
    `${path} is ${own.what}: it would be overwritten or removed`,
    'name another file with -o, --errors or --ledger',
  );
}
