/** An integer with thousands separators: `1,234,567`. Rounds; `?` if not finite. */
export function wholeText(value: number): string {
  if (!Number.isFinite(value)) {
    return '?';
  }
  return thousands(String(Math.round(value)));
}

/** Digits of an integer with thousands separators. */
export function thousands(digits: string): string {
  return digits.replaceAll(/(?<=\d)(?=(?:\d{3})+$)/gu, ',');
}

/** A number in at most five characters for narrow places: `950`, `9.2k`, `92k`, `1.2M`. */
export function shortText(value: number): string {
  if (!Number.isFinite(value)) {
    return '?';
  }
  if (Math.abs(value) < 999.5) {
    return String(Math.round(value));
  }
  for (const [unit, size] of [
    ['k', 1e3],
    ['M', 1e6],
    ['G', 1e9],
  ] as const) {
    const scaled = value / size;
    if (Math.abs(scaled) < 999.5 || unit === 'G') {
      const digits = Math.abs(scaled) < 9.95 ? 1 : 0;
      return `${scaled.toFixed(digits)}${unit}`;
    }
  }
  return wholeText(value);
}

/** A count and its noun: `1 line`, `37 lines`, `1,200 tokens`. */
export function countText(count: number, noun: string): string {
  return `${wholeText(count)} ${noun}${count === 1 ? '' : 's'}`;
}
