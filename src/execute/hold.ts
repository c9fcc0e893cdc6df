import type { Clock } from '../clock.ts';

/**
 * What was put back is tried again at once, since room was made for it that others on the disk may take; then this
 * often, while calls are in flight: somebody may make more.
 */
const RETRY_EVERY_MS = 5_000;

/** Whether batches are held back since there was no room for one, and when they are tried again. */
export class Hold {
  private readonly clock: Pick<Clock, 'after'>;
  private readonly wake: () => void;
  private on = false;
  private due = false;
  private waitMs = 0;
  private cancel: () => void = () => undefined;

  /** `wake` is called when it is time to try again. */
  constructor(clock: Pick<Clock, 'after'>, wake: () => void) {
    this.clock = clock;
    this.wake = wake;
  }

  /** From the first batch on that was put back, to the end of the run. */
  get isOn(): boolean {
    return this.on;
  }

  get isDue(): boolean {
    return this.due;
  }

  begin(): void {
    this.on = true;
  }

  /** The time to the next try begins, where it is on. */
  wait(): void {
    if (!this.on) return;
    this.cancel();
    this.due = false;
    this.cancel = this.clock.after(this.waitMs, () => {
      this.due = true;
      this.wake();
    });
    this.waitMs = RETRY_EVERY_MS;
  }

  close(): void {
    this.cancel();
  }
}
