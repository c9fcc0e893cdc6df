import type { Clock } from '../clock.ts';
import { QbatchError } from '../errors.ts';
import type { TurnBatch } from '../execute/turn-batch.ts';
import { isBusy, isHeldUp, waitForLocks } from '../ledger/busy.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { AttemptEnd, Batch, Cursor, SettledLine } from '../ledger/records.ts';
import { countText } from '../reporters/number-text.ts';

/** Part sizes, in ends, that are tried in turn if a batch does not fit on the disk. */
const PARTS_ENDS: readonly number[] = [Infinity, 64, 8, 1];
/** How long a lock is waited for once nothing is in flight: what is held is paid for, and waiting is free. */
export const LOCK_PATIENCE_MS = 120_000;
/** The same after a signal: Docker kills after 10 s, and a retry in progress and what follows need their share. */
const HURRIED_PATIENCE_MS = 3_000;

export type CommitsOptions = {
  readonly ledger: Ledger;
  readonly jobId: number;
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  /** The last `seq` in use. */
  readonly lastSeq: number;
  /** Adds writes to each commit. */
  readonly alongside: () => void;
  /** No new calls. */
  readonly stop: AbortSignal;
  /** Calls in flight are dropped: do not wait. */
  readonly abort: AbortSignal;
  /** A signal came. */
  readonly hurry: AbortSignal;
  /** Called once when there is no disk space: what can be freed is freed, and no new call may begin. */
  onNoRoom(error: QbatchError): void;
  /** Another program holds a lock: no call may begin until `onUnlocked`. */
  onLocked(): void;
  /**
   * Called once per lock when the wait for it begins, with the number of calls whose results wait, and the time limit; none
   * is in flight. Called again if a signal shortens it.
   */
  onWaiting(calls: number, forMs: number): void;
  /** The lock is gone, after `forMs`. */
  onUnlocked(forMs: number): void;
};

/** Another program's lock, from the first commit that it blocked to the first that succeeded. */
type Lock = {
  readonly sinceMs: number;
  /** When the wait ends; null: calls are still in flight. */
  giveUpMs: number | null;
  hurried: boolean;
};

/** The disk was full for a batch; from the first such batch on. */
type NoRoom = {
  /** Why no call begins any more. */
  readonly error: QbatchError;
  /** Whether the run was stopping already. */
  readonly wasStopping: boolean;
  /** Answers written since. */
  answers: number;
};

function answersIn(ends: readonly AttemptEnd[]): number {
  return ends.filter((end) => end.class === 'answered').length;
}

/** The first `size` ends of a batch without starts, with their lines' records; and the rest. */
function split({ ends, settled }: Batch, size: number): { part: Batch; rest: Batch } {
  const first = ends.slice(0, size);
  const lines = new Set(first.map(({ lineNo }) => lineNo));
  // Records without an end of their own come last.
  const isFirst = ({ lineNo }: SettledLine): boolean => lines.has(lineNo) || first.length === 0;
  return {
    part: { starts: [], ends: first, settled: settled.filter(isFirst) },
    rest: {
      starts: [],
      ends: ends.slice(size),
      settled: settled.filter((line) => !isFirst(line)),
    },
  };
}

function recordsOf({ ends, settled }: Batch): number {
  return ends.length + settled.length;
}

function joined(one: Batch, other: Batch): Batch {
  return {
    starts: [],
    ends: [...one.ends, ...other.ends],
    settled: [...one.settled, ...other.settled],
  };
}

/**
 * The commits of a run: the only place that numbers settled lines. A batch blocked by a full disk or another program's lock
 * is put back, and the calls in flight come to their end; they are paid for, and their answers are written as soon as
 * possible. After a lock the run resumes; after a full disk it stops. What cannot be written in the end is lost to the
 * ledger, and reported.
 */
export class Commits {
  private readonly options: CommitsOptions;
  private seq: number;
  /** Null: the disk was never full. */
  private noRoom: NoRoom | null = null;
  private lock: Lock | null = null;

  constructor(options: CommitsOptions) {
    this.options = options;
    this.seq = options.lastSeq;
  }

  /** The `seq` of the line settled last. */
  get lastSeq(): number {
    return this.seq;
  }

  /** How the run ends if the disk was full for a batch; null: it never was. */
  get failure(): QbatchError | null {
    return this.noRoom === null ? null : allWritten(this.noRoom);
  }

  /** Whether the run was already stopping when the disk was first full. */
  get wasStopping(): boolean {
    return this.noRoom?.wasStopping === true;
  }

  /**
   * Commits a batch, with `cursor` if the files have been synced. Yields what is durable afterwards: the batch, nothing if
   * it was put back, or its parts. Throws what stops the run.
   */
  *commit(batch: TurnBatch, cursor: Cursor | null): Generator<Batch> {
    const beganMs = this.options.clock.monotonicMs();
    try {
      this.write(batch, cursor);
    } catch (error) {
      if (!isHeldUp(error)) throw error;
      this.tell(error, beganMs);
      if (batch.isLast) yield* this.writeLast(batch, error);
      else batch.putBack();
      return;
    }
    yield batch;
  }

