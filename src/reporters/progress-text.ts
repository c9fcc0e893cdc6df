import { shortAmount } from './amount-text.ts';
import { shortText, wholeText } from './number-text.ts';
import type { Progress } from './reporter.ts';

/** Lines settled so far, with any outcome. */
export function settledLines(progress: Progress): number {
  return progress.answered + progress.failed + progress.rejected;
}

/** Share of settled lines, 0 to 1; a job without lines is done. */
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

/**
 * Spend and projection: `1.23 of ~4.31 CNY`, under a cap `1.23 of ~4.31 CNY (+0.02 possibly billed), cap 5.00`; excluded
 * lines are counted: `1.23 CNY, 40 unpriced`. Empty if nothing was spent.
 */
export function spendText(progress: Progress): string {
  const { cost, costProjected, possiblyBilled, maxCost, unpricedLines, currency } = progress;
  const uncertain = Number(possiblyBilled ?? 0) > 0 ? possiblyBilled : null;
  if (cost === null && uncertain === null) {
    return '';
  }
  const spent = shortAmount(cost ?? '0');
  const projected = costProjected === null ? '' : ` of ~${shortAmount(costProjected)}`;
  const besides = uncertain === null ? '' : ` (+${shortAmount(uncertain)} possibly billed)`;
  const cap = maxCost === null ? '' : `, cap ${shortAmount(maxCost)}`;
  const unpriced = unpricedLines === 0 ? '' : `, ${wholeText(unpricedLines)} unpriced`;
  return `${spent}${projected} ${currency}${besides}${cap}${unpriced}`;
}
