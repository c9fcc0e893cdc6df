import { EXIT, OutputError, QbatchError } from '../errors.ts';
import type { TurnBatch } from '../execute.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isNoRoom } from '../ledger/no-room.ts';
import type { AttemptEnd, Batch, Cursor, SettledLine } from '../ledger/records.ts';
import { countText } from '../reporters/number-text.ts';

/** So many ends are written together where not all of them find room. */
const PARTS_ENDS: readonly number[] = [Infinity, 64, 8, 1];

export type CommitsOptions = {
  readonly ledger: Ledger;
  readonly jobId: number;
  readonly clock: { wallMs(): number };
  /** The last `seq` that was given out. */
  readonly lastSeq: number;
  /** Writes more in each commit. */
  readonly alongside: () => void;
  /** Told once that there is no room: no call is to begin any more, and what room can be made is made. */
  onNoRoom(error: QbatchError): void;
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
 * The commits of a run: the only place that numbers settled lines. A batch for which there is no room is put back,
 * and the calls in flight come to their end; they are paid, and their answers are written as soon as there is
 * room. What finds none in the end is lost to the ledger, and told.
 */
export class Commits {
  private readonly options: CommitsOptions;
  private seq: number;
  /** Why no call begins any more; null: there has been room. */
  private noRoom: QbatchError | null = null;
  private answersSince = 0;

  constructor(options: CommitsOptions) {
    this.options = options;
    this.seq = options.lastSeq;
  }

  /** The `seq` of the line that was settled last. */
  get lastSeq(): number {
    return this.seq;
  }

  /** How the run ends where there was no room for a while; null: there has been. */
  get failure(): QbatchError | null {
    return this.noRoom === null ? null : allWritten(this.noRoom, this.answersSince);
  }

  /**
   * Commits a batch, with `cursor` where the files have been synced. Yields what is durable then: the batch, nothing
   * where it was put back, or its parts. Throws what stops the run.
   */
  *commit(batch: TurnBatch, cursor: Cursor | null): Generator<Batch> {
    try {
      this.write(batch, cursor);
    } catch (error) {
      if (!(error instanceof QbatchError) || !isNoRoom(error)) throw error;
      if (this.noRoom === null) {
        this.noRoom = error;
        this.options.onNoRoom(error);
      }
      if (batch.isLast) yield* this.writeParts(batch, error);
      else batch.putBack();
      return;
    }
    yield batch;
  }

  private write(batch: Batch, cursor: Cursor | null): void {
    const { ledger, jobId, clock, alongside } = this.options;
    const seqBefore = this.seq;
    // What room there is, once there was none, is for answers.
    const more = this.noRoom === null ? { alongside } : {};
    ledger.commit(jobId, batch, { wallMs: clock.wallMs(), seqBefore, cursor, ...more });
    this.seq += batch.settled.length;
    if (this.noRoom !== null) this.answersSince += answersIn(batch.ends);
  }

  /** The last chance: as much of a batch as there is room for. Throws where that is not all. */
  private *writeParts(batch: Batch, error: QbatchError): Generator<Batch> {
    let left = batch;
    for (const size of PARTS_ENDS) {
      // One answer may be larger than what room there is, and all others not.
      let unfit: Batch = { starts: [], ends: [], settled: [] };
      while (recordsOf(left) > 0) {
        const { part, rest } = split(left, size);
        left = rest;
        if (this.fits(part)) yield part;
        else unfit = joined(unfit, part);
      }
      left = unfit;
    }
    if (recordsOf(left) === 0) return;
    const lost = answersIn(left.ends);
    throw lost > 0 ? someLost(error, lost) : (this.failure ?? error);
  }

  private fits(part: Batch): boolean {
    try {
      this.write(part, null);
      return true;
    } catch (error) {
      if (isNoRoom(error)) return false;
      throw error;
    }
  }
}

/** The run was stopped, and what was in flight is in the ledger. */
function allWritten(error: QbatchError, answers: number): QbatchError {
  if (answers === 0) return error;
  const were = answers === 1 ? 'was' : 'were';
  return new OutputError(
    EXIT.io,
    `${error.message}; ${countText(answers, 'answer')} in flight ${were} written when there was room`,
    error.hint,
    error,
  );
}

/** Answers came, and there was no room for them to the end. */
function someLost(error: QbatchError, answers: number): QbatchError {
  return new OutputError(
    EXIT.io,
    `${error.message}; ${countText(answers, 'answer')} in flight could not be written`,
    `${error.hint ?? ''}; the calls whose answers could not be written may be billed, and are made again`,
    error,
  );
}
