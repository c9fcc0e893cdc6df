import type { Clock } from '../clock.ts';
import { defer, type Deferred } from './deferred.ts';

/**
 * A batch that was put back is tried again at once: the run has made room for it, which others on the disk may take. Then
 * this often: somebody may make more room, or give back the lock that he holds on the ledger.
 */
const RETRY_EVERY_MS = 5_000;
/** Once a signal came: whoever sent it may kill the process soon. */
const HURRIED_EVERY_MS = 1_000;

/**
 * Whether batches are held back, since one could not be written, and when it is tried again. A run that is stopping holds
 * them to its end; any other goes on once what is held was written, and may hold again later.
 */
export class Hold {
  private readonly clock: Pick<Clock, 'after'>;
  private readonly wake: () => void;
  /** Null: nothing is held back. */
  private starts: Deferred<boolean> | null = null;
  private due = false;
  /** It was whole, with nothing in flight, when it was put back last. */
  private wasWhole = false;
  private isTriedAgain = false;
  private cancel: () => void = () => undefined;

  /** `wake` is called when it is time to try again. */
  constructor(clock: Pick<Clock, 'after'>, wake: () => void) {
    this.clock = clock;
    this.wake = wake;
  }

  /** From the first batch that was put back until what is held was written, or until the end of a run that is stopping. */
  get isOn(): boolean {
    return this.starts !== null;
  }

  /**
   * What starts get that came into the hold, or were put back: false, once it is over or the run stops. Until then whoever
   * made them keeps his slot, so that no more of them come than there are slots.
   */
  get givesUpStarts(): Promise<boolean> {
    return (this.starts ?? defer()).promise;
  }

  begin(): void {
    this.starts ??= defer();
  }

  /** A batch was put back; `whole`: no call is in flight, so that nothing will join it. */
  putBack(whole: boolean): void {
    this.wasWhole = whole;
  }

  /** Whether what is held is not to be tried yet: it is when it is time, and as soon as it is whole. */
  keeps(whole: boolean): boolean {
    return this.isOn && !this.due && (!whole || this.wasWhole);
  }

  /** Nobody wants to wait: it is time. */
  hasten(): void {
    this.due = true;
    this.wake();
  }

  /** Begins the time until the next try, where batches are held back. */
  wait({ hurried }: { readonly hurried: boolean }): void {
    if (!this.isOn) return;
    const everyMs = hurried ? HURRIED_EVERY_MS : RETRY_EVERY_MS;
    this.cancel();
    this.due = false;
    this.cancel = this.clock.after(this.isTriedAgain ? everyMs : 0, () => {
      this.due = true;
      this.wake();
    });
    this.isTriedAgain = true;
  }

  /** The run stops: calls that have not left never will. */
  giveUpStarts(): void {
    this.starts?.resolve(false);
  }

  /** What was held is durable, and the run goes on. */
  end(): void {
    this.giveUpStarts();
    this.starts = null;
    this.isTriedAgain = false;
    this.cancel();
  }

  /** The run has ended; whoever still waits gets `error`. */
  close(error: unknown): void {
    this.starts?.reject(error);
    this.cancel();
  }
}
