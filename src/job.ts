import type { Clock } from './clock.ts';
import { execute, type TurnBatch } from './execute.ts';
import { setOutputs, setState } from './ledger/jobs.ts';
import type { Ledger } from './ledger/ledger.ts';
import { closeUnknownAttempts, lastSeq, priorAttempts, settledLines } from './ledger/lines.ts';
import type { Cursor, Job } from './ledger/records.ts';
import { ChunkStarts, openLines, type OpenLinesOptions } from './job/open-lines.ts';
import type { Sample } from './job/sample.ts';
import type { Report } from './reporters/reporter.ts';
import { settleLine, type SettleContext } from './settle.ts';
import type { Writer } from './write.ts';

export type DispatchOptions = {
  readonly ledger: Ledger;
  readonly job: Job;
  readonly clock: Clock;
  /** Null while finished files wait to be replaced as a whole. */
  readonly writer: Writer | null;
  /** Where the files stood when the run began. */
  readonly cursor: Cursor;
  readonly lines: Pick<OpenLinesOptions, 'defaults' | 'pricing' | 'outputSeen' | 'maxLineBytes'>;
  /** Everything a line needs, but for its journal. */
  readonly context: Omit<SettleContext, 'journal'>;
  /** The pilot that these lines begin with; null: none. */
  readonly sample: Sample | null;
  readonly windowLines: () => number;
  readonly report: Report;
  /** The files cannot be written: the run is to stop. */
  onOutputFailure(error: unknown): void;
  /** Writes more in each commit. */
  readonly alongside: () => void;
  /** Told after each commit how many lines it settled, for limits on failures. */
  onSettled(batch: TurnBatch): void;
};

/**
 * Pass 2, the only loop: open lines go through `settleLine`, and what each turn of the event loop
 * brings is committed, then written, then reported. When it ends by itself every line is settled or
 * deliberately left open; when it throws, everything before the throw is durable.
 */
export async function dispatch(options: DispatchOptions): Promise<void> {
  const { ledger, job, clock, cursor } = options;
  let { writer } = options;
  const outputFailures: Error[] = [];
  // Files that cannot be written stop the run, but what was answered until then is still committed.
  const giveUpFiles = (error: unknown): void => {
    writer = null;
    outputFailures.push(error instanceof Error ? error : new Error(String(error)));
    options.onOutputFailure(error);
  };
  const { database } = ledger;
  // In input order everything up to the cursor is settled; in settled order nothing is known.
  const settledTo = writer !== null && job.outputOrder === 'input' ? cursor.line : 0;
  const counted = options.context.onAmbiguous === 'fail';
  ledger.transact(() => closeUnknownAttempts(ledger, job.id, { afterLine: settledTo, counted }));
  const settled = settledLines(database, job.id, settledTo);
  const prior = priorAttempts(database, job.id, settledTo);
  const starts = new ChunkStarts();
  if (cursor.inputBytes > 0) starts.add(cursor.inputLine, cursor.inputBytes);
  const lines = openLines(
    { ...options.lines, database, job, settled, settledTo, prior, cursor },
    starts,
  );
  let seq = lastSeq(database, job.id, { line: settledTo, seq: settledTo > 0 ? cursor.seq : 0 });
  writer?.startAfter(seq);
  // One for all lines: the executor has one journal.
  let context: SettleContext | null = null;
  const { sample } = options;
  const batches = execute({
    lines: sample === null ? lines : sample.through(lines),
    settle(line, journal) {
      const settled = settleLine(line, (context ??= { ...options.context, journal }));
      if (sample === null) return settled;
      return settled.finally(() => {
        sample.lineEnded();
      });
    },
    windowLines: options.windowLines,
    stop: options.context.stop,
    clock,
  });
  for await (const batch of batches) {
    let reached: Cursor | null = null;
    try {
      reached = writer?.takeCursor() ?? null;
    } catch (error) {
      giveUpFiles(error);
    }
    const at = reached === null ? null : { ...reached, ...starts.before(reached.line) };
    const { alongside } = options;
    ledger.commit(job.id, batch, { wallMs: clock.wallMs(), seqBefore: seq, cursor: at, alongside });
    seq += batch.settled.length;
    try {
      await writer?.settled(batch.settled, { frontier: batch.frontier, lastSeq: seq });
    } catch (error) {
      giveUpFiles(error);
    }
    reportSettled(batch, options.report);
    options.onSettled(batch);
  }
  const [outputFailure] = outputFailures;
  if (outputFailure !== undefined) throw outputFailure;
  if (writer === null) return;
  const end = await writer.finish();
  ledger.transact(() => {
    ledger.moveCursor(job.id, { ...end, ...starts.before(end.line) });
  });
}

function reportSettled({ settled }: TurnBatch, report: Report): void {
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

/** Marks the job finished once every line has its record; with the cursor of complete files. */
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
