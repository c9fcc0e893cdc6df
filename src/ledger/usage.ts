import type { ByKey } from '../by-keys.ts';
import type { UsageGroup, UsageReport } from '../report/usage-report.ts';
import type { Database } from './database.ts';
import { jobLabels } from './job-labels.ts';
import { addLocalTime, compareHours } from './local-time.ts';
import {
  UNCERTAIN,
  UNCERTAIN_PICO,
  UNCERTAIN_TOKENS,
  type UncertainSums,
} from './possibly-billed.ts';
import type { Job } from './records.ts';
import { keySql, type KeySql } from './usage-keys.ts';
import { type CallRow, UsageSums } from './usage-sums.ts';

/** An open ledger and its jobs to count. */
export type UsageSource = {
  readonly ledgerPath: string;
  readonly database: Database;
  readonly jobs: readonly Job[];
};

type Key = string | null;
type Group = { readonly keys: readonly Key[]; readonly sums: UsageSums };

/** Groups by currency and keys, and one total per currency. */
class Groups {
  readonly byKeys: Map<string, Group> = new Map();
  readonly totals: Map<string, UsageSums> = new Map();

  group(currency: string, keys: readonly Key[]): UsageSums {
    const id = JSON.stringify([currency, ...keys]);
    let group = this.byKeys.get(id);
    if (group === undefined) {
      group = { keys, sums: new UsageSums(currency) };
      this.byKeys.set(id, group);
    }
    return group.sums;
  }

  total(currency: string): UsageSums {
    let total = this.totals.get(currency);
    if (total === undefined) {
      total = new UsageSums(currency);
      this.totals.set(currency, total);
    }
    return total;
  }
}

const ANSWERED = "FILTER (WHERE a.class = 'answered')";

/**
 * Duration of an answered call in milliseconds; null for calls adopted from output files, whose times are unknown (they
 * start and end at one moment and have no estimate).
 */
const LATENCY = `CASE WHEN a.ended_at <> a.started_at OR a.estimated_tokens > 0
  THEN max(a.ended_at - a.started_at, 0) END`;

/** The inputs of the percentiles: SQL over an answered call `a`. */
const DISTRIBUTIONS = `${LATENCY}, a.input_tokens, a.output_tokens`;

const CALL_MEASURES = `count(*), count(*) ${ANSWERED}, sum(a.input_tokens) ${ANSWERED}, sum(a.output_tokens) ${ANSWERED},
  sum(a.total_tokens) ${ANSWERED}, sum(a.cached_tokens) ${ANSWERED}, sum(a.reasoning_tokens) ${ANSWERED},
  sum(a.cost_pico) ${ANSWERED}, count(a.cost_pico) ${ANSWERED}`;

const UNCERTAIN_MEASURES = `count(DISTINCT a.line_no), count(*), sum(${UNCERTAIN_TOKENS}), sum(${UNCERTAIN_PICO}),
  count(${UNCERTAIN_PICO})`;

type UncertainRow = readonly [
  lines: bigint,
  attempts: bigint,
  tokens: bigint | null,
  pico: bigint | null,
  priced: bigint,
];

function toUncertain([lines, attempts, tokens, pico, priced]: UncertainRow): UncertainSums {
  return {
    lines: Number(lines),
    attempts: Number(attempts),
    tokens: tokens ?? 0n,
    pico: pico ?? 0n,
    pricedAttempts: Number(priced),
  };
}

