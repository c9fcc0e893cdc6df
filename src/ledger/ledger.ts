import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import type { Statement } from 'better-sqlite3';
import { type Database, sqliteCode } from './database.ts';
import { acquireLock } from './lock.ts';
import { openForWriting, removeLedger } from './open.ts';
import { type Mark } from './mark.ts';
import { isBug, storageError } from './storage-error.ts';
import { refuseLinks } from './refuse-links.ts';
import type { AttemptEnd, AttemptStart, Batch, Cursor, SettledLine } from './records.ts';
import { bodyKey } from './schema.ts';

type Statements = {
  readonly begin: Statement;
  readonly commit: Statement;
  readonly rollback: Statement;
  readonly raiseCounter: Statement;
  readonly startAttempt: Statement;
  readonly endAttempt: Statement;
  readonly settleLine: Statement;
  readonly putBody: Statement;
  readonly addSums: Statement;
  readonly moveCursor: Statement;
};

function prepare(database: Database): Statements {
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    raiseCounter: database.prepare('UPDATE ledger SET commit_counter = ?'),
    startAttempt: database.prepare(
      `INSERT INTO attempts (job_id, line_no, attempt, custom_id, model, started_at, estimated_tokens, estimated_pico)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    endAttempt: database.prepare(
      `UPDATE attempts SET ended_at = ?, class = ?, counted = ?, status_code = ?, code = ?, request_id = ?,
         input_tokens = ?, output_tokens = ?, total_tokens = ?, cached_tokens = ?, reasoning_tokens = ?, cost_pico = ?
       WHERE job_id = ? AND line_no = ? AND attempt = ?`,
    ),
    settleLine: database.prepare(
      `INSERT INTO lines (job_id, line_no, state, seq, custom_id, model, attempts, status_code, code, message,
         param, request_id, metadata, settled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    putBody: database.prepare('INSERT INTO bodies (id, body, checksum) VALUES (?, ?, ?)'),
    addSums: database.prepare(
      `UPDATE jobs SET answered = answered + ?, failed = failed + ?, rejected = rejected + ?,
         cost_pico = cost_pico + CAST(? AS INTEGER), updated_at = ? WHERE id = ?`,
    ),
    moveCursor: database.prepare(
      `UPDATE jobs SET cursor_line = ?, cursor_seq = ?, cursor_input_line = ?, cursor_input_bytes = ?, results_bytes = ?, errors_bytes = ?
       WHERE id = ?`,
    ),
  };
}

type Opened = ReturnType<typeof openForWriting>;

/**
 * The ledger: one SQLite file, held by one process, the source of truth about every line and call.
 *
 * `commit` is the only way to settle a line. Everything in it is durable when it returns (WAL with `synchronous=FULL`); if
 * it throws, nothing has changed.
 */
export class Ledger {
  readonly path: string;
  readonly database: Database;
  /** True if this process created the file. */
  readonly created: boolean;
  /** Throws if the file is no longer in its place, or if the last write of its mark failed. */
  readonly refuseUnfit: () => void;
  private readonly statements: Statements;
  private readonly mark: Mark;
  /** Commits of a lost ledger that this one replaces; null: none. */
  private readonly lostCommits: number | null;
  private readonly lock: { release(): void };
  private counter: number;
  /** The mark's count of commits that this ledger lost; null: none. The mark stays ahead until outputs are adopted. */
  private aheadCommits: number | null;
  private inTransaction = false;

  private constructor(path: string, lock: { release(): void }, opened: Opened) {
    this.path = path;
    this.lock = lock;
    this.database = opened.database;
    this.created = opened.created;
    this.refuseUnfit = opened.refuseUnfit;
    this.mark = opened.mark;
    this.lostCommits = opened.lostCommits;
    this.counter = opened.commitCounter;
    this.aheadCommits = opened.aheadCommits;
    if (this.aheadCommits === null) this.mark.write(this.counter);
    this.mark.refuseUnwritten();
    this.statements = prepare(this.database);
  }

  /** Locks and opens (or creates) the ledger. Throws 75 if it is held by another process, 73, 74 or 78 if it cannot be used. */
  static open(
    path: string,
    options: { adopt: boolean; fresh?: boolean; wallMs: number; jobName?: string },
  ): Ledger {
    let lock: { release(): void };
    try {
      refuseLinks(path);
      lock = acquireLock(path, options.wallMs, options.jobName);
    } catch (error) {
      throw storageError(error, path);
    }
    let opened: Opened | null = null;
    try {
      opened = openForWriting(path, options);
      return new Ledger(path, lock, opened);
    } catch (error) {
      opened?.database.close();
      opened?.mark.close();
      lock.release();
      throw isBug(error) ? error : storageError(error, path);
    }
  }

  private beginTransaction(): void {
    assert(!this.inTransaction, 'ledger: a transaction is open already');
    this.statements.begin.run();
    this.inTransaction = true;
  }

  /** Commits durably, increments the commit counter and updates the mark. */
  private endTransaction(): void {
    const counter = this.aheadCommits === null ? this.counter + 1 : this.counter;
    this.statements.raiseCounter.run(counter);
    this.statements.commit.run();
    this.inTransaction = false;
    this.counter = counter;
    if (this.aheadCommits === null) this.mark.write(counter);
  }

  /** Whether it lost commits that its mark knows of, and no outputs were adopted yet. */
  get isBehind(): boolean {
    return this.aheadCommits !== null;
  }

  /** Outputs were adopted: the ledger overtakes its mark with the current transaction. */
  adopted(): void {
    this.counter = Math.max(this.counter, this.aheadCommits ?? 0);
    this.aheadCommits = null;
  }

  private dropTransaction(): void {
    if (!this.inTransaction) return;
    this.inTransaction = false;
    // SQLite may have rolled back itself (disk full): then there is nothing left to roll back.
    if (this.database.inTransaction) this.statements.rollback.run();
  }

  /** Runs `change` in one durable transaction. Storage errors are thrown as QbatchError (73, 74, 78). */
  transact<T>(change: () => T): T {
    try {
      this.beginTransaction();
      const result = change();
      this.endTransaction();
      return result;
    } catch (error) {
      this.dropTransaction();
      throw isBug(error) ? error : storageError(error, this.path);
    }
  }

  /** Like `transact`, for a change that reads the input meanwhile; nothing else may use the ledger until it ends. */
  async transactWhile<T>(change: () => Promise<T>): Promise<T> {
    let changed = false;
    try {
      this.beginTransaction();
      const result = await change();
      changed = true;
      this.endTransaction();
      return result;
    } catch (error) {
      this.dropTransaction();
      // Before `changed`, errors are the input's; after it only the ledger and its mark are written.
      const isStorage = sqliteCode(error) !== '' || (changed && !isBug(error));
      throw isStorage ? storageError(error, this.path) : error;
    }
  }

  /**
   * Commits one batch of a job: starts, ends, settled lines (`seqBefore` is the last `seq` in use), and the cursor if the
   * output files have been synced. `alongside` may add writes to the same commit.
   */
  commit(
    jobId: number,
    batch: Batch,
    at: { wallMs: number; seqBefore: number; cursor: Cursor | null; alongside?: () => void },
  ): void {
    this.transact(() => {
      for (const start of batch.starts) this.startAttempt(jobId, start);
      let costPico = 0;
      for (const end of batch.ends) {
        this.endAttempt(jobId, end);
        if (end.class === 'answered') costPico += end.costPico ?? 0;
      }
      const counts = { answered: 0, failed: 0, rejected: 0 };
      let seq = at.seqBefore;
      for (const line of batch.settled) {
        seq += 1;
        this.settleLine(jobId, seq, line);
        counts[line.state] += 1;
      }
      const { answered, failed, rejected } = counts;
      this.statements.addSums.run(answered, failed, rejected, costPico, at.wallMs, jobId);
      if (at.cursor !== null) this.moveCursor(jobId, at.cursor);
      at.alongside?.();
    });
  }

  /** Moves the output cursor; within the caller's transaction. */
  moveCursor(jobId: number, cursor: Cursor): void {
    this.statements.moveCursor.run(
      cursor.line,
      cursor.seq,
      cursor.inputLine,
      cursor.inputBytes,
      cursor.resultsBytes,
      cursor.errorsBytes,
      jobId,
    );
  }

  /** Inserts one terminal record; within the caller's transaction. A second one for the same line throws. */
  settleLine(jobId: number, seq: number, line: SettledLine): void {
    this.statements.settleLine.run(
      jobId,
      line.lineNo,
      line.state,
      seq,
      line.customId,
      line.model,
      line.attempts,
      line.statusCode,
      line.code,
      line.message,
      line.param,
      line.requestId,
      line.metadata,
      line.settledAt,
    );
    const { body } = line;
    if (body !== null) this.statements.putBody.run(bodyKey(jobId, line.lineNo), body, crc32(body));
  }

  private startAttempt(jobId: number, start: AttemptStart): void {
    this.statements.startAttempt.run(
      jobId,
      start.lineNo,
      start.attempt,
      start.customId,
      start.model,
      start.startedAt,
      start.estimatedTokens,
      start.estimatedPico,
    );
  }

  private endAttempt(jobId: number, end: AttemptEnd): void {
    const usage = end.usage;
    const { changes } = this.statements.endAttempt.run(
      end.endedAt,
      end.class,
      end.counted ? 1 : 0,
      end.statusCode,
      end.code,
      end.requestId,
      usage?.inputTokens ?? null,
      usage?.outputTokens ?? null,
      usage?.totalTokens ?? null,
      usage?.cachedTokens ?? null,
      usage?.reasoningTokens ?? null,
      end.costPico,
      jobId,
      end.lineNo,
      end.attempt,
    );
    if (changes !== 1)
      assert.fail(`ledger: attempt ${end.attempt} of line ${end.lineNo} ended without a start`);
  }

  /** Closes the file and releases the lock. With `remove`, deletes a ledger without any jobs. */
  close(options: { remove?: boolean } = {}): void {
    this.dropTransaction();
    const empty =
      options.remove === true &&
      this.database.prepare('SELECT count(*) FROM jobs').pluck().get() === 0;
    this.database.close();
    // Restore the mark: a ledger that took nothing over does not make up for the lost one.
    if (empty && this.lostCommits !== null) this.mark.write(this.lostCommits);
    this.mark.close();
    if (empty) removeLedger(this.path, this.lostCommits !== null);
    this.lock.release();
  }
}
