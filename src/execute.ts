import type { Clock } from './clock.ts';
import { BATCH_TURNS_MOST, BatchSize } from './execute/batch-size.ts';
import { defer, type Deferred } from './execute/deferred.ts';
import { Hold } from './execute/hold.ts';
import type { Journal } from './execute/journal.ts';
import { type LineInput, LineSource } from './execute/line-source.ts';
import { type LineRoom, mayOpen } from './execute/may-open.ts';
import { OpenedLines } from './execute/opened-lines.ts';
import { newPending, type PendingBatch, recordsIn, takeBack } from './execute/pending-batch.ts';
import type { Batch } from './ledger/records.ts';
import type { PlannedLine } from './plan.ts';
import type { TurnBatch } from './execute/turn-batch.ts';

export type ExecuteOptions = {
  readonly lines: LineInput<PlannedLine>;
  /** Settles one line; the journal's promises resolve when `execute` is asked for the next batch. */
  settle(line: PlannedLine, journal: Journal): Promise<void>;
  readonly room: LineRoom;
  readonly stop: AbortSignal;
  /** Calls in flight are dropped; a batch put back is retried at once. */
  readonly abort: AbortSignal;
  /** A batch put back is retried at once. */
  readonly hurry: AbortSignal;
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
  /** The held batch is durable, and lines whose starts were given up with it are waiting for a ticket again. */
  readonly onGoingOn?: () => void;
};

/**
 * The executor: keeps a window of lines open and yields, about once per turn of the event loop, the records to write.
 * Asking for the next batch confirms that the last one is durable: only then do the calls leave whose starts were in it. A
 * slot freed by an end belongs to a start in the same batch or a later one, so that after a crash no more calls are in
 * doubt than there are slots.
 *
 * Why by turn (group commit): at 10,000 lines a second a turn gathers a dozen records, with instant replies those of the
 * whole window, without any timer, and one commit with one fsync serves them all. The event loop is blocked during a
 * commit, so a batch waits for the next turn while turns bring more records: a busy loop commits half as often, and an idle
 * one passes through one extra empty turn.
 *
 * States: *filling* (lines are opened while the window has room), *draining* (a stop was requested or the input has ended:
 * open lines settle or give up), *holding* (a batch was put back: no line is opened and no call leaves; ends are kept, and
 * yielded every few seconds and once no call is in flight; when that is durable, the previous state resumes, unless the run
 * is stopping), *done* (none open). A failure to read or settle (a bug) ends the filling; open lines come to their end,
 * their results are yielded, and the failure is thrown last, so that no paid answer is lost with it. Reading never delays a
 * batch.
 */
export async function* execute(options: ExecuteOptions): AsyncGenerator<TurnBatch> {
  const run = new Run(options);
  try {
    for (;;) {
      run.fill();
      await run.turn();
      const batch = run.takeBatch();
      if (batch !== null) {
        yield batch;
        run.confirm();
      }
      if (run.done) break;
    }
    if (run.failure !== null) throw run.failure.error;
  } finally {
    // If the caller gave up (its commit failed), no waiter may continue as if it had been durable.
    run.end(new Error('the run has ended'));
    await run.source.close();
  }
}

class Run {
  failure: { readonly error: unknown } | null = null;
  private readonly options: ExecuteOptions;
  private readonly open: OpenedLines = new OpenedLines();
  readonly source: LineSource<PlannedLine>;
  /** Records for the next batch. */
  private pending: PendingBatch = newPending();
  /** The batch yielded last, until it is durable. */
  private committing: PendingBatch | null = null;
  /** Lines whose `settle` is still running. */
  private running = 0;
  private readonly hold: Hold;
  /** Lines whose `settle` has ended since the last batch was taken. */
  private finished: number[] = [];
  private readonly size: BatchSize = new BatchSize();
  /** Resolved when `turn` has something to do. */
  private wake: Deferred<void> = defer();
  private scheduled = false;
  /** Aborted at the end: removes the listeners on the run's signals. */
  private readonly closing: AbortController = new AbortController();
  /** Lines whose call is in flight: the start is durable, the call has not ended. */
  private readonly calls: Set<number> = new Set();
  private readonly journal: Journal;

  constructor(options: ExecuteOptions) {
    this.options = options;
    this.hold = new Hold(options.clock, () => {
      this.wake.resolve();
    });
    this.source = new LineSource(options.lines, options.room, (failure) => {
      this.failure ??= failure;
      this.schedule();
    });
    const { signal } = this.closing;
    const giveUpStarts = (): void => {
      this.hold.giveUpStarts();
      this.schedule();
    };
    options.stop.addEventListener('abort', giveUpStarts, { signal });
    options.abort.addEventListener('abort', () => this.hold.hasten(), { signal });
    options.hurry.addEventListener('abort', () => this.hold.hasten(), { signal });
    this.journal = {
      started: (start) => {
        if (this.hold.isOn) return this.hold.givesUpStarts;
        this.pending.batch.starts.push(start);
        this.recorded();
        return this.pending.begun.promise;
      },
      ended: (end, settled) => {
        this.calls.delete(end.lineNo);
        this.pending.batch.ends.push(end);
        if (settled !== null) this.pending.batch.settled.push(settled);
        return this.whenDurable();
      },
      settledUnsent: (settled) => {
        this.pending.batch.settled.push(settled);
        return this.whenDurable();
      },
    };
  }

