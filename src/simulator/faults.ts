import { serviceError } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { hashText } from './randomness.ts';

/** Faults that come and go: which askings of which content fail. */
export type Faults = {
  /** The error that this asking of the content gets by the rate, or null. Counts the asking. */
  byRate(identity: string): ServiceError | null;
  /** True while the content was asked at most `times` times, this one included; null: always. Counts the asking. */
  isDue(identity: string, times: number | null): boolean;
};

/** What a call fails with by rate: all of it passes when asked again. */
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

/** How many contents that have not failed yet are remembered: about 10 MB. */
const PASSED_MAX = 65_536;

function ask(asked: Map<string, number>, identity: string): number {
  const asking = (asked.get(identity) ?? 0) + 1;
  asked.set(identity, asking);
  return asking;
}

/**
 * Faults by rate and by directive. The n-th asking of a content fails or not by (seed, content, n)
 * alone, each drawn for itself, so that a job meets the same faults whatever its order and
 * concurrency, equal bodies fail as often as different ones, and a failed call may pass when it is
 * asked again. `errorRate` is therefore the share of failing calls; 1 fails for ever.
 *
 * Contents that failed are counted for good. Of those that only passed the ones asked last are: a
 * content that comes back after so many others begins again at its first asking, which passes.
 * Memory grows with the number of contents that fail, not with the calls.
 */
export function createFaults(errorRate: number, seed: number): Faults {
  const askedByRate = new Map<string, number>();
  const onlyPassed = new Map<string, number>();
  const askedByDirective = new Map<string, number>();
  const fails = (identity: string, asking: number): boolean =>
    errorRate >= 1 || hashText(`${identity} fault ${asking}`, seed) / 2 ** 32 < errorRate;
  const notePass = (identity: string, asking: number): void => {
    // Taken out first: a Map keeps the order of insertion, so the one asked longest ago leads it.
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
