import type { Clock } from '../../src/clock.ts';

/** A clock that stands still until a test moves it. */
export type FakeClock = Clock & {
  /** Moves time on by `ms`, running what falls due in its order; between two timers all ready work is done. */
  advance(ms: number): Promise<void>;
  /** Moves time on by `ms` and runs nothing: timers that fall due meanwhile come late. */
  standStill(ms: number): void;
  /** Moves time to the next timer and runs it; false where there is none. */
  step(): boolean;
  /** Timers that wait. */
  readonly timers: number;
};

type Timer = { readonly atMs: number; readonly order: number; readonly run: () => void };

/** Wall time at which fake clocks start: 2026-01-01T00:00:00Z. */
export const FAKE_WALL_START_MS: number = Date.UTC(2026, 0, 1);

/** Lets everything that is ready run: promises, and a few turns of the event loop. */
export async function settleTurns(turns = 4): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** A clock for tests. `random` is what its random source gives, in [0, 1). */
export function createFakeClock(random: () => number = () => 0.5): FakeClock {
  let nowMs = 0;
  let order = 0;
  const timers = new Set<Timer>();
  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (
        first === undefined ||
        timer.atMs < first.atMs ||
        (timer.atMs === first.atMs && timer.order < first.order)
      )
        first = timer;
    }
    return first;
  };
  const step = (): boolean => {
    const timer = next();
    if (timer === undefined) return false;
    nowMs = Math.max(nowMs, timer.atMs);
    timers.delete(timer);
    timer.run();
    return true;
  };
  return {
    monotonicMs: () => nowMs,
    wallMs: () => FAKE_WALL_START_MS + nowMs,
    random,
    after(ms, run) {
      const timer = { atMs: nowMs + ms, order, run };
      order += 1;
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    standStill(ms) {
      nowMs += ms;
    },
    step,
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settleTurns();
      for (let timer = next(); timer !== undefined && timer.atMs <= untilMs; timer = next()) {
        step();
        await settleTurns();
      }
      nowMs = untilMs;
      await settleTurns();
    },
    get timers() {
      return timers.size;
    },
  };
}
