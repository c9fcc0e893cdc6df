import type { Holder } from '../ledger/lock.ts';
import type { Job } from '../ledger/records.ts';

export type JobState = 'running' | 'open' | 'finished';

/** What a job is doing: an unfinished job of a ledger that a process holds is `running`. */
export function jobState(job: Pick<Job, 'state'>, holder: Holder | null): JobState {
  return job.state === 'open' && holder !== null ? 'running' : job.state;
}

/** A moment as the outside sees it: ISO 8601 in UTC. `wallMs` is milliseconds since 1970. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
