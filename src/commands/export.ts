import { setImmediate } from 'node:timers/promises';
import { EXIT, QbatchError } from '../errors.ts';
import { chooseJob, jobNamed } from '../ledger/find-jobs.ts';
import { lineCounts, listJobs } from '../ledger/jobs.ts';
import { lockHolder } from '../ledger/lock.ts';
import { movedFiles } from '../ledger/moved-files.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import type { Database } from '../ledger/database.ts';
import type { Job } from '../ledger/records.ts';
import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { parquetPieces } from '../report/parquet.ts';
import { countText } from '../reporters/number-text.ts';
import { oneLine } from '../reporters/one-line.ts';
import { type ExportRequest, exportCsv, exportJsonl, exportTable } from './export-rows.ts';
import type { CommandIo } from './io.ts';
import { jobFiles, ledgerFiles, openTarget, type Target } from './target.ts';

type ExportParsed = Extract<ParsedCommand, { readonly command: 'export' }>;

/** Rows are written in pieces of about this size. */
const PIECE_UNITS = 256 * 1024;

/**
 * `qbatch export [job]`: results, errors or attempts from the ledger, for all lines settled so far, even during a run. Ends
 * silently when the reader of stdout goes away. Throws 64 if `-o` names a file of the job's, 66 for an unknown job, 73 and
 * 74 for the output, 78 for a damaged ledger, and the signal's code when interrupted.
 */
export async function exportCommand(parsed: ExportParsed, io: CommandIo): Promise<number> {
  const chosen = chooseJob(parsed, io.cwd);
  await readLedger(chosen.ledgerPath, async (database) => {
    const jobs = listJobs(database);
    const job = jobNamed(jobs, chosen);
    const target = openTarget(parsed.output, io, () =>
      ownFiles(jobs, job, { ledgerPath: chosen.ledgerPath, request: parsed }),
    );
    try {
      if (await copy(piecesOf(database, job, parsed), target, io)) target.finish();
    } finally {
      target.abandon();
    }
    tellOpenLines(job, parsed, io);
  });
  return EXIT.ok;
}

/**
 * Files that must not be overwritten: the ledger's and those of all its jobs, except an output file of this job that
 * receives its proper content anyway, while no run is in progress.
 */
function ownFiles(
  jobs: readonly Job[],
  job: Job,
  { ledgerPath, request }: { readonly ledgerPath: string; readonly request: ExportParsed },
): string[] {
  const mayRebuild =
    request.format === 'jsonl' &&
    request.order === job.outputOrder &&
    lockHolder(ledgerPath) === null;
  const { resultsPath, errorsPath } = movedFiles(job, ledgerPath, jobs);
  const rebuilt = { results: resultsPath, errors: errorsPath, attempts: null }[request.what];
  const others = jobs.filter(({ id }) => id !== job.id);
  return [
    ...ledgerFiles(ledgerPath),
    ...others.flatMap((one) => jobFiles(one, ledgerPath, jobs)),
    ...jobFiles(job, ledgerPath, jobs).filter((file) => !mayRebuild || file !== rebuilt),
  ];
}

/** The export in its format, in pieces worth a write each. */
function piecesOf(
  database: Database,
  job: Job,
  parsed: ExportParsed,
): Iterable<string> | AsyncIterable<Uint8Array> {
  const request: ExportRequest = { what: parsed.what, order: parsed.order };
  switch (parsed.format) {
    case 'jsonl':
      return gathered(exportJsonl(database, job, request));
    case 'csv':
      return gathered(exportCsv(database, job, request));
    case 'parquet': {
      const { columns, rows } = exportTable(database, job, request);
      return parquetPieces(columns, rows);
    }
  }
}

function* gathered(rows: Iterable<string>): Generator<string> {
  let piece = '';
  for (const row of rows) {
    piece += row;
    if (piece.length < PIECE_UNITS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** Writes piece by piece. False if the reader went away. */
async function copy(
  pieces: Iterable<string> | AsyncIterable<Uint8Array>,
  target: Target,
  io: CommandIo,
): Promise<boolean> {
  for await (const piece of pieces) {
    if (!(await target.append(piece))) return false;
    await turn(io);
  }
  return true;
}

/** Lets signals be handled; throws the code of one that came. */
async function turn(io: CommandIo): Promise<void> {
  await setImmediate();
  if (io.stop.aborted)
    throw new QbatchError(
      io.signalCode() ?? EXIT.interrupted,
      'interrupted; the export is not complete',
      'run it again',
    );
}

function tellOpenLines(job: Job, parsed: ExportParsed, io: CommandIo): void {
  const { open } = lineCounts(job);
  if (open === 0 || parsed.quiet || parsed.what === 'attempts') return;
  const those = `${countText(open, 'line')} of job ${oneLine(job.name)}`;
  io.writeErr(
    `qbatch: ${those} ${open === 1 ? 'is' : 'are'} not settled yet and so not in the export\n`,
  );
}