  get done(): boolean {
    if (this.open.size > 0 || recordsIn(this.pending) > 0) return false;
    return (this.isStopping || this.source.isExhausted) && !this.source.isReading;
  }

  /** No call is in flight. In a run that is stopping: every line still running waits for the held batch. */
  private get idle(): boolean {
    return this.options.stop.aborted
      ? this.running === this.pending.waiting
      : this.calls.size === 0;
  }

  /** No further line will be opened. */
  private get isStopping(): boolean {
    return this.options.stop.aborted || this.failure !== null;
  }

  fill(): void {
    while (!this.isStopping && !this.hold.isOn) {
      const of = mayOpen(this.open, this.options.room);
      const line = of === null ? undefined : this.source.take(of);
      if (line === undefined) return;
      this.start(line);
    }
  }

  /** Waits until there is a record to write, a line has ended, or lines were read. */
  async turn(): Promise<void> {
    if (this.done) return;
    this.hold.wait({ hurried: this.options.hurry.aborted });
    do {
      await this.wake.promise;
      this.wake = defer();
      this.scheduled = false;
    } while (this.hold.isTooEarly(this.idle));
  }

  takeBatch(): TurnBatch | null {
    this.forget();
    // If only starts are held, an empty batch probes whether writing works again.
    const isTry = this.hold.isOn && !this.options.stop.aborted;
    if (recordsIn(this.pending) === 0 && !isTry) return null;
    const isLast = this.hold.isOn && this.idle;
    this.committing = this.pending;
    this.pending = newPending();
    const { batch } = this.committing;
    // A line settled in this batch is behind the frontier as soon as the batch is durable.
    for (const { lineNo } of batch.settled) this.open.close(lineNo);
    return { ...batch, frontier: this.frontier(), isLast, putBack: this.putBack };
  }

  /** The batch taken last is durable: its waiters continue. */
  confirm(): void {
    if (this.committing !== null) {
      for (const { lineNo } of this.committing.batch.starts) this.calls.add(lineNo);
      this.committing.begun.resolve(true);
      this.committing.durable.resolve();
      this.committing = null;
      if (!this.options.stop.aborted) this.goOn();
    }
    this.size.committed(this.options.clock.monotonicMs());
  }

  private goOn(): void {
    if (!this.hold.isOn) return;
    this.hold.end();
    // One turn later they are back in their queues; no other line may overtake them.
    setImmediate(() => {
      if (!this.hold.isOn) this.options.onGoingOn?.();
    });
  }

  /** Rejects everything still waiting for a batch with `error`. */
  end(error: unknown): void {
    this.failure ??= { error };
    this.hold.close(error);
    this.closing.abort();
    for (const pending of [this.committing, this.pending]) {
      pending?.begun.reject(error);
      pending?.durable.reject(error);
    }
  }

  private readonly putBack = (left?: Batch): void => {
    if (this.committing === null) return;
    this.hold.begin();
    if (this.options.stop.aborted) this.hold.giveUpStarts();
    const { givesUpStarts } = this.hold;
    this.pending = takeBack(this.committing, { left, since: this.pending, givesUpStarts });
    this.committing = null;
    this.hold.putBack(this.idle);
    this.schedule();
  };

  private frontier(): number {
    return Math.min(this.open.first, this.source.nextLineNo);
  }

  private whenDurable(): Promise<void> {
    this.pending.waiting += 1;
    this.recorded();
    return this.pending.durable.promise;
  }

  private recorded(): void {
    this.size.recorded(this.options.clock.monotonicMs());
    if (recordsIn(this.pending) < this.size.recordsEnough) this.schedule();
    else this.wake.resolve();
  }

  /** One turn later, so that everything else ready in this turn joins the batch. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.gather(this.wake, { records: 0, turns: 0 });
  }

  /** Wakes `turn` after this turn of the event loop, or after the first one that brings no more records. */
  private gather(wake: Deferred<void>, before: { records: number; turns: number }): void {
    setImmediate(() => {
      const records = recordsIn(this.pending);
      const turns = before.turns + 1;
      if (wake === this.wake && records > before.records && turns < BATCH_TURNS_MOST)
        this.gather(wake, { records, turns });
      else wake.resolve();
    });
  }

  private start(line: PlannedLine): void {
    this.open.open(line);
    this.running += 1;
    const ended = (): void => {
      this.running -= 1;
      this.calls.delete(line.lineNo);
      this.finished.push(line.lineNo);
      this.schedule();
    };
    this.options.settle(line, this.journal).then(ended, (error: unknown) => {
      this.failure ??= { error };
      ended();
    });
  }

  /**
   * Lines whose settling has ended leave the window (including those left open: the run is stopping, or their model is
   * parked).
   */
  private forget(): void {
    for (const lineNo of this.finished) this.open.leave(lineNo);
    this.finished = [];
  }
}
