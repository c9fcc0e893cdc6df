import { ConfigError } from '../errors.ts';
import type { Pricing } from '../pricing.ts';

/** Refuses a cap that could not hold: throws 78 where a model of the job has no price. */
export function refuseUnpriced(model: string, maxCost: string | undefined, pricing: Pricing): void {
  if (maxCost === undefined || pricing.isPriced(model)) return;
  throw new ConfigError(
    `${model} has no price in ${pricing.currency}, so --max-cost cannot hold`,
    'give its price in a file with --catalog FILE, or run without --max-cost',
  );
}
