import path from 'node:path';
import { isoTime } from '../clock.ts';
import { EXIT, QbatchError } from '../errors.ts';
import { findLedgers } from '../ledger/find-jobs.ts';
import { unpricedLines } from '../ledger/job-summary.ts';
import { lineCounts } from '../ledger/jobs.ts';
import { lockHolder } from '../ledger/lock.ts';
import { jobsHere } from '../ledger/moved-files.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import { stillSurveyed } from '../ledger/still-surveyed.ts';
import type { ListedJob } from '../library/job-reports.ts';
import { formatPico } from '../models/price.ts';
import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { jsonText } from '../json/json-text.ts';
import { decimalsOf, exactAmount } from '../reporters/amount-text.ts';
import { wholeText } from '../reporters/number-text.ts';
import { oneLine } from '../reporters/one-line.ts';
import { alignTable } from '../reporters/table.ts';
import type { CommandIo } from './io.ts';
import { jobState } from './job-state.ts';

const CELL_CHARS_MAX = 200;
const TEXT_CHARS_MAX = 1_000;
const RIGHT: readonly boolean[] = [false, false, true, true, true, true, true, true, false, false];

/**
 * `qbatch jobs [dir]`: all jobs of the ledgers in a folder, most recently changed first. An unreadable ledger is reported
 * on stderr and does not hide the others. Returns 0, even if there are none; throws 66 if the folder cannot be listed.
 */
export async function jobsCommand(
  parsed: Extract<ParsedCommand, { readonly command: 'jobs' }>,
  io: CommandIo,
): Promise<number> {
  const folder = path.resolve(io.cwd, parsed.dir);
  const jobs: ListedJob[] = [];
  let unreadable = 0;
  let toCome = 0;
  for (const ledgerPath of findLedgers(folder)) {
    try {
      const listed = await listLedger(ledgerPath);
      jobs.push(...listed);
      const names = listed.map(({ job }) => job);
      const surveyed = stillSurveyed(ledgerPath, names);
      if (surveyed === null) continue;
      toCome += 1;
      if (!parsed.quiet) io.writeErr(`${oneLine(surveyed, TEXT_CHARS_MAX)}\n`);
    } catch (error) {
      if (!(error instanceof QbatchError)) throw error;
      unreadable += 1;
      io.writeErr(`qbatch: ${oneLine(error.message)}\n`);
    }
  }
  jobs.sort((a, b) => (a.updated_at === b.updated_at ? 0 : a.updated_at < b.updated_at ? 1 : -1));
  if (parsed.json) {
    await io.writeOut(`${jsonText({ schema: 1, jobs })}\n`);
  } else if (jobs.length > 0) {
    await io.writeOut(`${tableOf(jobs, folder)}\n`);
  } else if (!parsed.quiet && unreadable + toCome === 0) {
    io.writeErr(`no jobs in ${oneLine(folder, CELL_CHARS_MAX)}; start one with qbatch run FILE\n`);
  }
  return EXIT.ok;
}

/** The jobs of one ledger, oldest first. */
export async function listLedger(ledgerPath: string): Promise<ListedJob[]> {
  const holder = lockHolder(ledgerPath);
  return await readLedger(ledgerPath, (database) =>
    jobsHere(database, ledgerPath).map((job) => ({
      job: job.name,
      ledger: ledgerPath,
      input: job.inputPath,
      state: jobState(job, holder),
      simulated: job.identity.simulated,
      lines: lineCounts(job),
      cost: {
        amount: formatPico(job.costPico),
        currency: job.currency,
        unpriced_lines: unpricedLines(database, job.id),
      },
      updated_at: isoTime(job.updatedAt),
    })),
  );
}

function tableOf(jobs: readonly ListedJob[], folder: string): string {
  const header = [
    'JOB',
    'STATE',
    'LINES',
    'ANSWERED',
    'FAILED',
    'REJECTED',
    'OPEN',
    'COST',
    'LAST CHANGE',
    'LEDGER',
  ];
  const decimals = decimalsOf(jobs.map(({ cost }) => cost.amount));
  const rows = jobs.map(({ job, state, simulated, lines, cost, ledger, updated_at: updatedAt }) => [
    oneLine(job, CELL_CHARS_MAX),
    simulated ? `${state}, simulated` : state,
    ...[lines.total, lines.answered, lines.failed, lines.rejected, lines.open].map(wholeText),
    `${exactAmount(cost.amount, decimals)} ${cost.currency}${cost.unpriced_lines > 0 ? ' +?' : ''}`,
    updatedAt,
    oneLine(path.relative(folder, ledger), CELL_CHARS_MAX),
  ]);
  return alignTable([header, ...rows], { right: RIGHT });
}
