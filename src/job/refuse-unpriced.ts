import { ConfigError } from '../errors.ts';
import type { Pricing } from '../pricing.ts';

/** Refuses a cap that cannot be enforced: throws 78 if a model of the job has no price. */
export function refuseUnpriced(model: string, maxCost: string | undefined, pricing: Pricing): void {
  if (maxCost === undefined || pricing.isPriced(model)) return;
  const other = pricing.pricedOnlyIn(model);
  // At the international endpoints most models are listed only in yuan, while jobs there count in dollars.
  const count =
    other === null
      ? ''
      : `use ${other}, in which it has a price (--currency ${other}, and --max-cost in ${other}), `;
  throw new ConfigError(
    `${model} has no price in ${pricing.currency}, so --max-cost cannot be enforced`,
    `${count}give its price in a file with --catalog FILE, or run without --max-cost`,
  );
}
