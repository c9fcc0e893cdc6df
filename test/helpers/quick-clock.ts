import { type Clock, systemClock } from '../../src/clock.ts';

/** A clock that goes `factor` times as fast as the machine's, and can be put forward. */
export type QuickClock = Clock & {
  /** From now on it is so much later. What waits for a deadline sees it when it looks next. */
  jump(ms: number): void;
};

export function createQuickClock(factor: number): QuickClock {
  let aheadMs = 0;
  const startMs = systemClock.monotonicMs();
  const wallStartMs = systemClock.wallMs();
  const elapsedMs = (): number => (systemClock.monotonicMs() - startMs) * factor + aheadMs;
  return {
    monotonicMs: elapsedMs,
    wallMs: () => wallStartMs + Math.round(elapsedMs()),
    random: systemClock.random,
    after: (ms, run) => systemClock.after(ms / factor, run),
    jump(ms) {
      aheadMs += ms;
    },
  };
}
