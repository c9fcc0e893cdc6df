import type { Clock } from './clock.ts';
import type { Database } from './ledger/database.ts';
import {
  type OutputLine,
  outputLineReader,
  outputLinesByNumber,
  outputLinesBySeq,
} from './ledger/lines.ts';
import type { Cursor, Job, SettledLine } from './ledger/records.ts';
import type { OutputSink } from './output/output-file.ts';
import { OutputBuffer } from './output/output-buffer.ts';
import { type LineWritten, outputParts } from './output/output-line.ts';

/** Minimum interval between syncs of the files, which move the cursor, during a run. */
const SYNC_EVERY_MS = 1000;
/** Settled lines waiting for their turn are kept up to this size; beyond, they are read back. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;
/** And only if they are at most this many lines ahead, as calls in flight may be: others settled long before their turn. */
const WAITING_LINES_AHEAD = 20_000;
/** Lines are read back in batches of this size; a line counts this much in addition to its body. */
const STRETCH_BYTES = 4 * 1024 * 1024;
const ROW_BYTES = 256;
/** Batches at a time while calls wait for their commits: a long backlog is written gradually. */
const STRETCHES_MOST = 4;
/** Lines are passed to the file in pieces of about this size. */
const APPEND_BYTES = 256 * 1024;

export type WriterOptions = {
  readonly clock: Clock;
  readonly database: Database;
  readonly job: Job;
  readonly results: OutputSink;
  readonly errors: OutputSink;
  readonly order: 'input' | 'settled';
  /** What the files hold already. */
  readonly cursor: Cursor;
};

function sizeOf({ body }: LineWritten): number {
  return ROW_BYTES + (body?.length ?? 0);
}

/**
 * The only writer of the output files. They are projections of the ledger: a line is appended after its commit, in input
 * order once every line before it has settled (or at once with `--order settled`), and can be truncated and appended again
 * at any time.
 *
 * The cursor says what is known to be on the disk; it is returned (`takeCursor`) only after a sync of both files, and
 * becomes durable with the commit that carries it.
 */
export class Writer {
  private readonly options: WriterOptions;
  private readonly lineOf: (lineNo: number) => OutputLine | null;
  /** Input order: lines up to this number are in the files. */
  private line: number;
  /** Settled order: lines up to this `seq` are in the files. */
  private seq: number;
  /** Input order: lines before this one may be appended. */
  private frontier = 1;
  private readonly waiting: Map<number, LineWritten> = new Map();
  private waitingBytes = 0;
  private lastSyncMs: number;
  private dirty = false;
  private syncing: Promise<void> | null = null;
  private synced: Cursor | null = null;
  private syncError: { readonly error: unknown } | null = null;
  private readonly toResults: OutputBuffer = new OutputBuffer();
  private readonly toErrors: OutputBuffer = new OutputBuffer();

  constructor(options: WriterOptions) {
    this.options = options;
    this.lineOf = outputLineReader(options.database, options.job.id);
    this.line = options.cursor.line;
    this.seq = options.cursor.seq;
    this.lastSyncMs = options.clock.monotonicMs();
  }

  /** Appends what the ledger holds beyond the cursor: after a crash, or for rewritten files. */
  async catchUp(frontier: number): Promise<void> {
    const { database, job, order } = this.options;
    if (order === 'input') {
      this.frontier = frontier;
      await this.advance();
      return;
    }
    for (const line of outputLinesBySeq(database, job.id, this.seq)) {
      this.put(line);
      this.seq = line.seq;
      await this.flushLarge();
    }
    await this.flush();
  }

  /** Input order: the cursor holds the highest `seq` in use, so that a later run need not search for it. */
  startAfter(lastSeq: number): void {
    if (this.options.order === 'input') this.seq = Math.max(this.seq, lastSeq);
  }

  /** Appends lines just committed, and those that waited for them, some at a time. `lastSeq`: that of the last of them. */
  async settled(
    lines: readonly SettledLine[],
    at: { frontier: number; lastSeq: number },
  ): Promise<void> {
    if (this.options.order === 'settled') {
      for (const line of lines) this.put(line);
      this.seq = at.lastSeq;
      await this.flush();
      return;
    }
    this.startAfter(at.lastSeq);
    for (const line of lines) this.wait(line);
    this.frontier = at.frontier;
    await this.advance(STRETCHES_MOST);
  }

