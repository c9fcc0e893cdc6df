import type { ReportLive } from '../report/report-data.ts';
import { numberColumn, textColumn } from './columns.ts';
import { h, plain } from './dom.ts';
import type { Format } from './format.ts';
import { codeColumn } from './sections.ts';
import type { View } from './state.ts';
import { type Column, sortableTable } from './table.ts';
import { tile } from './totals.ts';
import { word, wordOr } from './words.ts';

type LiveModel = NonNullable<ReportLive['dispatch']>['models'][number];
type LiveProgress = NonNullable<ReportLive['progress']>;

/** A tile with a bar filled to `share`, 0 to 1; null: unknown. */
function meterTile(
  name: string,
  title: string,
  about: { readonly value: string; readonly note: string | null; readonly share: number | null },
): HTMLElement {
  const { value, note, share } = about;
  const shown = share === null ? 0 : Math.min(1, Math.max(0, share));
  const bar = h('span');
  bar.style.width = `${(100 * shown).toFixed(2)}%`;
  const now = share === null ? {} : { 'aria-valuenow': (100 * shown).toFixed(1) };
  const ends = { 'aria-valuemin': '0', 'aria-valuemax': '100' };
  const attributes = { role: 'progressbar', 'aria-label': title, ...ends, ...now };
  const element = tile(name, title, value, note);
  element.append(h('div', { class: 'meter', attributes }, bar));
  return element;
}

function shareOf(part: number, whole: number | null): number | null {
  return whole === null || whole <= 0 ? null : part / whole;
}

/** The current state of a running job. */
export function livePanel(view: View, live: ReportLive, isLost: boolean): HTMLElement {
  const { format } = view;
  const { language } = format;
  const { progress, dispatch, failures } = live;
  return h(
    'section',
    { class: 'live', attributes: { id: 'live', 'data-state': live.state } },
    h(
      'h2',
      {},
      `${word(language, 'progress')} `,
      h('span', { class: `badge ${live.state}` }, word(language, live.state)),
      live.stopReason === null ? null : h('small', {}, ` ${plain(live.stopReason)}`),
    ),
    isLost ? h('p', { class: 'notice' }, word(language, 'connectionLost')) : null,
    live.reportFailure === null
      ? null
      : h('p', { class: 'notice' }, word(language, 'noReport', plain(live.reportFailure))),
    progress === null
      ? null
      : h(
          'div',
          { class: 'tiles' },
          ...spendTiles(format, progress),
          ...rateTiles(format, live, progress),
        ),
    progress?.slow ? h('p', { class: 'notice' }, plain(progress.slow)) : null,
    dispatch === null || dispatch.models.length === 0 ? null : modelsTable(view, dispatch.models),
    failures.length === 0 ? null : failuresTable(view, failures),
  );
}

function spendTiles(format: Format, progress: LiveProgress): HTMLElement[] {
  const { language } = format;
  const settled = progress.answered + progress.failed + progress.rejected;
  const left =
    progress.etaMs === null
      ? ''
      : `, ${format.duration(progress.etaMs)} ${word(language, 'remaining')}`;
  const { maxCost, costProjected: projected, unpricedLines: unpriced, currency } = progress;
  const certain = progress.cost ?? '0';
  const isUnpriced = progress.cost === null && unpriced > 0;
  const uncertain = progress.possiblyBilled ?? '0';
  const notes = [
    Number(uncertain) === 0 ? null : word(language, 'besides', format.roughAmount(uncertain)),
    maxCost === null
      ? word(language, 'noCap')
      : word(language, 'ofCap', format.amount(maxCost), currency),
    projected === null ? null : word(language, 'projected', format.roughAmount(projected)),
    unpriced === 0 ? null : word(language, 'unpricedNote', format.whole(unpriced)),
  ];
  return [
    meterTile('progress', word(language, 'lines'), {
      value: format.whole(settled),
      note: `${word(language, 'ofLines', format.whole(progress.total))}; ${format.duration(progress.elapsedMs)} ${word(language, 'elapsed')}${left}`,
      share: shareOf(settled, progress.total),
    }),
    meterTile('spent', word(language, 'spent'), {
      value: isUnpriced ? format.roughAmount(null) : `${format.roughAmount(certain)} ${currency}`,
      note: notes.filter((note) => note !== null).join('; '),
      // As counted by the cap.
      share:
        maxCost === null ? null : shareOf(Number(certain) + Number(uncertain), Number(maxCost)),
    }),
  ];
}

function rateTiles(format: Format, live: ReportLive, progress: LiveProgress): HTMLElement[] {
  const { language } = format;
  const whole = (value: number): string => format.whole(Math.round(value));
  const rate = (name: 'rpm' | 'tpm', title: string, limit: number | null): HTMLElement =>
    meterTile(name, title, {
      value: whole(progress[name]),
      note: limit === null ? word(language, 'noLimit') : word(language, 'ofLimit', whole(limit)),
      share: shareOf(progress[name], limit),
    });
  const concurrency = live.dispatch?.concurrency ?? null;
  return [
    rate('rpm', word(language, 'requestRate'), progress.rpmLimit),
    rate('tpm', word(language, 'tokenRate'), progress.tpmLimit),
    meterTile('in-flight', word(language, 'inFlight'), {
      value: format.whole(progress.inFlight),
      note: concurrency === null ? null : word(language, 'ofConcurrency', whole(concurrency)),
      share: shareOf(progress.inFlight, concurrency),
    }),
    tile(
      'failed',
      word(language, 'failedLines'),
      format.whole(progress.failed),
      `${format.whole(progress.throttled)} ${word(language, 'throttled')}`,
    ),
  ];
}

function modelsTable(view: View, models: readonly LiveModel[]): HTMLElement {
  const { format } = view;
  const { language } = format;
  const rounded = (value: number | null): string =>
    value === null ? '–' : format.whole(Math.round(value));
  const rate = (
    title: string,
    valueOf: (row: LiveModel) => number | null,
    limitOf: (row: LiveModel) => number | null,
  ): Column<LiveModel> => ({
    title: `${title} / ${word(language, 'limit')}`,
    numeric: true,
    sortBy: valueOf,
    show: (row) => `${rounded(valueOf(row))} / ${rounded(limitOf(row))}`,
  });
  const columns: Column<LiveModel>[] = [
    textColumn(word(language, 'model'), (row) => row.model),
    textColumn(word(language, 'state'), (row) => wordOr(language, row.state)),
    rate(
      word(language, 'requestsAMinute'),
      (row) => row.rpm,
      (row) => row.rpmLimit,
    ),
    rate(
      word(language, 'tokensAMinute'),
      (row) => row.tpm,
      (row) => row.tpmLimit,
    ),
    numberColumn(word(language, 'inFlight'), (row) => row.inFlight, format.whole),
    numberColumn(word(language, 'waiting'), (row) => row.waiting, format.whole),
    numberColumn(
      word(language, 'throttled'),
      ({ throttles }) => throttles.rate + throttles.tokens + throttles.burst,
      format.whole,
    ),
  ];
  return sortableTable(view, { id: 'live-models', columns, rows: models });
}

function failuresTable(view: View, failures: ReportLive['failures']): HTMLElement {
  const { format } = view;
  const lines = word(format.language, 'lineCount');
  const columns = [
    codeColumn(format),
    numberColumn(lines, (row: ReportLive['failures'][number]) => row.lines, format.whole),
  ];
  return sortableTable(view, { id: 'live-failures', columns, rows: failures });
}
