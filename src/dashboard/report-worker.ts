import { parentPort, workerData } from 'node:worker_threads';
import { QbatchError } from '../errors.ts';
import { sqliteCode } from '../ledger/database.ts';
import { listJobs } from '../ledger/jobs.ts';
import { openForReading } from '../ledger/open-for-reading.ts';
import { reportData } from '../ledger/report-data.ts';
import { jsonText } from '../json/json-text.ts';
import type { ReportAsked } from './report-source.ts';

// A thread of its own: reading a long job's ledger takes seconds, and the run must not wait for them.
// Each message asks for a report; the answer is its JSON, or null where there is none yet.

const { ledgerPath, jobName } = workerData as { ledgerPath: string; jobName: string };

function makeReport({ nowMs, hasEnded }: ReportAsked): string | null {
  const database = openForReading(ledgerPath);
  try {
    database.exec('BEGIN');
    const jobs = listJobs(database).filter(({ name }) => name === jobName);
    if (jobs.length === 0) return null;
    const data = reportData([{ ledgerPath, database, jobs }], {
      by: ['model'],
      nowMs,
      stateOf: (_, job) => (job.state === 'open' && !hasEnded ? 'running' : job.state),
    });
    return jsonText(data);
  } finally {
    database.close();
  }
}

parentPort?.on('message', (asked: ReportAsked) => {
  try {
    parentPort?.postMessage(makeReport(asked));
  } catch (error) {
    // A ledger that is not there yet, or that cannot be read: the run itself will say so.
    if (!(error instanceof QbatchError) && sqliteCode(error) === '') throw error;
    parentPort?.postMessage(null);
  }
});
