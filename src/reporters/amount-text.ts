import { thousands } from './number-text.ts';

const DECIMALS_LEAST = 2;

/** The decimals needed to align exact amounts in a column. */
export function decimalsOf(amounts: readonly (string | null)[]): number {
  return amounts.reduce((most, amount) => {
    const [, fraction = ''] = /\.(\d+)$/u.exec(amount ?? '') ?? [];
    return Math.max(most, fraction.replace(/0+$/u, '').length);
  }, DECIMALS_LEAST);
}

/**
 * An exact amount for display: the decimal text without trailing zeros beyond `decimals` (default two) and with thousands
 * separators (`1234.500000` → `1,234.50`). No arithmetic, so no rounding. Other text is returned unchanged.
 */
export function exactAmount(amount: string, decimals: number = DECIMALS_LEAST): string {
  const match = /^(-?\d+)(?:\.(\d+))?$/u.exec(amount);
  if (match === null) {
    return amount;
  }
  const whole = thousands(match[1] ?? '');
  const fraction = (match[2] ?? '').replace(/0+$/u, '').padEnd(decimals, '0');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** A rounded amount for narrow places: `0.0012`, `0.43`, `12.30`, `4,310`. */
export function shortAmount(amount: string): string {
  const value = Number(amount);
  if (!Number.isFinite(value)) {
    return amount;
  }
  const size = Math.abs(value);
  if (size >= 1000) {
    return thousands(value.toFixed(0));
  }
  return value.toFixed(size === 0 || size >= 0.1 ? 2 : 4);
}
