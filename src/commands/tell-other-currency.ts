import { pricedElsewhere } from '../job/priced-elsewhere.ts';
import type { Pricing } from '../pricing.ts';
import type { Reporter } from '../reporters/reporter.ts';
import { unpricedText } from '../reporters/unpriced-text.ts';
import type { Survey } from '../survey.ts';

/**
 * Before the first call of a job, while its currency can still be chosen: reports lines with a price only in the other one.
 * Lines without any price are reported by `check`, and at the end.
 */
export function tellOtherCurrency({ models }: Survey, pricing: Pricing, reporter: Reporter): void {
  const elsewhere = pricedElsewhere(models, pricing);
  if (elsewhere === null) return;
  let lines = 0;
  for (const entry of models.values()) if (!entry.priced) lines += entry.lines;
  const message = unpricedText(lines, pricing.currency, elsewhere);
  reporter.report({ event: 'notice', severity: 'note', message });
}
