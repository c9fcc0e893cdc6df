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

const RUN_MAX = 1000;

function ask(asked: Map<string, number>, identity: string): number {
  const asking = (asked.get(identity) ?? 0) + 1;
  asked.set(identity, asking);
  return asking;
}

/**
 * Faults by rate and by directive. The n-th asking of a content fails or not by (seed, content, n)
 * alone, so that a job meets the same faults whatever its order and concurrency; once an asking
 * passes, all later ones pass. `errorRate` is therefore the share of failing calls; 1 fails for
 * ever. Memory grows with the number of contents that fail, not with the calls.
 */
export function createFaults(errorRate: number, seed: number): Faults {
  const askedByRate = new Map<string, number>();
  const askedByDirective = new Map<string, number>();
  const drawFails = (identity: string, asking: number): boolean =>
    hashText(`${identity} fault ${asking}`, seed) / 2 ** 32 < errorRate;
  const failuresInARow = (identity: string): number => {
    let run = 0;
    while (run < RUN_MAX && drawFails(identity, run + 1)) run += 1;
    return run;
  };
  return {
    byRate(identity) {
      if (errorRate <= 0) return null;
      const run = errorRate >= 1 ? Infinity : failuresInARow(identity);
      if (run === 0) return null;
      const asking = ask(askedByRate, identity);
      if (asking > run) return null;
      return RATE_FAULTS[hashText(`${identity} kind ${asking}`, seed) % RATE_FAULTS.length] ?? null;
    },
    isDue: (identity, times) => times === null || ask(askedByDirective, identity) <= times,
  };
}
