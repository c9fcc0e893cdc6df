import { type ByKey, isTagKey } from '../by-keys.ts';
import { INTERRUPTED } from './possibly-billed.ts';

/**
 * A by-key as SQL: once over a settled line (`lines l`), once over a call (`attempts a`, with its
 * line as `l`, null where the line is open or left the input). Both give text or null. The functions of `addLocalTime` are needed.
 */
export type KeySql = {
  readonly line: string;
  readonly attempt: string;
  /** Whether `attempt` looks at the line. */
  readonly joins: boolean;
  /** What the `?` of either stands for, if it has one. */
  readonly bound: string | null;
};

type PlainKey = Exclude<ByKey, 'job' | `tag:${string}`>;

const ENDED = 'coalesce(a.ended_at, a.started_at)';

function thinks(row: string): string {
  return `CASE WHEN EXISTS (SELECT 1 FROM attempts r WHERE r.job_id = ${row}.job_id AND r.line_no = ${row}.line_no
    AND r.reasoning_tokens > 0) THEN 'true' ELSE 'false' END`;
}

/**
 * - `model`: the one called; null for lines that were rejected before anything was sent.
 * - `day`, `hour`: local time; of a line when it settled, of a call when it ended.
 * - `status`: the line's; calls of lines not settled are `open`, of lines that left the input `vanished`.
 * - `code`: of a line its own; of a call the call's, so that throttles that were overcome show too.
 *   A call of unknown fate is `INTERRUPTED`, as the next run will call it.
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

/** The SQL of a by-key; `jobName` is the job whose rows are read. */
export function keySql(key: ByKey, jobName: string): KeySql {
  if (key === 'job') return { line: '?', attempt: '?', joins: false, bound: jobName };
  if (isTagKey(key))
    return { line: TAG, attempt: TAG, joins: true, bound: key.slice('tag:'.length) };
  return { ...PLAIN_KEYS[key], bound: null };
}
