import type { Ledger } from './ledger.ts';
import type { PaceBucket, ChangeRecord, PaceLane } from './pace-records.ts';

/** Most rows of `pace_seconds` per run, shared by its lanes. */
const ROWS_A_RUN = 3_600;
/** Minimum rows per lane. */
const ROWS_A_LANE_LEAST = 60;
/** Changes kept per run: the last ones. */
const CHANGES_A_RUN = 1_000;
/** Runs per job whose buckets and changes are kept; of older ones only the sums are. */
const RUNS_KEPT = 50;

/** Writes one run's pace; every method works within the caller's transaction. */
export type PaceTraceWriter = {
  readonly run: number;
  /** The current width of a lane's buckets, in seconds. */
  spanSeconds(model: string): number;
  write(batch: {
    readonly buckets: readonly PaceBucket[];
    readonly lanes: readonly PaceLane[];
    readonly changes: readonly ChangeRecord[];
  }): void;
  end(wallMs: number): void;
};

const BUCKET_COLUMNS = `at, span_s, seconds, starts, starts_most, throttled_rate, throttled_tokens,
  throttled_burst, tokens, rpm, rpm_limit, tpm, tpm_limit, waiting, in_flight`;

// A bucket that arrives in parts, or absorbs its neighbours, is summed; its limits are the latest.
const PUT_BUCKET = `INSERT INTO pace_seconds (job_id, run, model, ${BUCKET_COLUMNS})
  VALUES (@jobId, @run, @model, @at, @spanSeconds, @seconds, @starts, @startsMost, @throttledRate,
    @throttledTokens, @throttledBurst, @tokens, @rpm, @rpmLimit, @tpm, @tpmLimit, @waiting, @inFlight)
  ON CONFLICT DO UPDATE SET
    rpm = (rpm * seconds + excluded.rpm * excluded.seconds) / (seconds + excluded.seconds),
    tpm = (tpm * seconds + excluded.tpm * excluded.seconds) / (seconds + excluded.seconds),
    span_s = excluded.span_s, seconds = seconds + excluded.seconds, starts = starts + excluded.starts,
    starts_most = max(starts_most, excluded.starts_most),
    throttled_rate = throttled_rate + excluded.throttled_rate,
    throttled_tokens = throttled_tokens + excluded.throttled_tokens,
    throttled_burst = throttled_burst + excluded.throttled_burst, tokens = tokens + excluded.tokens,
    rpm_limit = excluded.rpm_limit, tpm_limit = excluded.tpm_limit, waiting = excluded.waiting,
    in_flight = excluded.in_flight`;

const LANE_BUCKETS = `SELECT at, seconds, starts, starts_most AS startsMost, throttled_rate AS throttledRate,
    throttled_tokens AS throttledTokens, throttled_burst AS throttledBurst, tokens, rpm, rpm_limit AS rpmLimit,
    tpm, tpm_limit AS tpmLimit, waiting, in_flight AS inFlight
  FROM pace_seconds WHERE job_id = ? AND run = ? AND model = ? ORDER BY at`;

const PUT_LANE = `INSERT OR REPLACE INTO pace_lanes (job_id, run, model, rpm_limit, rpm_origin, tpm_limit,
    tpm_origin, first_start_at, last_start_at, starts, starts_most, throttled_rate, throttled_tokens,
    throttled_burst, tokens, used_requests, allowed_requests, used_tokens, allowed_tokens)
  VALUES (@jobId, @run, @model, @rpmLimit, @rpmOrigin, @tpmLimit, @tpmOrigin, @firstStartAt, @lastStartAt,
    @starts, @startsMost, @throttledRate, @throttledTokens, @throttledBurst, @tokens, @usedRequests,
    @allowedRequests, @usedTokens, @allowedTokens)`;

const PUT_CHANGE = `INSERT INTO pace_changes (job_id, run, seq, model, at, dimension, from_value,
    to_value, reason)
  VALUES (@jobId, @run, @seq, @model, @at, @dimension, @from, @to, @reason)`;

function throttleColumns({ throttles }: PaceBucket | PaceLane): object {
  return {
    throttledRate: throttles.rate,
    throttledTokens: throttles.tokens,
    throttledBurst: throttles.burst,
  };
}

/**
 * Starts the trace of a run: assigns its number and deletes the details of old runs; inside a transaction. The size is
 * bounded however long the run: if a lane has too many buckets they are merged, and later ones are wider.
 */
