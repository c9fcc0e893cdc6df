import { statSync } from 'node:fs';
import type { ByKey } from '../by-keys.ts';
import { EXIT } from '../errors.ts';
import { type ChosenJob, chooseJobs } from '../ledger/find-jobs.ts';
import { listJobs } from '../ledger/jobs.ts';
import { jobHere } from '../ledger/moved-files.ts';
import { asReadingError, openSnapshot } from '../ledger/read-ledger.ts';
import { type UsageSource, usageReport } from '../ledger/usage.ts';
import { lockHolder } from '../ledger/lock.ts';
import { realLedgerPath } from '../ledger/real-ledger-path.ts';
import { reportData } from '../ledger/report-data.ts';
import { sameJobKey } from '../ledger/without-copies.ts';
import type { ParsedCommand, ReportFormat } from '../command-line/parsed-command.ts';
import { reportPage } from '../report/report-page.ts';
import { usageCsv } from '../report/usage-csv.ts';
import { usageJson } from '../report/usage-json.ts';
import { usageMarkdown } from '../report/usage-markdown.ts';
import { usageParquet } from '../report/usage-parquet.ts';
import type { UsageReport } from '../report/usage-report.ts';
import { usageTable } from '../report/usage-table.ts';
import { oneLine } from '../reporters/one-line.ts';
import { pathText } from '../reporters/path-text.ts';
import type { CommandIo } from './io.ts';
import { jobState } from './job-state.ts';
import { pageAssets } from './page-assets.ts';
import { jobFiles, ledgerFiles, openTarget, type Target } from './target.ts';

type UsageParsed = Extract<ParsedCommand, { readonly command: 'usage' }>;

type Rendered = string | AsyncIterable<Uint8Array>;

const RENDERERS: Readonly<
  Record<Exclude<ReportFormat, 'html'>, (report: UsageReport) => Rendered>
> = {
  table: usageTable,
  csv: usageCsv,
  json: usageJson,
  markdown: usageMarkdown,
  parquet: usageParquet,
};

/**
 * `qbatch usage [job ...]`: usage and cost of the named jobs, of all jobs of a named ledger or, by default, of all jobs in
 * this folder. Throws 64 if `-o` names a file of theirs, 66 for an unknown job, 73 and 74 for `-o`.
 */
export async function usageCommand(parsed: UsageParsed, io: CommandIo): Promise<number> {
  const { format, by } = parsed;
  const jobsByLedger = groupByLedger(chosenJobs(parsed, io.cwd));
  const own = [...jobsByLedger.keys()].flatMap(ledgerFiles);
  const sources: UsageSource[] = [];
  let rendered: Rendered;
  try {
    for (const [ledgerPath, names] of jobsByLedger) {
      const { source, files } = openSource(ledgerPath, names);
      sources.push(source);
      own.push(...files);
    }
    warnOfCopies(sources, io);
    rendered =
      format === 'html' ? pageOf(sources, by, io) : RENDERERS[format](usageReport(sources, by));
  } catch (error) {
    throw asReadingError(error, sources.at(-1)?.ledgerPath ?? '');
  } finally {
    for (const { database } of sources) database.close();
  }
  const target = openTarget(parsed.output, io, () => own);
  try {
    if (await copy(rendered, target)) target.finish();
  } finally {
    target.abandon();
  }
  return EXIT.ok;
}

function pageOf(sources: readonly UsageSource[], by: readonly ByKey[], io: CommandIo): string {
  const data = reportData(sources, {
    by,
    nowMs: io.clock.wallMs(),
    stateOf: (ledgerPath, job) => jobState(job, lockHolder(ledgerPath)),
  });
  return reportPage(pageAssets(), { kind: 'file', data });
}

/** False if the reader of stdout went away. */
async function copy(rendered: Rendered, target: Target): Promise<boolean> {
  if (typeof rendered === 'string') return target.append(rendered);
  for await (const piece of rendered) if (!(await target.append(piece))) return false;
  return true;
}

function chosenJobs(parsed: UsageParsed, cwd: string): readonly ChosenJob[] {
  const { jobs, ledger, jobName } = parsed;
  if (jobs.length === 0) return chooseJobs({ job: undefined, ledger, jobName }, cwd);
  return jobs.flatMap((job) => chooseJobs({ job, ledger, jobName }, cwd));
}

/** Each job once, however often and by whatever names (including links of both kinds) it was given. */
function groupByLedger(chosen: readonly ChosenJob[]): ReadonlyMap<string, ReadonlySet<string>> {
  const pathByFile = new Map<string, string>();
  const ledgers = new Map<string, Set<string>>();
  for (const { ledgerPath, name } of chosen) {
    const real = realLedgerPath(ledgerPath);
    const file = fileOf(real);
    const path = pathByFile.get(file) ?? real;
    pathByFile.set(file, path);
    const names = ledgers.get(path) ?? new Set();
    ledgers.set(path, names.add(name));
  }
  return ledgers;
}

/** Identifies a file by device and inode; by its path if it does not exist. */
function fileOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? path : `${found.dev}:${found.ino}`;
}

/** A job created at the same moment on the same input is in a copy of its ledger: the sums are too high. */
function warnOfCopies(sources: readonly UsageSource[], io: CommandIo): void {
  const seen = new Map<string, string>();
  for (const { ledgerPath, jobs } of sources) {
    for (const job of jobs) {
      const key = sameJobKey(job);
      const other = seen.get(key);
      if (other === undefined) seen.set(key, ledgerPath);
      else
        io.writeErr(
          `qbatch: warning: job ${oneLine(job.name)} is in both ${pathText(other)} and ${pathText(ledgerPath)}, one a copy of the other: what both hold is counted twice\n`,
        );
    }
  }
}

/** The selected jobs of a ledger, and the files of all its jobs. */
function openSource(
  ledgerPath: string,
  names: ReadonlySet<string>,
): { readonly source: UsageSource; readonly files: readonly string[] } {
  const database = openSnapshot(ledgerPath);
  try {
    const all = listJobs(database);
    const jobs = all
      .filter(({ name }) => names.has(name))
      .map((job) => jobHere(job, ledgerPath, all));
    return {
      source: { ledgerPath, database, jobs },
      files: all.flatMap((job) => jobFiles(job, ledgerPath, all)),
    };
  } catch (error) {
    database.close();
    throw asReadingError(error, ledgerPath);
  }
}
