import { type Clock, systemClock } from '../../src/clock.ts';

/** A clock that goes `factor` times as fast as the machine's. */
export function createQuickClock(factor: number): Clock {
  const startMs = systemClock.monotonicMs();
  const wallStartMs = systemClock.wallMs();
  const elapsedMs = (): number => (systemClock.monotonicMs() - startMs) * factor;
  return {
    monotonicMs: elapsedMs,
    wallMs: () => wallStartMs + Math.round(elapsedMs()),
    random: systemClock.random,
    after: (ms, run) => systemClock.after(ms / factor, run),
  };
}
