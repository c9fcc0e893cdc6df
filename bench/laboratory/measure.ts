import { BusyMachine } from './busy-machine.ts';
import { type LabCall, callsOf } from './calls.ts';
import type { Client } from './client.ts';
import { allowedShare, perfectMs } from './perfect.ts';
import type { QuotaShape, Scenario } from './scenario.ts';
import { ROUND_TRIP_MS, type Seen, Service } from './service.ts';
import { createVirtualTime, seeded } from './virtual-time.ts';

/** What one run has shown. */
export type Figures = {
  /** Admitted ÷ allowed between the first and the last start, in percent; of several models the least. */
  readonly usePercent: number;
  readonly refusedPercent: number;
  readonly makespanMs: number;
  /** Makespan ÷ that of a perfect client. */
  readonly makespanRatio: number;
  /** The most starts in a second ÷ the mean; of several models the most. */
  readonly unevenness: number;
  /** The most calls that the service held at once. */
  readonly heldMost: number;
  readonly sent: number;
};

const SECOND_MS = 1000;

/** Runs one scenario with one seed. */
export async function measure(scenario: Scenario, seed: number, client: Client): Promise<Figures> {
  const time = createVirtualTime(seeded(seed * 104_729 + 2));
  const service = new Service(scenario, seed, time);
  const files = Array.from({ length: scenario.clients }, (_, nth) =>
    callsOf(scenario, seed * 1000 + nth),
  );
  const running = files.map((calls, nth) => {
    if (!scenario.busy) return client(calls, service, time);
    const machine = new BusyMachine(seed * 1000 + nth, time);
    return client(calls, machine.seen(service), machine.clock());
  });
  await time.run(() => running.every((one) => one.isDone()));
  return figuresFrom(scenario, service, files);
}

/** The figures of what a service saw, given the files of its clients. */
export function figuresFrom(
  scenario: Scenario,
  service: Service,
  files: readonly (readonly LabCall[])[],
): Figures {
  const lanes = scenario.workloads.map((workload) => {
    const seen = service.seen.get(workload.model) as Seen;
    return figuresOf(
      seen,
      workload.quota,
      files.map((calls) => calls.filter((call) => call.workload === workload)),
    );
  });
  const makespanMs = Math.max(...lanes.map((lane) => lane.endMs));
  const slots = scenario.capacity ?? Infinity;
  const workedMs = lanes.reduce((sum, lane) => sum + lane.workedMs, 0);
  const perfect = Math.max(workedMs / slots, ...lanes.map((lane) => lane.perfectMs));
  const sent = lanes.reduce((sum, lane) => sum + lane.sent, 0);
  return {
    usePercent:
      slots === Infinity
        ? Math.min(...lanes.map((lane) => lane.usePercent))
        : (workedMs / slots / makespanMs) * 100,
    refusedPercent: (lanes.reduce((sum, lane) => sum + lane.refused, 0) / sent) * 100,
    makespanMs,
    makespanRatio: makespanMs / perfect,
    unevenness: Math.max(...lanes.map((lane) => lane.unevenness)),
    heldMost: Math.max(...lanes.map((lane) => lane.heldMost)),
    sent,
  };
}

function figuresOf(seen: Seen, shape: QuotaShape, files: readonly (readonly LabCall[])[]) {
  const [first] = files;
  // Refusals make an order of admission that is not the order of starts.
  const starts = seen.startsMs.toSorted((a, b) => a - b);
  const fromMs = starts[0] ?? 0;
  const toMs = starts.at(-1) ?? 0;
  // The last start is the end of the span: what it took is not in it.
  const admitted = { calls: starts.length - 1, tokens: seen.tokens - seen.lastStart.tokens };
  const interleaved = Array.from({ length: first?.length ?? 0 }, (_, at) =>
    files.map((calls) => calls[at] as LabCall),
  ).flat();
  return {
    usePercent: allowedShare(shape, admitted, { fromMs, toMs }) * 100,
    workedMs: seen.workedMs,
    heldMost: seen.heldMost,
    refused: seen.refused,
    sent: seen.sent,
    endMs: seen.lastEndMs,
    perfectMs: perfectMs(interleaved, ROUND_TRIP_MS),
    unevenness: mostInSecond(starts) / ((starts.length / Math.max(1, toMs - fromMs)) * SECOND_MS),
  };
}

function mostInSecond(starts: readonly number[]): number {
  let most = 0;
  let tail = 0;
  for (const [at, startMs] of starts.entries()) {
    while ((starts[tail] as number) <= startMs - SECOND_MS) tail += 1;
    most = Math.max(most, at - tail + 1);
  }
  return most;
}
