import { type ByKey, isTagKey } from '../by-keys.ts';
import { INTERRUPTED } from './possibly-billed.ts';

/**
 * A by-key as SQL: over a settled line (`lines l`), and over a call (`attempts a`, with its line as `l`, null if the line
 * is open or left the input). Both yield text or null. Requires the functions of `addLocalTime`.
 */
export type KeySql = {
  readonly line: string;
  readonly attempt: string;
  /** Whether `attempt` uses the line. */
  readonly joins: boolean;
  /** The value for the `?` of either, if it has one. */
  readonly bound: string | null;
};

type PlainKey = Exclude<ByKey, 'job' | `tag:${string}`>;

const ENDED = 'coalesce(a.ended_at, a.started_at)';

function thinks(row: string): string {
  return `CASE WHEN EXISTS (SELECT 1 FROM attempts r WHERE r.job_id = ${row}.job_id AND r.line_no = ${row}.line_no
    AND r.reasoning_tokens > 0) THEN 'true' ELSE 'false' END`;
}

/**
 * - `model`: the one called; null for lines rejected before sending.
 * - `day`, `hour`: local time; for a line when it settled, for a call when it ended.
 * - `status`: the line's; calls of lines not settled are `open`, of lines that left the input `vanished`.
 * - `code`: for a line its own; for a call the call's, so that throttles overcome by a retry show too. A call of unknown
 *   outcome is `INTERRUPTED`, as the next run will record it.
 * - `thinking`: `true` for lines with a call that reported reasoning tokens, and for all their calls.
 */
const PLAIN_KEYS: Readonly<Record<PlainKey, Omit<KeySql, 'bound'>>> = {
  model: { line: 'l.model', attempt: 'a.model', joins: false },
  day: { line: 'local_day(l.settled_at)', attempt: `local_day(${ENDED})`, joins: false },
  hour: { line: 'local_hour(l.settled_at)', attempt: `local_hour(${ENDED})`, joins: false },
  status: {
    line: 'l.state',
    attempt: "coalesce(l.state, CASE WHEN a.line_no < 0 THEN 'vanished' ELSE 'open' END)",
    joins: true,
  },
  code: {
    line: 'l.code',
    attempt: `CASE WHEN a.class IS NULL THEN '${INTERRUPTED}' ELSE a.code END`,
    joins: false,
  },
  thinking: { line: thinks('l'), attempt: thinks('a'), joins: false },
};

// json_each compares decoded keys, whatever characters they hold; a JSON path would need quoting.
const TAG = '(SELECT t.value FROM json_each(l.metadata) t WHERE t.key = ? LIMIT 1)';

/** The SQL of a by-key; `jobLabel` is what the report calls the job whose rows are read. */
export function keySql(key: ByKey, jobLabel: string): KeySql {
  if (key === 'job') return { line: '?', attempt: '?', joins: false, bound: jobLabel };
  if (isTagKey(key))
    return { line: TAG, attempt: TAG, joins: true, bound: key.slice('tag:'.length) };
  return { ...PLAIN_KEYS[key], bound: null };
}
