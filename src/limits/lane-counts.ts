import type { Throttles } from './pace-event.ts';

/** What a lane did in the current second. */
export type LaneCounts = {
  sent: number;
  admitted: number;
  refused: Throttles;
  /** Estimated cost of the calls sent, in tokens. */
  tokens: number;
  ended: number;
  /** Failed at the service, except for random failures. */
  failed: number;
  /** Of the answers, in milliseconds. */
  latenciesMs: number[];
};

/** The counts at the start of a second. */
export function noCounts(): LaneCounts {
  return {
    sent: 0,
    admitted: 0,
    refused: { rate: 0, tokens: 0, burst: 0 },
    tokens: 0,
    ended: 0,
    failed: 0,
    latenciesMs: [],
  };
}
