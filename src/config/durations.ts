const MS_BY_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES_BY_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/**
 * The longest duration of a setting, in milliseconds: the maximum of a Node.js timer (2^31 - 1, about 24.8 days). A longer
 * one would fire at once instead of never.
 */
export const DURATION_MS_MAX: number = 2 ** 31 - 1;

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;
const SIZE = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)?$/;
const PERCENT = /^(\d+(?:\.\d+)?)%$/;

/**
 * Parses a duration: a number with `ms`, `s`, `m`, `h` or `d`; bare means seconds (`90`, `1.5h`, `200ms`). Returns whole
 * milliseconds, or undefined for anything else (signs, spaces, compounds such as `1h30m`), and beyond {@link
 * DURATION_MS_MAX}.
 */
export function parseDurationMs(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const ms = Math.round(Number(match[1]) * (MS_BY_UNIT[match[2] ?? 's'] ?? Number.NaN));
  return ms <= DURATION_MS_MAX ? ms : undefined;
}

/**
 * Parses a size: a number with `KiB`, `MiB` or `GiB`; bare (or with `B`) means bytes. Returns whole bytes, or undefined for
 * anything else; decimal units (`MB`) are refused rather than guessed at.
 */
export function parseSizeBytes(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * (BYTES_BY_UNIT[match[2] ?? 'B'] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Parses `P%` as the number P, more than 0 and at most 100; undefined for anything else. */
export function parsePercent(text: string): number | undefined {
  const match = PERCENT.exec(text);
  if (match === null) return undefined;
  const percent = Number(match[1]);
  return percent > 0 && percent <= 100 ? percent : undefined;
}
