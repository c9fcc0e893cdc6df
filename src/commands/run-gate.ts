import { retryFresh } from '../command-line/read-command.ts';
import { EXIT, QbatchError, UsageError } from '../errors.ts';
import { openPico } from '../job/projection.ts';
import { estimateSums } from '../ledger/estimates.ts';
import { lineCounts } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job } from '../ledger/records.ts';
import { formatPico, parseAmountPico } from '../models/price.ts';
import type { Currency } from '../models/scope.ts';
import { countText } from '../reporters/number-text.ts';
import { oneLine } from '../reporters/one-line.ts';
import { pathText } from '../reporters/path-text.ts';
import { problemTotals, problemsText } from '../reporters/problems.ts';
import type { ProgressMode } from '../reporters/progress-mode.ts';
import type { Reporter } from '../reporters/reporter.ts';
import type { Settings } from '../settings.ts';
import type { Survey } from '../survey.ts';
import type { CommandIo } from './io.ts';
import { refuseStopped } from './refuse-stopped.ts';
import type { Places } from './run-places.ts';

/** Destinations of a survey's findings. */
type FindingsReaders = {
  readonly places: Places;
  readonly io: CommandIo;
  readonly mode: ProgressMode;
  readonly reporter: Reporter;
};

/**
 * The last check before money is spent: the projected cost of the open lines (of the sample, if there is one; the rest is
 * confirmed later) against `--confirm-cost`, with the survey's warnings shown.
 */
export async function gate(
  survey: Survey,
  openLines: number,
  at: { settings: Settings; currency: Currency } & FindingsReaders,
): Promise<void> {
  tellFindings(survey, at);
  let expectedPico = 0;
  for (const entry of survey.models.values()) expectedPico += entry.expectedPico;
  const asked = Math.min(openLines, at.settings.sample ?? Infinity);
  const what = asked < openLines ? `the sample of ${countText(asked, 'line')}` : 'the job';
  await confirmCost(survey.valid === 0 ? 0 : (expectedPico * asked) / survey.valid, what, at);
}

/** Reports errors (of skipped lines) and warnings: as text to people, as one event with all findings to programs. */
function tellFindings({ problems, problemCounts }: Survey, at: FindingsReaders): void {
  const { places, io, mode, reporter } = at;
  const input = places.source.path;
  if (problemCounts.error + problemCounts.warning === 0) return;
  if (mode === 'json' || io.onEvent !== undefined) {
    reporter.report({
      event: 'notice',
      severity: 'warning',
      message: problemTotals(problemCounts, input),
      found: { problems, problemCounts },
    });
    return;
  }
  if (mode === 'none' || mode === 'quiet') return;
  const weighty = problems.filter(({ severity }) => severity !== 'note');
  io.writeErr(problemsText(weighty, { ...problemCounts, note: 0 }, input));
}

/** The same check without a survey: the projected cost of the open lines, or of the sample. */
export async function confirmOpen(
  ledger: Ledger,
  job: Job,
  at: { settings: Settings; currency: Currency; io: CommandIo },
): Promise<void> {
  const { answered, failed, open } = lineCounts(job);
  const pico = openPico(job.survey, estimateSums(ledger.database, job.id), open);
  const left = (at.settings.sample ?? 0) - answered - failed;
  const sampled = left > 0 && left < open;
  const what = sampled
    ? `the sample of ${countText(left, 'line')}`
    : `the ${countText(open, 'open line')}`;
  await confirmCost(sampled ? (pico * left) / open : pico, what, at);
}

/** The same check after the sample; returns why the run must stop, null: continue. */
export async function confirmSampled(
  expectedPico: number,
  openLines: number,
  at: { settings: Settings; currency: Currency; io: CommandIo },
): Promise<string | null> {
  try {
    await confirmCost(expectedPico, `the ${countText(openLines, 'open line')}`, at);
    return null;
  } catch (error) {
    if (!(error instanceof QbatchError)) throw error;
    // A signal during the question has stopped the run already: its reason is kept.
    if (error.exitCode === EXIT.limitReached || at.io.stop.aborted) return error.message;
    throw error;
  }
}

/** Asks before spending more than `--confirm-cost` on `what`; 3 without a terminal, or if the answer is no. */
async function confirmCost(
  expectedPico: number,
  what: string,
  at: { settings: Settings; currency: Currency; io: CommandIo },
): Promise<void> {
  const { settings, io } = at;
  if (settings.confirmCost === undefined || settings.yes) return;
  const expected = BigInt(Math.round(expectedPico));
  if (expected <= parseAmountPico(settings.confirmCost)) return;
  const cost = `about ${formatPico(expected)} ${at.currency}`;
  if (!io.isTty.stdin || !io.isTty.stderr) {
    throw new QbatchError(
      EXIT.limitReached,
      `${what} will cost ${cost}, more than --confirm-cost ${settings.confirmCost}`,
      'agree with --yes, or raise --confirm-cost',
    );
  }
  if (await io.confirm(`T${what.slice(1)} will cost ${cost}. Go on?`)) return;
  refuseStopped(io);
  throw new QbatchError(
    EXIT.limitReached,
    `not confirmed: nothing of ${what} was sent`,
    'run again when ready',
  );
}

/**
 * Refuses to forget paid answers in a `retry`, or if nobody can be asked because there is no terminal: 64, even if
 * `--fresh` comes from the environment or a file.
 */
export function refuseFresh(command: string, settings: Settings, io: CommandIo): void {
  if (!settings.fresh) return;
  if (command === 'retry') throw retryFresh();
  if (settings.yes || io.isTty.stdin) return;
  throw new UsageError(
    '--fresh forgets answers that were paid for; without a terminal it needs --yes',
    'add -y',
  );
}

/** Asks before paid answers are forgotten. */
export async function confirmFresh(
  settings: Settings,
  places: Places,
  io: CommandIo,
): Promise<void> {
  if (!settings.fresh || settings.yes) return;
  if (
    await io.confirm(
      `Forget everything that job ${oneLine(places.jobName)} in ${pathText(places.ledgerPath)} has answered?`,
    )
  )
    return;
  refuseStopped(io);
  throw new UsageError('--fresh was not confirmed');
}
