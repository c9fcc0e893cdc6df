import { parentPort, workerData } from 'node:worker_threads';
import { QbatchError } from '../errors.ts';
import { listJobs } from '../ledger/jobs.ts';
import { lookIntoLedger } from '../ledger/read-ledger.ts';
import { reportData } from '../ledger/report-data.ts';
import { jsonText } from '../json/json-text.ts';
import type { ReportAsked } from './report-source.ts';

// A thread of its own: reading a long job's ledger takes seconds, and the run must not wait for them.
// Each message asks for a report; the answer is its JSON, or null where there is none yet.

const { ledgerPath, jobName } = workerData as { ledgerPath: string; jobName: string };

function makeReport({ nowMs, hasEnded }: ReportAsked): string | null {
  return lookIntoLedger(ledgerPath, (database) => {
    const jobs = listJobs(database).filter(({ name }) => name === jobName);
    if (jobs.length === 0) return null;
    const data = reportData([{ ledgerPath, database, jobs }], {
      by: ['model'],
      nowMs,
      stateOf: (_, job) => (job.state === 'open' && !hasEnded ? 'running' : job.state),
    });
    return jsonText(data);
  });
}

parentPort?.on('message', (asked: ReportAsked) => {
  try {
    parentPort?.postMessage(makeReport(asked));
  } catch (error) {
    // A ledger that is not there yet, or that cannot be read: the run itself will say so.
    if (!(error instanceof QbatchError)) throw error;
    parentPort?.postMessage(null);
  }
});
