import { shortAmount } from './amount-text.ts';
import { shortText } from './number-text.ts';
import type { Progress } from './reporter.ts';

/** Lines settled so far, whichever way. */
export function settledLines(progress: Progress): number {
  return progress.answered + progress.failed + progress.rejected;
}

/** Settled lines as a share from 0 to 1; a job without lines is done. */
export function settledShare(progress: Progress): number {
  if (progress.total <= 0) {
    return 1;
  }
  return Math.min(1, settledLines(progress) / progress.total);
}

/** A pace and its limit: `580/600 rpm`; without a known limit `580 rpm`. */
export function paceText(rate: number, limit: number | null, unit: string): string {
  const bound = limit === null ? '' : `/${shortText(limit)}`;
  return `${shortText(rate)}${bound} ${unit}`;
}

/** Spend and where it is heading: `1.23 of ~4.31 CNY`; empty where nothing is priced. */
export function spendText(progress: Progress): string {
  if (progress.cost === null) {
    return '';
  }
  const spent = shortAmount(progress.cost);
  const projected =
    progress.costProjected === null ? '' : ` of ~${shortAmount(progress.costProjected)}`;
  return `${spent}${projected} ${progress.currency}`;
}
