import { exactAmount } from '../reporters/amount-text.ts';
import { type Language, word } from './words.ts';

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNKNOWN = '–';

/** Formatting of numbers, amounts and times in one language. */
export type Format = {
  readonly language: Language;
  /** 1,234,567 */
  whole(value: number | null): string;
  /** 1.2M, for axes. */
  compact(value: number): string;
  /** 12.3% of a share of 1. */
  percent(share: number | null): string;
  /** An exact decimal text with grouped digits; trailing zeros are kept only up to `decimals` (2). */
  amount(text: string | null, decimals?: number): string;
  /** The same, rounded for overviews. */
  roughAmount(text: string | null): string;
  /** An amount on an axis or in a chart. */
  drawnAmount(value: number): string;
  duration(ms: number | null): string;
  moment(ms: number): string;
  /** A time, as short as steps of that width allow. */
  step(ms: number, spanMs: number): string;
};

function duration(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Three significant digits; no decimals if the integer part has that many. */
function drawnAmount(value: number): string {
  if (value === 0) return '0';
  if (value >= 100) return exactAmount(value.toFixed(0), 0);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(value)));
  return exactAmount(value.toFixed(Math.min(12, digits)), 0);
}

export function formatIn(language: Language): Format {
  const locale = LOCALES[language];
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  // British English writes millions as `m`.
  const compact = new Intl.NumberFormat(language === 'en' ? 'en-US' : locale, {
    notation: 'compact',
    maximumFractionDigits: 1,
  });
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
  const day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' });
  const clock = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  });
  return {
    language,
    whole: (value) => (value === null ? UNKNOWN : whole.format(value)),
    compact: (value) => compact.format(value),
    percent: (value) => (value === null ? UNKNOWN : share.format(value)),
    amount: (text, decimals) => (text === null ? UNKNOWN : exactAmount(text, decimals)),
    roughAmount: (text) =>
      text === null
        ? word(language, 'unpriced')
        : Number(text) >= 1 || Number(text) === 0
          ? exactAmount(Number(text).toFixed(2))
          : drawnAmount(Number(text)),
    drawnAmount,
    duration,
    moment: (ms) => moment.format(ms),
    step: (ms, spanMs) => {
      if (spanMs >= DAY_MS) return day.format(ms);
      const time = clock.format(ms);
      return spanMs >= MINUTE_MS
        ? `${day.format(ms)} ${time}`
        : `${time}:${String(new Date(ms).getSeconds()).padStart(2, '0')}`;
    },
  };
}
