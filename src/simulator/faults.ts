import { serviceError } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { hashText } from './randomness.ts';

/** Transient faults: which requests with which content fail. */
export type Faults = {
  /** The error by rate for this request with the content, or null. Counts the request. */
  byRate(identity: string): ServiceError | null;
  /** True while the content was sent at most `times` times, including this one; null: always. Counts the request. */
  isDue(identity: string, times: number | null): boolean;
};

/** The errors by rate: all may pass on a retry. */
export const RATE_FAULTS: readonly ServiceError[] = [
  'Throttling.RateQuota',
  'Throttling.AllocationQuota',
  'InternalError',
  'InternalError.Algo',
  'InternalError.Timeout',
  'RequestTimeOut',
  'ModelServingError',
  'ModelUnavailable',
].map(serviceError);

/** Maximum number of remembered contents that have not failed: about 10 MB. */
const PASSED_MAX = 65_536;

function ask(asked: Map<string, number>, identity: string): number {
  const asking = (asked.get(identity) ?? 0) + 1;
  asked.set(identity, asking);
  return asking;
}

/**
 * Faults by rate and by directive. Whether the n-th request with a content fails depends only on (seed, content, n), each
 * drawn independently, so that a job meets the same faults whatever its order and concurrency, identical bodies fail as
 * often as different ones, and a failed call may pass on a retry. `errorRate` is therefore the share of failing calls; 1
 * fails for ever.
 *
 * Contents that failed are counted permanently. Those that only passed are kept in an LRU: one that returns after many
 * others starts again at its first request, which passes. Memory grows with the number of contents that fail, not with
 * the calls.
 */
export function createFaults(errorRate: number, seed: number): Faults {
  const askedByRate = new Map<string, number>();
  const onlyPassed = new Map<string, number>();
  const askedByDirective = new Map<string, number>();
  const fails = (identity: string, asking: number): boolean =>
    errorRate >= 1 || hashText(`${identity} fault ${asking}`, seed) / 2 ** 32 < errorRate;
  const notePass = (identity: string, asking: number): void => {
    // Deleted first: a Map keeps insertion order, so the least recently used entry comes first.
    onlyPassed.delete(identity);
    onlyPassed.set(identity, asking);
    if (onlyPassed.size <= PASSED_MAX) return;
    const [oldest] = onlyPassed.keys();
    if (oldest !== undefined) onlyPassed.delete(oldest);
  };
  return {
    byRate(identity) {
      if (errorRate <= 0) return null;
      const before = askedByRate.get(identity);
      const asking = (before ?? onlyPassed.get(identity) ?? 0) + 1;
      const isFailing = fails(identity, asking);
      if (isFailing || before !== undefined) {
        askedByRate.set(identity, asking);
        onlyPassed.delete(identity);
      } else notePass(identity, asking);
      if (!isFailing) return null;
      return RATE_FAULTS[hashText(`${identity} kind ${asking}`, seed) % RATE_FAULTS.length] ?? null;
    },
    isDue: (identity, times) => times === null || ask(askedByDirective, identity) <= times,
  };
}
