import type { Refusal } from './hidden-quota.ts';
import type { Scenario, Workload } from './scenario.ts';
import { gauss, seeded } from './virtual-time.ts';

/** A line of the job, with what the service would make of it whenever it is sent. */
export type LabCall = {
  readonly workload: Workload;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly estimatedOutputTokens: number;
  readonly estimatedInputTokens: number;
  readonly latencyMs: number;
  /** Why the service refuses it whenever it is sent; null: it does not. */
  readonly refusedFor: Refusal | null;
};

const LATENCY_SIGMA = 0.35;
const BLOCK_LINES = 1000;

/** A log-normal number of this mean. */
function logNormal(mean: number, sigma: number, random: () => number): number {
  return mean * Math.exp(sigma * gauss(random) - (sigma * sigma) / 2);
}

function callOf(workload: Workload, nth: number, random: () => number): LabCall {
  const inputTokens = Math.round(workload.inputTokens * (0.5 + random()));
  return {
    workload,
    inputTokens,
    outputTokens: Math.round(logNormal(workload.outputTokens, workload.outputSigma, random)),
    estimatedInputTokens: inputTokens * workload.estimate,
    estimatedOutputTokens: workload.outputTokens * workload.estimate,
    latencyMs: logNormal(workload.latencyMs, LATENCY_SIGMA, random),
    refusedFor: (nth + 1) % workload.refusedEvery === 0 ? 'throttle_tokens' : null,
  };
}

/** The lines of one client's file, in its order. */
export function callsOf(scenario: Scenario, seed: number): LabCall[] {
  const random = seeded(seed);
  const rests = scenario.workloads.map((workload) => ({ workload, left: workload.lines }));
  const calls: LabCall[] = [];
  const take = (rest: (typeof rests)[number], count: number): void => {
    for (let nth = 0; nth < count && rest.left > 0; nth += 1, rest.left -= 1)
      calls.push(callOf(rest.workload, rest.workload.lines - rest.left, random));
  };
  if (scenario.order !== 'mixed') {
    const lines = scenario.order === 'blocks' ? BLOCK_LINES : Infinity;
    while (rests.some(({ left }) => left > 0)) {
      // The smaller model first: its block is what may hold up the others.
      for (const rest of rests.toReversed()) take(rest, lines);
    }
    return calls;
  }
  for (let left = rests.reduce((sum, rest) => sum + rest.left, 0); left > 0; left -= 1) {
    let at = random() * left;
    const rest = rests.find((one) => (at -= one.left) < 0) ?? rests[0];
    if (rest !== undefined) take(rest, 1);
  }
  return calls;
}
