import { ConfigError, EXIT, OutputError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { listJobs } from '../ledger/jobs.ts';
import { movedFiles } from '../ledger/moved-files.ts';
import type { Job } from '../ledger/records.ts';
import { outputSize } from '../output/output-file.ts';
import { holdsOwnLines, ownFirstLine, refuseForeign } from '../output/reconcile.ts';
import type { JobRequest } from './job-request.ts';

/**
 * Refuses output files that are not the job's own. Its own are those of `known`, unless something else was put in their
 * place, and files with its lines elsewhere: the folder was moved, or later runs wrote to other files.
 */
export function refuseForeignOutputs(ledger: Ledger, request: JobRequest, known: Job | null): void {
  for (const path of [request.resultsPath, request.errorsPath]) {
    const bytes = path === '-' ? 0 : (outputSize(path) ?? 0);
    if (bytes === 0) continue;
    if (known !== null && [known.resultsPath, known.errorsPath].includes(path)) {
      // Even if it is to be replaced as a whole (`--fresh`, `--adopt-outputs`): that gives up this job's lines, not
      // others'.
      refuseForeign(path, known);
      continue;
    }
    if (known !== null && holdsOwnLines(ledger.database, known, path)) continue;
    if (known !== null && waitsHere(ledger, known, path)) continue;
    const own = known === null && ownFirstLine(path, request.name);
    if (own && (request.fresh || request.adopt)) continue;
    if (own) {
      throw new ConfigError(
        `${path} holds lines of job ${request.name}, but the ledger does not know it: the ledger was lost or replaced`,
        'restore the ledger, or rerun with --adopt-outputs to take the answers from the output files',
      );
    }
    throw new OutputError(
      EXIT.cannotCreate,
      `${path} exists and is not empty (${bytes} bytes), and this job did not write it`,
      'move it away, or name another file with -o or --errors',
    );
  }
}

/** Whether a file is the job's in a moved folder, waiting to be replaced: it holds earlier lines. */
function waitsHere({ path: ledgerPath, database }: Ledger, known: Job, path: string): boolean {
  if (known.outputMode !== 'replace') return false;
  const { resultsPath, errorsPath } = movedFiles(known, ledgerPath, listJobs(database));
  return (path === resultsPath || path === errorsPath) && ownFirstLine(path, known.name);
}
