import type { Currency } from '../models/scope.ts';
import type { Pricing } from '../pricing.ts';

/** Lines without a price in the job's currency that have one in `currency`. */
export type PricedElsewhere = { readonly currency: Currency; readonly lines: number };

/** How many lines of these models have a price only in the other currency; null: none. Pure. */
export function pricedElsewhere(
  models: ReadonlyMap<string, { readonly lines: number }>,
  pricing: Pick<Pricing, 'pricedOnlyIn'>,
): PricedElsewhere | null {
  let other: Currency | null = null;
  let sum = 0;
  for (const [model, { lines }] of models) {
    const currency = pricing.pricedOnlyIn(model);
    if (currency === null) continue;
    other = currency;
    sum += lines;
  }
  return other === null ? null : { currency: other, lines: sum };
}
