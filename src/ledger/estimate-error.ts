import { formatPico } from '../models/price.ts';
import type { EstimateError } from '../reporters/reporter.ts';
import { type EstimateSums, NO_SUMS } from './estimates.ts';

/** What was expected beside what came, over all models; null where nothing was answered. Pure. */
export function estimateError(sums: readonly EstimateSums[]): EstimateError | null {
  const total: Record<keyof typeof NO_SUMS, number> = { ...NO_SUMS };
  for (const each of sums) {
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += each[key];
  }
  if (total.lines === 0) return null;
  const amount = (pico: number): string => formatPico(BigInt(Math.round(pico)));
  return {
    lines: total.lines,
    input_tokens: { estimated: total.inputEstimated, actual: total.inputActual },
    output_tokens: { estimated: total.outputEstimated, actual: total.outputActual },
    cost:
      total.picoEstimated > 0
        ? { estimated: amount(total.picoEstimated), actual: amount(total.picoActual) }
        : null,
  };
}
