import type { Clock } from '../clock.ts';

/**
 * A batch that was put back is tried again at once: the run has made room for it, which others on the disk may take. Then
 * this often: somebody may make more room, or give back the lock that he holds on the ledger.
 */
const RETRY_EVERY_MS = 5_000;

/** Whether batches are held back, since one could not be written, and when it is tried again. */
export class Hold {
  private readonly clock: Pick<Clock, 'after'>;
  private readonly wake: () => void;
  private on = false;
  private due = false;
  /** It was whole, with nothing in flight, when it was put back last. */
  private wasWhole = false;
  private waitMs = 0;
  private cancel: () => void = () => undefined;

  /** `wake` is called when it is time to try again. */
  constructor(clock: Pick<Clock, 'after'>, wake: () => void) {
    this.clock = clock;
    this.wake = wake;
  }

  /** From the first batch that was put back until the end of the run. */
  get isOn(): boolean {
    return this.on;
  }

  /** `whole`: no call is in flight, so that nothing will join what is held. */
  begin(whole: boolean): void {
    this.on = true;
    this.wasWhole = whole;
  }

  /** Whether what is held is not to be tried yet: it is when it is time, and as soon as it is whole. */
  keeps(whole: boolean): boolean {
    return this.on && !this.due && (!whole || this.wasWhole);
  }

  /** Nobody wants to wait: it is time. */
  hasten(): void {
    this.due = true;
    this.wake();
  }

  /** Begins the time until the next try, where batches are held back. */
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
