import type { Holder } from '../ledger/lock.ts';
import type { Job } from '../ledger/records.ts';
import type { JobState } from '../library/job-reports.ts';

/**
 * A job's state: an unfinished one is `running` while a process holds its ledger for it. A ledger may hold several jobs; a
 * holder that does not say for which one may be running any of them.
 */
export function jobState(job: Pick<Job, 'name' | 'state'>, holder: Holder | null): JobState {
  if (job.state !== 'open' || holder === null) return job.state;
  return holder.jobName === null || holder.jobName === job.name ? 'running' : 'open';
}
