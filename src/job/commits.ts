import type { Clock } from '../clock.ts';
import { QbatchError } from '../errors.ts';
import type { TurnBatch } from '../execute/turn-batch.ts';
import { isBusy, isHeldUp, waitForLocks } from '../ledger/busy.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { AttemptEnd, Batch, Cursor, SettledLine } from '../ledger/records.ts';
import { countText } from '../reporters/number-text.ts';

/** So many ends are written together where not all of them find room. */
const PARTS_ENDS: readonly number[] = [Infinity, 64, 8, 1];
/** A lock is waited for so long once nothing is in flight: what is held is paid, and waiting costs nothing. */
export const LOCK_PATIENCE_MS = 120_000;
/** The same once a signal came: Docker kills 10 s later, and a try that went on just then, and what comes after it, take theirs. */
const HURRIED_PATIENCE_MS = 3_000;

export type CommitsOptions = {
  readonly ledger: Ledger;
  readonly jobId: number;
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  /** The last `seq` that was given out. */
  readonly lastSeq: number;
  /** Writes more in each commit. */
  readonly alongside: () => void;
  /** No call begins any more. */
  readonly stop: AbortSignal;
  /** The calls in flight are dropped: nobody wants to wait. */
  readonly abort: AbortSignal;
  /** A signal came. */
  readonly hurry: AbortSignal;
  /** Told once that there is no room: what can be made is made, and no call is to begin any more. */
  onNoRoom(error: QbatchError): void;
  /** Told that another program holds a lock: no call is to begin until `onUnlocked`. */
  onLocked(): void;
  /**
   * Told once a lock that it is waited for, for so long, with what so many calls brought; none is in flight. Told again
   * where a signal makes it shorter.
   */
  onWaiting(calls: number, forMs: number): void;
  /** Told that a lock is gone, which was there for so long. */
  onUnlocked(forMs: number): void;
};

/** A lock of another program, from the first commit that it kept out to the first that went through. */
type Lock = {
  readonly sinceMs: number;
  /** When it is waited for no longer; null: something is in flight. */
  giveUpMs: number | null;
  hurried: boolean;
};

/** That there was no room for a batch, from the first one on. */
type NoRoom = {
  /** Why no call begins any more. */
  readonly error: QbatchError;
  /** The run was stopping already. */
  readonly wasStopping: boolean;
  /** Answers that were written since. */
  answers: number;
};

function answersIn(ends: readonly AttemptEnd[]): number {
  return ends.filter((end) => end.class === 'answered').length;
}

