/** SQLite `application_id` of our files: `qbat` in ASCII. */
export const APPLICATION_ID = 0x71626174;

/** Range of line numbers in the key of `bodies`: 2^40 lines a job, 2^13 jobs a ledger (2^53 in all). */
export const LINE_KEY_ROOM: number = 2 ** 40;

/** The key of a line's answer in `bodies`. */
export function bodyKey(jobId: number, lineNo: number): number {
  return jobId * LINE_KEY_ROOM + lineNo;
}

/** The same as SQL, for a line `l`. */
export const BODY_KEY: string = `l.job_id * ${LINE_KEY_ROOM} + l.line_no`;

/** The first and last possible key of a job's answers. */
export function bodyKeys(jobId: number): [first: number, last: number] {
  return [bodyKey(jobId, 0), bodyKey(jobId, LINE_KEY_ROOM - 1)];
}

/**
 * The tables. docs/ledger.md explains them; the rules in short:
 *
 * - `ledger.commit_counter` rises by one with every commit; `<ledger>.mark` follows it.
 * - `jobs` holds identity, survey, cursor, and running sums that `status --verify` recounts.
 * - `lines` holds one row for each settled line, none for an open one; `seq` is the order of settling.
 * - `attempts` holds one row for each call, written before its first byte leaves; `class` is null
 *   while its fate is unknown.
 * - `bodies` holds what the service sent, keyed `job_id * 2^40 + line_no`, with a CRC-32.
 * - `input_blocks` holds 8 bytes of SHA-256 a line (zero: blank), 4,096 lines a block.
 *
 * What later versions added is below. A text that was released is never changed in what it says; the
 * two checks that run for each call are written with OR, since SQLite builds a table of three or more values
 * after IN anew in each statement (a third of the time of an insert). Older ledgers keep theirs.
 */
const VERSION_1 = `
CREATE TABLE ledger (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  commit_counter INTEGER NOT NULL
) STRICT;
INSERT INTO ledger VALUES (1, 0);

CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('open', 'finished')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  input_path TEXT NOT NULL,
  input_sha256 TEXT NOT NULL,
  input_bytes INTEGER NOT NULL,
  line_count INTEGER NOT NULL,
  last_line_no INTEGER NOT NULL,
  identity TEXT NOT NULL,
  survey TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  currency TEXT NOT NULL,
  output_order TEXT NOT NULL CHECK (output_order IN ('input', 'settled')),
  results_path TEXT NOT NULL,
  errors_path TEXT NOT NULL,
  output_mode TEXT NOT NULL CHECK (output_mode IN ('append', 'replace')),
  cursor_line INTEGER NOT NULL,
  cursor_seq INTEGER NOT NULL,
  cursor_input_line INTEGER NOT NULL,
  cursor_input_bytes INTEGER NOT NULL,
  results_bytes INTEGER NOT NULL,
  errors_bytes INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  cost_pico INTEGER NOT NULL,
  generation INTEGER NOT NULL
) STRICT;

CREATE TABLE lines (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  line_no INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state = 'answered' OR state = 'failed' OR state = 'rejected'),
  seq INTEGER NOT NULL,
  custom_id TEXT,
  model TEXT,
  attempts INTEGER NOT NULL,
  status_code INTEGER,
  code TEXT,
  message TEXT,
  param TEXT,
  request_id TEXT,
  metadata TEXT,
  settled_at INTEGER NOT NULL,
  PRIMARY KEY (job_id, line_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  line_no INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  custom_id TEXT,
  model TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  class TEXT CHECK (class = 'answered' OR class = 'rejected' OR class = 'never_sent' OR class = 'possibly_billed'),
  counted INTEGER NOT NULL DEFAULT 0,
  status_code INTEGER,
  code TEXT,
  request_id TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  total_tokens INTEGER,
  cached_tokens INTEGER,
  reasoning_tokens INTEGER,
  cost_pico INTEGER,
  estimated_tokens INTEGER NOT NULL,
  estimated_pico INTEGER,
  PRIMARY KEY (job_id, line_no, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE bodies (
  id INTEGER PRIMARY KEY,
  body BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE input_blocks (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  block INTEGER NOT NULL,
  fingerprints BLOB NOT NULL,
  PRIMARY KEY (job_id, block)
) STRICT;
`;

/**
 * Version 2, how calls were paced:
 *
 * - `runs`: one row for each run of a job that sent something.
 * - `pace_lanes`: the sums of one model (lane) in one run, and the limits it ended with.
 * - `pace_seconds`: the same by time, in buckets of `span_s` seconds that widen as a run gets long.
 * - `pace_changes`: the last changes of a lane's pace or limits, with their reasons.
 * - `learned_limits`: what a service was found to grant, as the next run's starting point.
 * - `estimates`: actual and expected usage of the answers of one model in one run; and their lengths (JSON,
 *   `src/models/output-sizes.ts`). Runs on an input that was changed since have negative numbers.
 */
