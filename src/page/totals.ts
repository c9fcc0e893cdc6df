import type { ReportData } from '../report/report-data.ts';
import type { UsageMeasures } from '../report/usage-report.ts';
import { h } from './dom.ts';
import type { Format } from './format.ts';
import type { View } from './state.ts';
import { word } from './words.ts';

/** A tile with a single figure. `name` is for programs that read the page. */
export function tile(name: string, title: string, value: string, note: string | null): HTMLElement {
  return h(
    'div',
    { class: 'tile', attributes: { 'data-tile': name } },
    h('span', { class: 'tile-title' }, title),
    h('strong', {}, value),
    note === null ? null : h('small', {}, note),
  );
}

function noteOf(...parts: readonly (string | null)[]): string | null {
  const said = parts.filter((part) => part !== null);
  return said.length === 0 ? null : said.join('; ');
}

/** An overview of the sums per currency. */
export function totalTiles({ format }: View, data: ReportData): HTMLElement[] {
  return data.totals.map((total, at) => {
    const tried = data.linesTried[at] ?? 0;
    const tiles = [...moneyTiles(format, total, tried), ...tokenTiles(format, total)];
    return h('div', { class: 'tiles' }, ...tiles);
  });
}

function moneyTiles(format: Format, total: UsageMeasures, tried: number): HTMLElement[] {
  const { language } = format;
  const { possibly_billed: uncertain, cost_per_answered_line: perLine } = total;
  const money = (text: string | null): string =>
    `${format.roughAmount(text)} ${text === null ? '' : (total.currency ?? '')}`.trim();
  const exact = (text: string | null): string | null =>
    text === null ? null : format.amount(text);
  /** What the amount excludes; an absent amount excludes everything, and says so itself. */
  const unpriced = (text: string | null, count: number): string | null =>
    text === null || count === 0 ? null : word(language, 'unpricedNote', format.whole(count));
  const calls = `${format.whole(uncertain.attempts)} ${word(language, 'calls')}`;
  const each = tried === 0 ? null : (total.attempts / tried).toFixed(2);
  return [
    tile(
      'cost',
      word(language, 'cost'),
      money(total.cost),
      noteOf(exact(total.cost), unpriced(total.cost, total.unpriced_lines)),
    ),
    tile(
      'possibly-billed',
      word(language, 'possiblyBilled'),
      money(uncertain.amount),
      noteOf(calls, unpriced(uncertain.amount, uncertain.unpriced_attempts)),
    ),
    tile('lines', word(language, 'lines'), format.whole(total.lines), endsOf(format, total)),
    tile(
      'attempts',
      word(language, 'attempts'),
      format.whole(total.attempts),
      each === null ? null : word(language, 'perLineNote', each),
    ),
    tile('per-answer', word(language, 'perAnswer'), money(perLine), exact(perLine)),
  ];
}

/** How the lines ended; rejected ones are omitted if there are none. */
function endsOf({ whole, language }: Format, { lines, answered, failed }: UsageMeasures): string {
  const rejected = lines - answered - failed;
  return [
    `${whole(answered)} ${word(language, 'answered')}`,
    `${whole(failed)} ${word(language, 'failed')}`,
    ...(rejected > 0 ? [`${whole(rejected)} ${word(language, 'rejected')}`] : []),
  ].join(', ');
}

function tokenTiles(format: Format, total: UsageMeasures): HTMLElement[] {
  const { language } = format;
  const { p50, p99 } = total.latency_ms;
  return [
    tile(
      'input',
      word(language, 'inputTokens'),
      format.whole(total.input_tokens),
      total.cache_hit_share === null
        ? null
        : word(language, 'cacheHitsNote', format.percent(total.cache_hit_share)),
    ),
    tile(
      'output',
      word(language, 'outputTokens'),
      format.whole(total.output_tokens),
      total.reasoning_tokens === null
        ? null
        : word(language, 'reasoningNote', format.whole(total.reasoning_tokens)),
    ),
    tile(
      'latency',
      word(language, 'latency'),
      `${format.duration(p50)} / ${format.duration(p99)}`,
      word(language, 'latencyNote'),
    ),
  ];
}
