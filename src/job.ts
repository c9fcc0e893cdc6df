import type { Clock } from './clock.ts';
import type { QbatchError } from './errors.ts';
import { execute } from './execute.ts';
import type { LineInput } from './execute/line-source.ts';
import type { LineRoom } from './execute/may-open.ts';
import { Commits } from './job/commits.ts';
import { unlessHeldUp, waitForLocks } from './ledger/busy.ts';
import { findJob, lineCounts, setOutputs, setState } from './ledger/jobs.ts';
import type { Ledger } from './ledger/ledger.ts';
import {
  closeUnknownAttempts,
  lastSeq,
  priorAttempts,
  settledAfter,
  settledLines,
} from './ledger/lines.ts';
import type { Batch, Cursor, Job } from './ledger/records.ts';
import { ChunkStarts, openLines, type OpenLinesOptions } from './job/open-lines.ts';
import type { Sample } from './job/sample.ts';
import type { WhenUnlocked } from './job/when-unlocked.ts';
import type { PlannedLine } from './plan.ts';
import { countText } from './reporters/number-text.ts';
import type { Report } from './reporters/reporter.ts';
import { settleLine } from './settle.ts';
import type { SettleContext } from './settle/settle-context.ts';
import type { Writer } from './write.ts';

export type DispatchOptions = {
  readonly ledger: Ledger;
  readonly job: Job;
  readonly clock: Clock;
  readonly whenUnlocked: WhenUnlocked;
  /** A signal came: a lock is waited for only a few seconds. */
  readonly hurry: AbortSignal;
  /** Null while finished files wait to be replaced as a whole. */
  readonly writer: Writer | null;
  /** The position of the files when the run began. */
  readonly cursor: Cursor;
  readonly lines: Pick<OpenLinesOptions, 'defaults' | 'pricing' | 'outputSeen' | 'maxLineBytes'>;
  /** Everything a line needs except its journal. */
  readonly context: Omit<SettleContext, 'journal'>;
  /** The pilot that these lines begin with; null: none. */
  readonly sample: Sample | null;
  readonly room: LineRoom;
  readonly report: Report;
  /** The files cannot be written: the run must stop. */
  onFailure(error: unknown): void;
  /**
   * There is no disk space for the ledger: the ballast must be released and the run stopped. What is in flight is written
   * when possible.
   */
  onNoRoom(error: QbatchError): void;
  /**
   * Another program holds a lock on the ledger (true): no call may begin until it is gone and everything held is durable
   * (false).
   */
  onLock(isLocked: boolean): void;
  /** Adds writes to each commit. */
  readonly alongside: () => void;
  /** Called after each commit with what it settled, for limits on failures. */
  onSettled(batch: Batch): void;
};

/**
 * Pass 2, the only loop: open lines go through `settleLine`; the records of each turn of the event loop are committed, then
 * written, then reported. When it returns, every line is settled or deliberately left open; when it throws, everything
 * before the throw is durable.
 */
export async function dispatch(options: DispatchOptions): Promise<void> {
  const { ledger, clock } = options;
  let { writer } = options;
  const outputFailures: Error[] = [];
  // Files that cannot be written stop the run, but answers so far are still committed.
  const giveUpFiles = (error: unknown): void => {
    writer = null;
    outputFailures.push(error instanceof Error ? error : new Error(String(error)));
    options.onFailure(error);
  };
  const { starts, lines, seqBefore } = await options.whenUnlocked(() => openJob(options));
  const commits = openCommits(options, seqBefore, () => {
    // The remaining space is for the ledger: the files may be on the same disk, and can be written later.
    writer = null;
  });
  writer?.startAfter(commits.lastSeq);
  // Shared by all lines: the executor has one journal.
  let context: SettleContext | null = null;
  const { sample } = options;
  const batches = execute({
    lines: sample === null ? lines : { ...lines, chunks: sample.through(lines.chunks) },
    settle(line, journal) {
      const settled = settleLine(line, (context ??= { ...options.context, journal }));
      if (sample === null) return settled;
      return settled.finally(() => {
        sample.lineEnded();
      });
    },
    room: options.room,
    stop: options.context.stop,
    abort: options.context.abort,
    hurry: options.hurry,
    clock,
    // Not as soon as the lock is gone: lines already started come before untried ones.
    onGoingOn() {
      options.onLock(false);
    },
  });
  // Short SQLite lock waits: a batch blocked by a lock is put back instead, so that the event loop is hardly blocked.
  waitForLocks(ledger, 'shortly');
  for await (const batch of batches) {
    let reached: Cursor | null = null;
    try {
      reached = writer?.takeCursor() ?? null;
    } catch (error) {
      giveUpFiles(error);
    }
    const at = reached === null ? null : { ...reached, ...starts.before(reached.line) };
    for (const written of commits.commit(batch, at)) {
      try {
        await writer?.settled(written.settled, {
          frontier: batch.frontier,
          lastSeq: commits.lastSeq,
        });
      } catch (error) {
        giveUpFiles(error);
      }
      reportSettled(written, options.report);
      options.onSettled(written);
    }
  }
  const failure = failureOf(commits, options) ?? outputFailures[0];
  if (failure !== undefined) throw failure;
  if (writer === null) return;
  const end = await writer.finish();
  keepCursor(options, { ...end, ...starts.before(end.line) });
  if (options.job.outputOrder === 'input') tellWaiting(options, end.line);
}

/** With a window of open lines, this many are always settled out of order: not worth a notice. */
const WAITING_LINES_TOLD = 1000;

