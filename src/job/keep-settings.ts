import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CURSOR_START, setOutputs } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job } from '../ledger/records.ts';
import { modeAnew } from '../output/output-set.ts';
import type { JobRequest } from './job-request.ts';

/** Updates what may change between runs to this run's settings; writes nothing if nothing changes. */
export function keepSettings(ledger: Ledger, job: Job, request: JobRequest): void {
  const moved =
    job.resultsPath !== request.resultsPath ||
    job.errorsPath !== request.errorsPath ||
    job.outputOrder !== request.order;
  const now = {
    inputPath: request.inputPath,
    endpoint: JSON.stringify(request.endpoint),
    ledgerPath: resolve(ledger.path),
  };
  const known = {
    inputPath: job.inputPath,
    endpoint: JSON.stringify(job.endpoint),
    ledgerPath: job.ledgerPath,
  };
  if (!moved && isDeepStrictEqual(now, known)) return;
  ledger.transact(() => {
    ledger.database
      .prepare(
        `UPDATE jobs SET input_path = ?, endpoint = ?, ledger_path = ?, output_order = ?, results_path = ?, errors_path = ?
         WHERE id = ?`,
      )
      .run(
        now.inputPath,
        now.endpoint,
        now.ledgerPath,
        request.order,
        request.resultsPath,
        request.errorsPath,
        job.id,
      );
    if (!moved) return;
    const mode = job.outputMode === 'replace' ? modeAnew(request) : 'append';
    setOutputs(ledger, job.id, { mode, cursor: CURSOR_START });
  });
}
