import { Heap, type Timer } from '../../bench/laboratory/virtual-time.ts';
import type { Clock } from '../../src/clock.ts';
import { FAKE_WALL_START_MS } from '../helpers/fake-clock.ts';

/** Turns of the event loop in which nothing more happens before time may move on. */
const QUIET_TURNS = 2;

/** Time of one simulated world: it moves only when everything that is ready has been done. */
export class SimTime {
  nowMs = 0;
  /** What the wall clock is off by: someone sets it now and then. */
  wallOffsetMs = 0;
  /** Raised by everything that happens, so that a turn in which nothing did is known. */
  activity = 0;
  private order = 0;
  private readonly timers = new Heap();

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { atMs: this.nowMs + Math.max(0, ms), order: this.order, run };
    this.order += 1;
    this.timers.push(timer);
    return () => {
      timer.run = null;
    };
  }

  /** The machine slept: time is later, and what fell due meanwhile comes at once. */
  sleep(ms: number): void {
    this.nowMs += ms;
  }

  /** The clock of one process; dead processes are not woken. `loses`: a broken one, which forgets a timer. */
  clockOf(isAlive: () => boolean, random: () => number, loses: () => boolean): Clock {
    return {
      monotonicMs: () => this.nowMs,
      wallMs: () => Math.floor(FAKE_WALL_START_MS + this.nowMs + this.wallOffsetMs),
      random,
      after: (ms, run) =>
        this.after(ms, () => {
          if (isAlive() && !loses()) run();
        }),
    };
  }

  /** Runs timers until `isOver`; false where `untilMs` came first, or nothing was left that could happen. */
  async run(isOver: () => boolean, untilMs: number): Promise<boolean> {
    for (;;) {
      await this.settle();
      if (isOver()) return true;
      if (this.timers.first === undefined || this.nowMs > untilMs) return false;
      this.fire();
    }
  }

  /** The next time at which something falls due, and all that does. */
  private fire(): void {
    const { timers } = this;
    const dueMs = Math.max(this.nowMs, timers.first?.atMs ?? 0);
    this.nowMs = dueMs;
    for (let next = timers.first; next !== undefined && next.atMs <= dueMs; next = timers.first) {
      timers.pop();
      const { run } = next;
      next.run = null;
      run?.();
    }
  }

  private async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      const before = this.activity;
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      if (this.activity !== before) quiet = -1;
    }
  }
}
