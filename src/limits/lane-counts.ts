import type { Throttles } from './pace-event.ts';

/** What a lane did since this second began. */
export type LaneCounts = {
  sent: number;
  admitted: number;
  refused: Throttles;
  /** What the calls that were sent are taken to cost. */
  tokens: number;
  ended: number;
  /** Failed at the service, but for failures by chance. */
  failed: number;
  /** Of the answers, in milliseconds. */
  latenciesMs: number[];
};

/** The counts when a second begins. */
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
