/**
 * An exact amount for people: the decimal text as it is, less trailing zeros beyond two decimals
 * and with commas in its whole part (`1234.500000` → `1,234.50`). No arithmetic, so no rounding.
 * Text that is no plain decimal comes back unchanged.
 */
export function exactAmount(amount: string): string {
  const match = /^(-?\d+)(?:\.(\d+))?$/u.exec(amount);
  if (match === null) {
    return amount;
  }
  const whole = (match[1] ?? '').replaceAll(/(?<=\d)(?=(?:\d{3})+$)/gu, ',');
  const fraction = (match[2] ?? '').replace(/0+$/u, '').padEnd(2, '0');
  return `${whole}.${fraction}`;
}

/** An amount for a narrow place, rounded: `0.0012`, `0.43`, `12.30`, `4,310`. */
export function shortAmount(amount: string): string {
  const value = Number(amount);
  if (!Number.isFinite(value)) {
    return amount;
  }
  const size = Math.abs(value);
  if (size >= 1000) {
    return value.toFixed(0).replaceAll(/(?<=\d)(?=(?:\d{3})+$)/gu, ',');
  }
  return value.toFixed(size === 0 || size >= 0.1 ? 2 : 4);
}