/** Distinguishes rows by group, whatever their keys contain. */
function idOf(row: readonly unknown[], width: number): string {
  let id = '';
  for (const key of row.slice(0, width) as Key[]) {
    id += key === null ? '-' : `${key.length}:${key}`;
  }
  return id;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function groupBy(columns: number): string {
  if (columns === 0) return '';
  return ` GROUP BY ${Array.from({ length: columns }, (_, index) => index + 1).join(', ')}`;
}

/** Adds one job's rows, grouped by SQLite: groups, not lines, cross into JavaScript. */
class JobUsage {
  private readonly database: Database;
  private readonly job: Job;
  private readonly keys: readonly KeySql[];
  private readonly groups: Groups;

  constructor(database: Database, job: Job, keys: readonly KeySql[], groups: Groups) {
    this.database = database;
    this.job = job;
    this.keys = keys;
    this.groups = groups;
  }

  addLines(): void {
    const keys = this.keys.map(({ line }) => `${line}, `).join('');
    const counts =
      "count(*), count(*) FILTER (WHERE l.state = 'answered'), count(*) FILTER (WHERE l.state = 'failed')";
    const sql = `SELECT ${keys}${counts} FROM lines l WHERE l.job_id = ?${groupBy(this.keys.length)}`;
    for (const row of this.rows(sql)) {
      const [lines = 0, answered = 0, failed = 0] = row.slice(this.keys.length).map(Number);
      if (lines === 0) continue;
      this.groupOf(row).addLines(lines, answered, failed);
      this.total().addLines(lines, answered, failed);
    }
  }

  addCalls(): void {
    const sql = `SELECT ${this.attemptKeys()}${CALL_MEASURES} ${this.attempts()}${groupBy(this.keys.length)}`;
    for (const row of this.rows(sql)) {
      const measures = row.slice(this.keys.length) as unknown as CallRow;
      if (measures[0] === 0n) continue;
      this.groupOf(row).addCalls(measures);
      this.total().addCalls(measures);
    }
  }

  /** Feeds the percentiles call by call: grouping in SQLite would sort all calls three times. */
  addDistributions(): void {
    const width = this.keys.length;
    const sql = `SELECT ${this.attemptKeys()}${DISTRIBUTIONS} ${this.attempts()} AND a.class = 'answered'`;
    const seen = new Map<string, { readonly row: readonly unknown[]; readonly sums: UsageSums }>();
    const rows = this.statement(sql).iterate(this.bound()) as Iterable<readonly unknown[]>;
    for (const row of rows) {
      const id = idOf(row, width);
      let group = seen.get(id);
      if (group === undefined) {
        group = { row, sums: new UsageSums(this.job.currency) };
        seen.set(id, group);
      }
      const [latencyMs, input, output] = [row[width], row[width + 1], row[width + 2]];
      group.sums.addCall(numberOrNull(latencyMs), numberOrNull(input), numberOrNull(output));
    }
    for (const { row, sums } of seen.values()) {
      this.groupOf(row).addDistributionsOf(sums);
      this.total().addDistributionsOf(sums);
    }
  }

  addUncertain(): void {
    const where = `${this.attempts()} AND ${UNCERTAIN}`;
    for (const row of this.rows(
      `SELECT ${this.attemptKeys()}${UNCERTAIN_MEASURES} ${where}${groupBy(this.keys.length)}`,
    )) {
      const sums = toUncertain(row.slice(this.keys.length) as unknown as UncertainRow);
      if (sums.attempts > 0) this.groupOf(row).addUncertain(sums);
    }
    // Counted again: a line with such calls on two days is in two groups, but is one line.
    const all = `SELECT ${UNCERTAIN_MEASURES} FROM attempts a WHERE a.job_id = ? AND ${UNCERTAIN}`;
    const row = this.database.prepare(all).raw().safeIntegers().get(this.job.id);
    this.total().addUncertain(toUncertain(row as UncertainRow));
  }

  private attemptKeys(): string {
    return this.keys.map(({ attempt }) => `${attempt}, `).join('');
  }

  private attempts(): string {
    const join = this.keys.some(({ joins }) => joins)
      ? ' LEFT JOIN lines l ON l.job_id = a.job_id AND l.line_no = a.line_no'
      : '';
    return `FROM attempts a${join} WHERE a.job_id = ?`;
  }

  private rows(sql: string): Iterable<readonly unknown[]> {
    const statement = this.statement(sql).safeIntegers();
    return statement.iterate(this.bound()) as Iterable<readonly unknown[]>;
  }

  private statement(sql: string): ReturnType<Database['prepare']> {
    return this.database.prepare(sql).raw();
  }

  private bound(): (string | number)[] {
    return [...this.keys.flatMap((key) => (key.bound === null ? [] : [key.bound])), this.job.id];
  }

  private groupOf(row: readonly unknown[]): UsageSums {
    const keys = this.keys.map((_, index) => (row[index] ?? null) as Key);
    return this.groups.group(this.job.currency, keys);
  }

  private total(): UsageSums {
    return this.groups.total(this.job.currency);
  }
}

/** By keys in order (hours chronologically, null last), then by currency. */
function compareGroups(a: Group, b: Group, by: readonly ByKey[]): number {
  for (const [index, left] of a.keys.entries()) {
    const right = b.keys[index] ?? null;
    if (left === right) continue;
    if (left === null) return 1;
    if (right === null) return -1;
    if (by[index] === 'hour') return compareHours(left, right);
    return left < right ? -1 : 1;
  }
  return a.sums.currency < b.sums.currency ? -1 : 1;
}

/**
 * Usage and cost of jobs, grouped by `by` (cli.md section 7); the keys are defined in `usage-keys.ts`. Lines are settled
 * ones; a group's tokens and cost are those of its answered calls. Groups add up to the totals exactly, and those to the
 * jobs' own sums, in integers before formatting; only `possibly_billed.lines` may add up to more, if one line has calls in
 * two groups. Jobs of one name in several ledgers are told apart by `jobLabels`. Never mixes currencies. Percentiles are as exact as
 * `Histogram`.
 */
export function usageReport(sources: readonly UsageSource[], by: readonly ByKey[]): UsageReport {
  const groups = new Groups();
  const labelOf = jobLabels(sources);
  for (const source of sources) {
    const { database } = source;
    addLocalTime(database);
    for (const job of source.jobs) {
      groups.total(job.currency);
      const label = labelOf(source, job.name);
      const keys = by.map((key) => keySql(key, label));
      const usage = new JobUsage(database, job, keys, groups);
      usage.addLines();
      usage.addCalls();
      usage.addDistributions();
      usage.addUncertain();
    }
  }
  const jobs = sources.flatMap((source) => source.jobs);
  const sorted = [...groups.byKeys.values()].toSorted((a, b) => compareGroups(a, b, by));
  const totals = [...groups.totals.values()].toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
  return {
    schema: 1,
    by,
    groups: sorted.map(({ keys, sums }): UsageGroup => ({ keys, ...sums.measures() })),
    totals: totals.map((sums) => sums.measures()),
    jobs: {
      total: jobs.length,
      simulated: jobs.filter(({ identity }) => identity.simulated).length,
    },
  };
}