export function beginPaceTrace(ledger: Ledger, jobId: number, wallMs: number): PaceTraceWriter {
  const { database } = ledger;
  const run =
    1 +
    Number(
      database
        .prepare('SELECT coalesce(max(run), 0) FROM runs WHERE job_id = ?')
        .pluck()
        .get(jobId),
    );
  database
    .prepare('INSERT INTO runs (job_id, run, started_at) VALUES (?, ?, ?)')
    .run(jobId, run, wallMs);
  for (const table of ['pace_seconds', 'pace_changes']) {
    // Table names cannot be bound; these two are constants.
    database
      .prepare(`DELETE FROM ${table} WHERE job_id = ? AND run <= ?`)
      .run(jobId, run - RUNS_KEPT);
  }
  return new RunTrace(ledger, jobId, run);
}

class RunTrace implements PaceTraceWriter {
  readonly run: number;
  private readonly key: { readonly jobId: number; readonly run: number };
  private readonly statements;
  /** Bucket width per lane. */
  private readonly spans: Map<string, number> = new Map();
  private lastSeq = 0;

  constructor(ledger: Ledger, jobId: number, run: number) {
    const { database } = ledger;
    this.run = run;
    this.key = { jobId, run };
    this.statements = {
      bucket: database.prepare(PUT_BUCKET),
      lane: database.prepare(PUT_LANE),
      change: database.prepare(PUT_CHANGE),
      dropChanges: database.prepare(
        'DELETE FROM pace_changes WHERE job_id = ? AND run = ? AND seq <= ?',
      ),
      count: database
        .prepare('SELECT count(*) FROM pace_seconds WHERE job_id = ? AND run = ? AND model = ?')
        .pluck(),
      lanes: database.prepare(LANE_BUCKETS),
      drop: database.prepare('DELETE FROM pace_seconds WHERE job_id = ? AND run = ? AND model = ?'),
      end: database.prepare('UPDATE runs SET ended_at = ? WHERE job_id = ? AND run = ?'),
    };
  }

  spanSeconds(model: string): number {
    return this.spans.get(model) ?? 1;
  }

  write({ buckets, lanes, changes }: Parameters<PaceTraceWriter['write']>[0]): void {
    const { statements, key } = this;
    for (const bucket of buckets) {
      this.spans.set(bucket.model, Math.max(this.spanSeconds(bucket.model), bucket.spanSeconds));
      statements.bucket.run({ ...key, ...bucket, ...throttleColumns(bucket) });
    }
    for (const lane of lanes) statements.lane.run({ ...key, ...lane, ...throttleColumns(lane) });
    for (const change of changes) {
      this.lastSeq += 1;
      statements.change.run({ ...key, ...change, seq: this.lastSeq });
    }
    if (changes.length > 0)
      statements.dropChanges.run(key.jobId, key.run, this.lastSeq - CHANGES_A_RUN);
    const most = Math.max(ROWS_A_LANE_LEAST, Math.floor(ROWS_A_RUN / Math.max(1, this.spans.size)));
    for (const model of new Set(buckets.map((bucket) => bucket.model))) this.fold(model, most);
  }

  end(wallMs: number): void {
    this.statements.end.run(wallMs, this.key.jobId, this.key.run);
  }

  /** Merges a lane's buckets into wider ones until half of the rows are free again. */
  private fold(model: string, most: number): void {
    const { jobId, run } = this.key;
    const { count, lanes, drop, bucket } = this.statements;
    if (Number(count.get(jobId, run, model)) <= most) return;
    const rows = lanes.all(jobId, run, model) as { readonly at: number }[];
    let spanSeconds = this.spanSeconds(model);
    let starts: Set<number>;
    do {
      spanSeconds *= 2;
      starts = new Set(rows.map(({ at }) => bucketStart(at, spanSeconds)));
    } while (starts.size > most / 2);
    this.spans.set(model, spanSeconds);
    drop.run(jobId, run, model);
    for (const row of rows)
      bucket.run({ ...this.key, model, ...row, at: bucketStart(row.at, spanSeconds), spanSeconds });
  }
}

/** The start of the bucket of that width that holds this moment. */
export function bucketStart(atMs: number, spanSeconds: number): number {
  const spanMs = spanSeconds * 1000;
  return Math.floor(atMs / spanMs) * spanMs;
}
