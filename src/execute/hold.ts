import type { Clock } from '../clock.ts';
import { defer, type Deferred } from './deferred.ts';

/**
 * A batch put back is retried at once, since the run has freed disk space for it, which other processes may take. After
 * that, at this interval: somebody may free more, or release their lock on the ledger.
 */
const RETRY_EVERY_MS = 5_000;
/** After a signal: its sender may kill the process soon. */
const HURRIED_EVERY_MS = 1_000;

/**
 * Whether batches are held back because one could not be written, and when writing is retried. A run that is stopping holds
 * to its end; any other resumes once the held batch was written, and may hold again later.
 */
export class Hold {
  private readonly clock: Pick<Clock, 'after'>;
  private readonly wake: () => void;
  /** Null: nothing is held back. */
  private starts: Deferred<boolean> | null = null;
  private due = false;
  /** It was complete, with nothing in flight, when it was last put back. */
  private wasWhole = false;
  private isTriedAgain = false;
  private cancel: () => void = () => undefined;

  /** `wake` is called when it is time to retry. */
  constructor(clock: Pick<Clock, 'after'>, wake: () => void) {
    this.clock = clock;
    this.wake = wake;
  }

  /** From the first batch put back until the held one was written, or until the end of a run that is stopping. */
  get isOn(): boolean {
    return this.starts !== null;
  }

  /**
   * The outcome for starts recorded or put back during the hold: false, once it is over or the run stops. Until then their
   * callers keep their slots, so that no more come than there are slots.
   */
  get givesUpStarts(): Promise<boolean> {
    return (this.starts ?? defer()).promise;
  }

  begin(): void {
    this.starts ??= defer();
  }

  /** A batch was put back; `whole`: no call is in flight, so nothing will join it. */
  putBack(whole: boolean): void {
    this.wasWhole = whole;
  }

  /** Whether it is too early to retry: it is time when due, and as soon as the batch is complete. */
  isTooEarly(whole: boolean): boolean {
    return this.isOn && !this.due && (!whole || this.wasWhole);
  }

  /** Makes the retry due now. */
  hasten(): void {
    this.due = true;
    this.wake();
  }

  /** Starts the timer for the next retry, if batches are held back. */
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

  /** The held batch is durable, and the run resumes. */
  end(): void {
    this.giveUpStarts();
    this.starts = null;
    this.isTriedAgain = false;
    this.cancel();
  }

  /** The run has ended; waiters get `error`. */
  close(error: unknown): void {
    this.starts?.reject(error);
    this.cancel();
  }
}