/** Tells how many settled lines are not in the files because lines before them are open, for users who look for them there. */
function tellWaiting({ ledger, job, report }: DispatchOptions, lastWritten: number): void {
  const lines = settledAfter(ledger.database, job.id, lastWritten);
  if (lines < WAITING_LINES_TOLD) return;
  const message = `${countText(lines, 'settled line')} are not in the output files yet, because lines before them are open: they are in the ledger, and qbatch export writes them`;
  report({ event: 'notice', severity: 'note', message });
}

/** Keeps the final cursor. If that fails, the next run cuts the files back to the old cursor and writes them again. */
function keepCursor({ ledger, job }: DispatchOptions, cursor: Cursor): void {
  unlessHeldUp(ledger, () => {
    ledger.transact(() => {
      ledger.moveCursor(job.id, cursor);
    });
  });
}

/**
 * The error of a run that ran out of disk space although all batches were written in the end; null: as if it had not. If
 * every line is settled nothing is left to do, and a run that was already stopping stops for that reason.
 */
function failureOf(
  { failure, wasStopping }: Commits,
  { ledger, job, report }: DispatchOptions,
): QbatchError | null {
  if (failure === null) return null;
  if (!wasStopping && lineCounts(findJob(ledger.database, job.name) ?? job).open > 0)
    return failure;
  report({ event: 'notice', severity: 'warning', message: failure.message });
  return null;
}

/** The open lines of a job, the input offsets of their chunks, and the last `seq` in use. */
function openJob(options: DispatchOptions): {
  readonly starts: ChunkStarts;
  readonly lines: LineInput<PlannedLine> & { readonly chunks: ReturnType<typeof openLines> };
  readonly seqBefore: number;
} {
  const { ledger, job, cursor, writer } = options;
  const { database } = ledger;
  // In input order everything up to the cursor is settled; in settled order nothing is known.
  const settledTo = writer !== null && job.outputOrder === 'input' ? cursor.line : 0;
  const counted = options.context.onAmbiguous === 'fail';
  ledger.transact(() => closeUnknownAttempts(ledger, job.id, { afterLine: settledTo, counted }));
  const settled = settledLines(database, job.id, settledTo);
  const prior = priorAttempts(database, job.id, settledTo);
  const starts = new ChunkStarts();
  if (cursor.inputBytes > 0) starts.add(cursor.inputLine, cursor.inputBytes);
  const open = { ...options.lines, database, job, settled, settledTo, prior, cursor };
  const lines = {
    chunks: openLines(open, starts),
    again: (model: string, fromLine: () => number) => openLines(open, starts, { model, fromLine }),
  };
  const last = { line: settledTo, seq: settledTo > 0 ? cursor.seq : 0 };
  return { starts, lines, seqBefore: lastSeq(database, job.id, last) };
}

function openCommits(options: DispatchOptions, seqBefore: number, onNoRoom: () => void): Commits {
  const { ledger, job, clock, context, report } = options;
  const warn = (message: string): void => {
    report({ event: 'notice', severity: 'warning', message });
  };
  return new Commits({
    ledger,
    jobId: job.id,
    clock,
    lastSeq: seqBefore,
    alongside: options.alongside,
    stop: context.stop,
    abort: context.abort,
    hurry: options.hurry,
    onNoRoom(error) {
      onNoRoom();
      options.onNoRoom(error);
    },
    onLocked() {
      options.onLock(true);
      if (!context.stop.aborted) warn(LOCKED_TEXT);
      // The notice about the stop mentions Ctrl-C only for the calls in flight.
      else if (context.transport.inFlight > 0) warn(LOCKED_STOPPING_TEXT);
    },
    onWaiting(calls, forMs) {
      warn(waitingText(calls, forMs));
    },
    onUnlocked(forMs) {
      warn(unlockedText(forMs, context.stop.aborted));
    },
  });
}

const LOCKED_TEXT =
  'the ledger is locked by another program: no new call starts until it is unlocked; calls in flight end, and their replies are stored after that';

const LOCKED_STOPPING_TEXT =
  'the ledger is locked by another program: replies already received cannot be stored yet, and Ctrl-C drops them with the calls in flight';

function unlockedText(forMs: number, isStopping: boolean): string {
  const end = isStopping ? '' : ', and the run continues';
  return `the ledger was locked by another program for ${Math.ceil(forMs / 1000)} s; the replies received meanwhile are now stored${end}`;
}

function waitingText(calls: number, forMs: number): string {
  const wait = calls === 1 ? 'waits' : 'wait';
  const who = calls === 0 ? 'the run waits' : `the replies to ${countText(calls, 'call')} ${wait}`;
  return `${who} for the ledger to be unlocked: retrying for up to ${Math.ceil(forMs / 1000)} s; Ctrl-C ends the wait`;
}

function reportSettled({ settled }: Batch, report: Report): void {
  for (const line of settled) {
    report({
      event: 'line-settled',
      line: line.lineNo,
      customId: line.customId,
      status: line.state,
      code: line.code,
      attempts: line.attempts,
      model: line.model,
    });
  }
}

/** Marks the job finished once every line has its record, with the cursor of the complete files. */
export function finishJob(
  ledger: Ledger,
  job: Job,
  at: { cursor: Cursor | null; wallMs: number },
): void {
  ledger.transact(() => {
    if (at.cursor !== null) setOutputs(ledger, job.id, { mode: 'append', cursor: at.cursor });
    setState(ledger, job.id, 'finished', at.wallMs);
  });
}