  /** The cursor to commit, if a sync has completed since the last call; else null. */
  takeCursor(): Cursor | null {
    if (this.syncError !== null) throw this.syncError.error;
    const cursor = this.synced;
    this.synced = null;
    if (
      this.dirty &&
      this.syncing === null &&
      this.options.clock.monotonicMs() - this.lastSyncMs >= SYNC_EVERY_MS
    ) {
      this.syncing = this.sync().catch((error: unknown) => {
        this.syncError = { error };
      });
    }
    return cursor;
  }

  /** Appends the rest, syncs both files and returns the resulting cursor. */
  async finish(): Promise<Cursor> {
    if (this.options.order === 'input') await this.advance();
    await this.flush();
    if (this.syncing !== null) await this.syncing;
    if (this.syncError !== null) throw this.syncError.error;
    await this.sync();
    const cursor = this.synced;
    this.synced = null;
    return cursor ?? this.here();
  }

  private here(): Cursor {
    const { results, errors } = this.options;
    return {
      line: this.line,
      seq: this.seq,
      inputLine: 1,
      inputBytes: 0,
      resultsBytes: results.bytes,
      errorsBytes: errors.bytes,
    };
  }

  private async sync(): Promise<void> {
    const cursor = this.here();
    this.dirty = false;
    this.lastSyncMs = this.options.clock.monotonicMs();
    await Promise.all([this.options.results.sync(), this.options.errors.sync()]);
    this.synced = cursor;
    this.syncing = null;
  }

  private wait(line: SettledLine): void {
    const isFar = line.lineNo - this.line > WAITING_LINES_AHEAD;
    if (isFar || this.waitingBytes > WAITING_BYTES_MAX) return;
    this.waiting.set(line.lineNo, line);
    this.waitingBytes += sizeOf(line);
  }

  /**
   * Appends the settled lines before the frontier; each is either waiting here or read from the ledger, in at most
   * `stretchesMost` batches.
   */
  private async advance(stretchesMost = Infinity): Promise<void> {
    const { frontier } = this;
    let stretches = 0;
    while (this.line < frontier - 1 && stretches < stretchesMost) {
      if (this.putHeld(this.line + 1)) this.line += 1;
      else if (this.waiting.size > 0 && frontier - this.line < 64) {
        const line = this.lineOf(this.line + 1);
        if (line !== null) this.put(line);
        this.line += 1;
      } else {
        await this.readBack(frontier - 1);
        stretches += 1;
      }
      await this.flushLarge();
    }
    await this.flush();
  }

  /** Appends a batch of lines from the ledger, and those of them waiting here. */
  private async readBack(toLine: number): Promise<void> {
    const { database, job } = this.options;
    // Read from the ledger before anything is awaited: a commit must not meet an open query.
    const stretch: OutputLine[] = [];
    let bytes = 0;
    let last = toLine;
    for (const line of outputLinesByNumber(database, job.id, { afterLine: this.line, toLine })) {
      stretch.push(line);
      bytes += sizeOf(line);
      if (bytes > STRETCH_BYTES) {
        last = line.lineNo;
        break;
      }
    }
    for (const line of stretch) {
      if (!this.putHeld(line.lineNo)) this.put(line);
      await this.flushLarge();
    }
    this.line = last;
  }

  /** Appends a line waiting here; false if it is not. */
  private putHeld(lineNo: number): boolean {
    const held = this.waiting.get(lineNo);
    if (held === undefined) return false;
    this.waiting.delete(lineNo);
    this.waitingBytes -= sizeOf(held);
    this.put(held);
    return true;
  }

  private put(line: LineWritten): void {
    const to = line.state === 'answered' ? this.toResults : this.toErrors;
    to.put(outputParts(this.options.job.name, line));
  }

  private async flushLarge(): Promise<void> {
    if (this.toResults.length + this.toErrors.length > APPEND_BYTES) await this.flush();
  }

  private async flush(): Promise<void> {
    const { toResults, toErrors } = this;
    if (toResults.length + toErrors.length === 0) return;
    this.dirty = true;
    if (toResults.length > 0) await this.options.results.append(toResults.take());
    if (toErrors.length > 0) await this.options.errors.append(toErrors.take());
  }
}
