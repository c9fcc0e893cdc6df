import type { PricedElsewhere } from '../job/priced-elsewhere.ts';
import { countText, wholeText } from './number-text.ts';

/** Reports how many lines have no price in the job's `currency`, and in which one they do. */
export function unpricedText(
  lines: number,
  currency: string,
  elsewhere: PricedElsewhere | null,
): string {
  if (elsewhere === null) return `no price for ${countText(lines, 'line')}`;
  const { currency: other, lines: priced } = elsewhere;
  const all = lines === 1 ? 'it has' : 'they have';
  const some = `${wholeText(priced)} of them ${priced === 1 ? 'has' : 'have'}`;
  // At the international endpoints most models are listed only in yuan, while jobs there count in dollars.
  return `no price in ${currency} for ${countText(lines, 'line')}; with --currency ${other} ${priced === lines ? all : some} one`;
}