  private tell(error: QbatchError, beganMs: number): void {
    const { stop, onNoRoom, onLocked } = this.options;
    if (isBusy(error)) {
      if (this.lock !== null) return;
      this.lock = { sinceMs: beganMs, giveUpMs: null, hurried: false };
      onLocked();
    } else if (this.noRoom === null) {
      this.noRoom = { error, wasStopping: stop.aborted, answers: 0 };
      onNoRoom(error);
    }
  }

  /** Whether the rest of the last batch is retried later. */
  private waits({ ends }: Batch): boolean {
    const { lock } = this;
    const { clock, abort, hurry, onWaiting } = this.options;
    if (lock === null || abort.aborted) return false;
    const nowMs = clock.monotonicMs();
    if (lock.giveUpMs === null || (hurry.aborted && !lock.hurried)) {
      lock.hurried = hurry.aborted;
      const patienceMs = lock.hurried ? HURRIED_PATIENCE_MS : LOCK_PATIENCE_MS;
      // The difference of fractional times may slightly exceed the patience: do not report that.
      const forMs = Math.min(patienceMs, (lock.giveUpMs ?? Infinity) - nowMs);
      lock.giveUpMs = nowMs + forMs;
      if (forMs > 0) onWaiting(ends.length, forMs);
    }
    return nowMs < lock.giveUpMs;
  }

  /** Gives up writing `left`. */
  private giveUp(left: Batch, error: QbatchError): never {
    const lost = answersIn(left.ends);
    throw lost > 0 ? someLost(error, lost) : (this.failure ?? error);
  }

  private write(batch: Batch, cursor: Cursor | null): void {
    const { ledger, jobId, clock, alongside, hurry } = this.options;
    if (hurry.aborted) waitForLocks(ledger, 'briefly');
    const seqBefore = this.seq;
    // Once the disk was full, the remaining space is for answers.
    const more = this.noRoom === null ? { alongside } : {};
    ledger.commit(jobId, batch, { wallMs: clock.wallMs(), seqBefore, cursor, ...more });
    this.seq += batch.settled.length;
    if (this.noRoom !== null) this.noRoom.answers += answersIn(batch.ends);
    this.unlocked();
  }

  /** A commit succeeded. */
  private unlocked(): void {
    if (this.lock === null) return;
    const { sinceMs } = this.lock;
    this.lock = null;
    this.options.onUnlocked(this.options.clock.monotonicMs() - sinceMs);
  }

  /** Nothing else will come: writes as much of the last batch as fits; waits for a lock. Throws what is lost. */
  private *writeLast(batch: TurnBatch, error: QbatchError): Generator<Batch> {
    const { left, why } = isBusy(error)
      ? { left: batch, why: error }
      : yield* this.writeParts(batch, error);
    if (!isBusy(why) && recordsOf(left) === 0) return;
    if (isBusy(why) && this.waits(left)) batch.putBack(left);
    else this.giveUp(left, why);
  }

  /** Writes as much of a batch as fits; returns the rest, and why it failed. */
  private *writeParts(
    batch: Batch,
    error: QbatchError,
  ): Generator<Batch, { left: Batch; why: QbatchError }> {
    let left = batch;
    for (const size of PARTS_ENDS) {
      // One answer may be too large for the space left, and all others not.
      let unfit: Batch = { starts: [], ends: [], settled: [] };
      while (recordsOf(left) > 0) {
        const { part, rest } = split(left, size);
        left = rest;
        const beganMs = this.options.clock.monotonicMs();
        const why = this.tryPart(part);
        if (why === null) yield part;
        else unfit = joined(unfit, part);
        // Each part would wait for the lock in turn, blocking everything else.
        if (why !== null && isBusy(why)) {
          this.tell(why, beganMs);
          return { left: joined(unfit, left), why };
        }
      }
      left = unfit;
    }
    return { left, why: error };
  }

  /** Writes a part of a batch. Returns why that failed (nothing was changed), or null. */
  private tryPart(part: Batch): QbatchError | null {
    try {
      this.write(part, null);
      return null;
    } catch (error) {
      if (isHeldUp(error)) return error;
      throw error;
    }
  }
}

/** The run was stopped, and everything in flight is in the ledger. */
function allWritten({ error, answers }: NoRoom): QbatchError {
  if (answers === 0) return error;
  const were = answers === 1 ? 'was' : 'were';
  return new QbatchError(
    error.exitCode,
    `${error.message}; ${countText(answers, 'answer')} in flight ${were} written once there was space`,
    error.hint,
    error,
  );
}

/** Some answers could not be written in the end. */
function someLost(error: QbatchError, answers: number): QbatchError {
  return new QbatchError(
    error.exitCode,
    `${error.message}; ${countText(answers, 'answer')} in flight could not be written`,
    `${error.hint ?? ''}; the calls whose answers could not be written may be billed, and will be sent again`,
    error,
  );
}
