import { isoTime } from '../clock.ts';
import { EXIT } from '../errors.ts';
import type { Database } from '../ledger/database.ts';
import { filesWait } from '../ledger/jobs.ts';
import { type ChosenJob, chooseJob, jobNamed } from '../ledger/find-jobs.ts';
import { jobSummary } from '../ledger/job-summary.ts';
import { failuresByCode } from '../ledger/lines.ts';
import { lockHolder } from '../ledger/lock.ts';
import { readMark } from '../ledger/mark.ts';
import { jobsHere } from '../ledger/moved-files.ts';
import { possiblyBilledLines } from '../ledger/possibly-billed.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import type { Job } from '../ledger/records.ts';
import { dispatchFacts } from '../ledger/read-trace.ts';
import { usageReport } from '../ledger/usage.ts';
import { verifyLedger } from '../ledger/verify.ts';
import type { DisplayFlags, ParsedCommand } from '../command-line/parsed-command.ts';
import type { JobState, StatusReport } from '../library/job-reports.ts';
import { jsonText } from '../json/json-text.ts';
import { dispatchReport } from '../report/dispatch-report.ts';
import type { CommandIo } from './io.ts';
import { jobState } from './job-state.ts';
import type { JobStatus } from './job-status.ts';
import { statusText } from './status-text.ts';

/** This many `possibly_billed_lines` are listed; `possibly_billed.lines` counts all. */
const LINES_LISTED_MAX = 10_000;
/** Changes of limits and pace listed by `--json`, the last ones. */
const CHANGES_LISTED_MAX = 1_000;

/**
 * `qbatch status [job]`: one job in detail, even during a run (cli.md section 7). Returns 0 if it could be read, whatever
 * `--verify` found. Throws 66 for an unknown job, 64 for an ambiguous one, 78 for an unreadable ledger.
 */
export async function statusCommand(
  parsed: Extract<ParsedCommand, { readonly command: 'status' }>,
  io: CommandIo,
): Promise<number> {
  const status = await jobStatus(chooseJob(parsed, io.cwd), parsed.verify, io);
  const text = parsed.json
    ? `${jsonText(withDispatch(status))}\n`
    : statusText(status, { color: stdoutColor(parsed.color, io), width: io.stderr.columns ?? 100 });
  await io.writeOut(text);
  return EXIT.ok;
}

/** All reported facts of one job, with its ledger and files cross-checked if requested. */
export function jobStatus(chosen: ChosenJob, verify: boolean, io: LookIo): Promise<JobStatus> {
  const mark = verify ? readMark(chosen.ledgerPath) : null;
  return readLedger(chosen.ledgerPath, (database) =>
    lookAt(database, { ...chosen, io, mark, verify }),
  );
}

/** The part of the process that reading needs. */
type LookIo = Pick<CommandIo, 'clock' | 'stop'>;

type Look = ChosenJob & {
  readonly io: LookIo;
  readonly mark: number | null;
  readonly verify: boolean;
};

async function lookAt(database: Database, look: Look): Promise<JobStatus> {
  const { ledgerPath, io } = look;
  const job = jobNamed(jobsHere(database, ledgerPath), look);
  const holder = lockHolder(ledgerPath);
  const state = jobState(job, holder);
  const summary = jobSummary(database, job, {
    ledger: ledgerPath,
    elapsedMs: elapsedMs(job, state, io),
    stopped: state === 'open' && job.lastStop !== 'running' ? job.lastStop : null,
  });
  const facts = dispatchFacts(database, job, CHANGES_LISTED_MAX);
  return {
    summary,
    dispatch:
      facts === null ? null : dispatchReport(facts, state === 'running' ? io.clock.wallMs() : null),
    inputPath: job.inputPath,
    state,
    runFlags: job.runFlags,
    filesWait: filesWait(job),
    killed: state === 'open' && job.lastStop === 'running',
    holder,
    updatedAt: job.updatedAt,
    byModel: usageReport([{ ledgerPath, database, jobs: [job] }], ['model']),
    failures: failuresByCode(database, job.id),
    possiblyBilledLines: possiblyBilledLines(database, job.id, LINES_LISTED_MAX),
    verify: look.verify
      ? await verifyLedger(database, job, {
          ledgerPath,
          running: state === 'running',
          mark: look.mark,
          stop: io.stop,
        })
      : null,
  };
}

/** Whether a command's stdout is coloured: as `--color` says, else on a capable terminal. */
function stdoutColor(choice: DisplayFlags['color'], io: Pick<CommandIo, 'isTty' | 'env'>): boolean {
  if (choice !== 'auto') return choice === 'always';
  // NO_COLOR counts when it is not empty: https://no-color.org, 2023.
  return io.isTty.stdout && (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb';
}

/** The ledger records no working time: counts from the job's start to its last commit, or to now while it runs. */
function elapsedMs(job: Job, state: JobState, io: LookIo): number {
  return Math.max(0, (state === 'running' ? io.clock.wallMs() : job.updatedAt) - job.createdAt);
}

function withDispatch(status: JobStatus): object {
  const { verify, ...report } = statusReport(status);
  return { ...report, dispatch: status.dispatch, verify };
}

/** A status as the public report, without the dispatch. */
export function statusReport(status: JobStatus): StatusReport {
  const { holder, byModel } = status;
  return {
    ...status.summary,
    state: status.state,
    holder:
      holder === null
        ? null
        : {
            pid: holder.pid,
            host: holder.host,
            started_at: isoTime(holder.startedAt),
            job: holder.jobName,
          },
    by_model: byModel.groups.map(({ keys, ...measures }) => ({
      model: keys[0] ?? null,
      ...measures,
    })),
    failures: status.failures.map(({ code, lines, example }) => ({ code, lines, example })),
    possibly_billed_lines: status.possiblyBilledLines.map(({ lineNo, customId, attempts }) => ({
      line: lineNo,
      custom_id: customId,
      attempts,
    })),
    verify: status.verify,
  };
}