/** The first so many ends of a batch without starts, with the records of their lines; and the rest. */
function split({ ends, settled }: Batch, size: number): { part: Batch; rest: Batch } {
  const first = ends.slice(0, size);
  const lines = new Set(first.map(({ lineNo }) => lineNo));
  // What has no end of its own comes last.
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
 * The commits of a run: the only place that numbers settled lines. A batch for which there is no room, or that
 * another program's lock keeps out, is put back, and the calls in flight come to their end; they are paid, and their
 * answers are written as soon as they can be. After a lock the run goes on then; where there was no room it stops. What
 * cannot be written in the end is lost to the ledger, and told.
 */
export class Commits {
  private readonly options: CommitsOptions;
  private seq: number;
  /** Null: there was room for all that came. */
  private noRoom: NoRoom | null = null;
  private lock: Lock | null = null;

  constructor(options: CommitsOptions) {
    this.options = options;
    this.seq = options.lastSeq;
  }

  /** The `seq` of the line that was settled last. */
  get lastSeq(): number {
    return this.seq;
  }

  /** How the run ends where there was no room for a batch; null: there was for each. */
  get failure(): QbatchError | null {
    return this.noRoom === null ? null : allWritten(this.noRoom);
  }

  /** Whether the run was stopping already when there was no room first. */
  get wasStopping(): boolean {
    return this.noRoom?.wasStopping === true;
  }

  /**
   * Commits a batch, with `cursor` where the files have been synced. Yields what is durable then: the batch, nothing
   * where it was put back, or its parts. Throws what stops the run.
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

  /** Whether what is left of the last batch is tried again later. */
  private waits({ ends }: Batch): boolean {
    const { lock } = this;
    const { clock, abort, hurry, onWaiting } = this.options;
    if (lock === null || abort.aborted) return false;
    const nowMs = clock.monotonicMs();
    if (lock.giveUpMs === null || (hurry.aborted && !lock.hurried)) {
      lock.hurried = hurry.aborted;
      const patienceMs = lock.hurried ? HURRIED_PATIENCE_MS : LOCK_PATIENCE_MS;
      // The difference to a sum of fractions may be a little more than what was added: it is not what is told.
      const forMs = Math.min(patienceMs, (lock.giveUpMs ?? Infinity) - nowMs);
      lock.giveUpMs = nowMs + forMs;
      if (forMs > 0) onWaiting(ends.length, forMs);
    }
    return nowMs < lock.giveUpMs;
  }

  /** Nothing of `left` is written any more. */
  private giveUp(left: Batch, error: QbatchError): never {
    const lost = answersIn(left.ends);
    throw lost > 0 ? someLost(error, lost) : (this.failure ?? error);
  }

  private write(batch: Batch, cursor: Cursor | null): void {
    const { ledger, jobId, clock, alongside, hurry } = this.options;
    if (hurry.aborted) waitForLocks(ledger, 'briefly');
    const seqBefore = this.seq;
    // What room there is, once there was none, is for answers.
    const more = this.noRoom === null ? { alongside } : {};
    ledger.commit(jobId, batch, { wallMs: clock.wallMs(), seqBefore, cursor, ...more });
    this.seq += batch.settled.length;
    if (this.noRoom !== null) this.noRoom.answers += answersIn(batch.ends);
    this.unlocked();
  }

  /** A commit went through. */
  private unlocked(): void {
    if (this.lock === null) return;
    const { sinceMs } = this.lock;
    this.lock = null;
    this.options.onUnlocked(this.options.clock.monotonicMs() - sinceMs);
  }

  /** Nothing else will come: as much of the last batch as there is room for; a lock is waited for. Throws what is lost. */
  private *writeLast(batch: TurnBatch, error: QbatchError): Generator<Batch> {
    const { left, why } = isBusy(error)
      ? { left: batch, why: error }
      : yield* this.writeParts(batch, error);
    if (!isBusy(why) && recordsOf(left) === 0) return;
    if (isBusy(why) && this.waits(left)) batch.putBack(left);
    else this.giveUp(left, why);
  }

  /** Writes as much of a batch as there is room for; returns what is left, and why. */
  private *writeParts(
    batch: Batch,
    error: QbatchError,
  ): Generator<Batch, { left: Batch; why: QbatchError }> {
    let left = batch;
    for (const size of PARTS_ENDS) {
      // One answer may be larger than what room there is, and all others not.
      let unfit: Batch = { starts: [], ends: [], settled: [] };
      while (recordsOf(left) > 0) {
        const { part, rest } = split(left, size);
        left = rest;
        const beganMs = this.options.clock.monotonicMs();
        const why = this.tryPart(part);
        if (why === null) yield part;
        else unfit = joined(unfit, part);
        // Each part would wait for the lock in turn, and nothing else is done meanwhile.
        if (why !== null && isBusy(why)) {
          this.tell(why, beganMs);
          return { left: joined(unfit, left), why };
        }
      }
      left = unfit;
    }
    return { left, why: error };
  }

  /** Writes a part of a batch; returns why it could not be written, which changed nothing, or null. */
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

/** The run was stopped, and what was in flight is in the ledger. */
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

/** Answers came, and could not be written to the end. */
function someLost(error: QbatchError, answers: number): QbatchError {
  return new QbatchError(
    error.exitCode,
    `${error.message}; ${countText(answers, 'answer')} in flight could not be written`,
    `${error.hint ?? ''}; the calls whose answers could not be written may be billed, and will be sent again`,
    error,
  );
}
