import type { Costs } from './costs.ts';
import { KNOWN_READING } from './known-reading.ts';
import { knownRestMs } from './known-rest.ts';
import { SHARES } from './rate-shares.ts';

/** Requests: each costs one, and every refusal is about the limit, or about other clients. */
export const KNOWN_COSTS: Costs = {
  amounts: 'calls',
  // An unknown limit is probed from five calls a second.
  unknownPerMs: 5 / 1000,
  steering: null,
  rampMs: 4000,
  measured: { recentCalls: 0, windowCalls: 20, closures: 0 },
  probeStepMost: (perSecond) => perSecond - 1,
  suspicionThreshold: { calls: 100, share: 0.07, fewShare: () => 0.004, isSteered: false },
  windowProof: null,
  reading: KNOWN_READING,
  firstCut: () => SHARES.touchCut,
  restMs: knownRestMs,
};