const VERSION_2 = `
CREATE TABLE runs (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  run INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (job_id, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE pace_lanes (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  run INTEGER NOT NULL,
  model TEXT NOT NULL,
  rpm_limit REAL,
  rpm_origin TEXT NOT NULL,
  tpm_limit REAL,
  tpm_origin TEXT NOT NULL,
  first_start_at INTEGER NOT NULL,
  last_start_at INTEGER NOT NULL,
  starts INTEGER NOT NULL,
  starts_most INTEGER NOT NULL,
  throttled_rate INTEGER NOT NULL,
  throttled_tokens INTEGER NOT NULL,
  throttled_burst INTEGER NOT NULL,
  tokens REAL NOT NULL,
  used_requests REAL NOT NULL,
  allowed_requests REAL NOT NULL,
  used_tokens REAL NOT NULL,
  allowed_tokens REAL NOT NULL,
  PRIMARY KEY (job_id, run, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE pace_seconds (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  run INTEGER NOT NULL,
  model TEXT NOT NULL,
  at INTEGER NOT NULL,
  span_s INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  starts INTEGER NOT NULL,
  starts_most INTEGER NOT NULL,
  throttled_rate INTEGER NOT NULL,
  throttled_tokens INTEGER NOT NULL,
  throttled_burst INTEGER NOT NULL,
  tokens REAL NOT NULL,
  rpm REAL,
  rpm_limit REAL,
  tpm REAL,
  tpm_limit REAL,
  waiting INTEGER NOT NULL,
  in_flight INTEGER NOT NULL,
  PRIMARY KEY (job_id, run, model, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE pace_changes (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  model TEXT,
  at INTEGER NOT NULL,
  dimension TEXT NOT NULL,
  from_value REAL,
  to_value REAL,
  reason TEXT NOT NULL,
  PRIMARY KEY (job_id, run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE learned_limits (
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  rpm REAL,
  tpm REAL,
  window_ms INTEGER NOT NULL,
  learned_at INTEGER NOT NULL,
  PRIMARY KEY (endpoint, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE estimates (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  run INTEGER NOT NULL,
  model TEXT NOT NULL,
  thinking INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  input_estimated REAL NOT NULL,
  input_actual REAL NOT NULL,
  output_estimated REAL NOT NULL,
  output_actual REAL NOT NULL,
  pico_estimated REAL NOT NULL,
  pico_actual REAL NOT NULL,
  output_sizes TEXT NOT NULL,
  PRIMARY KEY (job_id, run, model, thinking)
) STRICT, WITHOUT ROWID;
`;

/**
 * Version 3, settings of a job's last run (null: by an older version):
 *
 * - `ledger_path`: absolute path of the ledger; a different one now means that it was moved or copied.
 * - `run_flags`: flags that the next command needs and that are stored nowhere else, by name (JSON): above all cost limits.
 */
const VERSION_3 = `
ALTER TABLE jobs ADD COLUMN ledger_path TEXT;
ALTER TABLE jobs ADD COLUMN run_flags TEXT;
`;

/**
 * Version 4, `last_stop`: why a job's last run ended before every line was settled (JSON: reason, exit code, message), or
 * `"running"` from its first call to its end; if that is found while no process holds the ledger, the run was killed, or
 * the ledger failed it. Null: the job is finished, or its last run was by an older version.
 */
const VERSION_4 = `
ALTER TABLE jobs ADD COLUMN last_stop TEXT;
`;

/** Version 5: each learned limit has a date of its own. The single date before was that of the later one; both get it. */
const VERSION_5 = `
ALTER TABLE learned_limits RENAME COLUMN learned_at TO rpm_learned_at;
ALTER TABLE learned_limits ADD COLUMN tpm_learned_at INTEGER NOT NULL DEFAULT 0;
UPDATE learned_limits SET tpm_learned_at = rpm_learned_at;
`;

/** The migrations from each version to the next; the first from 1 to 2. */
export const MIGRATIONS: readonly string[] = [VERSION_2, VERSION_3, VERSION_4, VERSION_5];

/** The tables of a new ledger. */
export const SCHEMA: string = [VERSION_1, ...MIGRATIONS].join('\n');

/** Version of these tables, in SQLite's `user_version`; a higher one is refused. */
export const SCHEMA_VERSION: number = 1 + MIGRATIONS.length;
