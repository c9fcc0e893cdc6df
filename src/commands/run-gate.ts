import { EXIT, QbatchError, UsageError } from '../errors.ts';
import { formatPico, parseAmountPico } from '../models/price.ts';
import type { Currency } from '../models/scope.ts';
import { problemsText } from '../reporters/problems.ts';
import type { ProgressMode } from '../reporters/progress-mode.ts';
import type { Settings } from '../settings.ts';
import type { Survey } from '../survey.ts';
import type { CommandIo } from './io.ts';
import type { Places } from './run-places.ts';

/** Groups of survey problems shown to people. */
const PROBLEM_GROUPS_SHOWN = 20;

/** The last look before money is spent: cost against `--confirm-cost`, with the survey's warnings shown. */
export async function gate(
  survey: Survey,
  at: { settings: Settings; places: Places; currency: Currency; io: CommandIo; mode: ProgressMode },
): Promise<void> {
  const { settings, places, io, mode } = at;
  const { problemCounts } = survey;
  if (
    mode !== 'json' &&
    mode !== 'none' &&
    mode !== 'quiet' &&
    problemCounts.error + problemCounts.warning > 0
  ) {
    const weighty = survey.problems.filter(({ severity }) => severity !== 'note');
    io.writeErr(
      problemsText(
        weighty,
        { ...problemCounts, note: 0 },
        places.source.path,
        PROBLEM_GROUPS_SHOWN,
      ),
    );
  }
  if (settings.confirmCost === undefined || settings.yes) return;
  let expectedPico = 0;
  for (const entry of survey.models.values()) expectedPico += entry.expectedPico;
  const expected = BigInt(Math.round(expectedPico));
  if (expected <= parseAmountPico(settings.confirmCost)) return;
  const cost = `about ${formatPico(expected)} ${at.currency}`;
  if (!io.isTty.stdin || !io.isTty.stderr) {
    throw new QbatchError(
      EXIT.limitReached,
      `the job will cost ${cost}, more than --confirm-cost ${settings.confirmCost}`,
      'agree with --yes, or raise --confirm-cost',
    );
  }
  if (await io.confirm(`The job will cost ${cost}. Go on?`)) return;
  throw new QbatchError(
    EXIT.limitReached,
    'not confirmed; nothing was sent',
    'run again when ready',
  );
}

/** Asks before answers that were paid for are forgotten; 64 without a terminal and without `--yes`. */
export async function confirmFresh(
  settings: Settings,
  places: Places,
  io: CommandIo,
): Promise<void> {
  if (!settings.fresh || settings.yes) return;
  if (!io.isTty.stdin)
    throw new UsageError(
      '--fresh forgets answers that were paid for; without a terminal it needs --yes',
      'add -y',
    );
  if (
    await io.confirm(
      `Forget everything that job ${places.jobName} in ${places.ledgerPath} has answered?`,
    )
  )
    return;
  throw new UsageError('--fresh was not confirmed');
}
