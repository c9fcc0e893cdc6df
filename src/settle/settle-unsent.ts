import type { Clock } from '../clock.ts';
import type { ApiFailure } from '../failure.ts';
import type { Journal } from '../execute/journal.ts';
import type { PlannedLine } from '../plan.ts';
import { failedLine } from './settled-line.ts';

/** Settles a line as failed without a call, after `attempts` earlier ones. */
export async function settleUnsent(
  line: PlannedLine,
  attempts: number,
  at: { readonly failure: ApiFailure; readonly clock: Clock; readonly journal: Journal },
): Promise<void> {
  const wallMs = at.clock.wallMs();
  await at.journal.settledUnsent(
    failedLine(line, attempts, { failure: at.failure, unsent: true, wallMs }),
  );
}
