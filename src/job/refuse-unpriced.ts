import { ConfigError } from '../errors.ts';
import type { Pricing } from '../pricing.ts';

/** Refuses a cap that could not hold: throws 78 where a model of the job has no price. */
export function refuseUnpriced(model: string, maxCost: string | undefined, pricing: Pricing): void {
  if (maxCost === undefined || pricing.isPriced(model)) return;
  const other = pricing.pricedOnlyIn(model);
  // At the endpoints abroad most models are listed in yuan alone, while jobs there count in dollars.
  const count =
    other === null
      ? ''
      : `use ${other}, in which it has a price (--currency ${other}, and --max-cost in ${other}), `;
  throw new ConfigError(
    `${model} has no price in ${pricing.currency}, so --max-cost cannot be enforced`,
    `${count}give its price in a file with --catalog FILE, or run without --max-cost`,
  );
}
