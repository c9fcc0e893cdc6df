import { parentPort, workerData } from 'node:worker_threads';
import { QbatchError } from '../errors.ts';
import { listJobs } from '../ledger/jobs.ts';
import { lookIntoLedger } from '../ledger/read-ledger.ts';
import { reportData } from '../ledger/report-data.ts';
import { jsonText } from '../json/json-text.ts';
import type { ReportAsked } from './report-source.ts';

// A separate thread: reading a long job's ledger takes seconds, and the run must not wait for that.
// Each message requests a report; the reply is its JSON, or null if there is none yet.

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
    // A ledger that does not exist yet, or is unreadable: the run itself will report it.
    if (!(error instanceof QbatchError)) throw error;
    parentPort?.postMessage(null);
  }
});
