import type { ReportData, ReportJob, ReportLive } from '../report/report-data.ts';
import { distributionCharts, timeCharts } from './charts.ts';
import { h } from './dom.ts';
import { formatIn } from './format.ts';
import { livePanel } from './live-panel.ts';
import { clearPlots, mountPlots, redrawPlots } from './plot.ts';
import { groupsSection } from './groups.ts';
import { paceSection } from './pace-charts.ts';
import { projectionCharts } from './projection-charts.ts';
import { failuresSection, jobsSection, projectionSection } from './sections.ts';
import { totalTiles } from './totals.ts';
import type { Choices, View } from './state.ts';
import { type Language, word, wordOr } from './words.ts';

const POLL_MS = 1000;
/** Failed polls before the page reports that the run is gone. */
const MISSES_MAX = 3;
/** Polls for which a report waits while the reader uses a select list. */
const CHOOSING_MAX = 15;

/** The embedded content: a report, or where to fetch a live one. */
type Embedded =
  | { readonly kind: 'file'; readonly data: ReportData }
  | { readonly kind: 'live'; readonly live: ReportLive };

const choices: Choices = { sorts: new Map(), open: new Set(), selected: new Map() };
let language: Language = navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
let data: ReportData | null = null;
let live: ReportLive | null = null;
let isLost = false;

function view(): View {
  return { format: formatIn(language), choices, redraw };
}

function section(id: string, title: string, ...content: readonly (Node | null)[]): HTMLElement {
  return h('section', { attributes: { id } }, h('h2', {}, title), ...content);
}

function languageSwitch(): HTMLElement {
  const select = h(
    'select',
    {
      attributes: { id: 'language', 'aria-label': word(language, 'language') },
      onChange: (value) => {
        language = value === 'zh' ? 'zh' : 'en';
        redraw();
      },
    },
    h('option', { attributes: { value: 'en', lang: 'en' } }, 'English'),
    h('option', { attributes: { value: 'zh', lang: 'zh-CN' } }, '中文'),
  );
  select.value = language;
  return select;
}

/** The notice on simulated cost, which was not billed; null if no job was simulated. */
function simulatedNotice(jobs: readonly ReportJob[]): HTMLElement | null {
  const count = jobs.filter(({ simulated }) => simulated).length;
  if (count === 0) return null;
  const text =
    count === jobs.length
      ? word(language, 'simulated')
      : word(language, 'someSimulated', String(count), String(jobs.length));
  return h('p', { class: 'notice' }, text);
}

function header(now: View): HTMLElement {
  const title = word(language, live === null ? 'title' : 'liveTitle');
  const names = data?.jobs.map(({ job }) => job) ?? (live === null ? [] : [live.job]);
  const shown = names.length > 4 ? `${names.slice(0, 4).join(', ')} …` : names.join(', ');
  document.title = `${title}: ${shown}`;
  const made =
    data === null
      ? null
      : h(
          'p',
          { class: 'made' },
          `${word(language, 'generated')} ${now.format.moment(data.generatedAt)}, ${word(language, 'byVersion')} ${data.version}`,
        );
  return h(
    'header',
    {},
    h('div', {}, h('h1', {}, title, h('span', { class: 'names' }, ` ${shown}`)), made),
    languageSwitch(),
    simulatedNotice(data?.jobs ?? []),
  );
}

function report(now: View, shown: ReportData): (HTMLElement | null)[] {
  const by = shown.by.map((key) => wordOr(language, key)).join(', ');
  const hasCalls = shown.timeline.at.length > 0;
  const pace = paceSection(now, shown);
  const projection = projectionSection(now, shown);
  return [
    h('section', { attributes: { id: 'totals' } }, ...totalTiles(now, shown)),
    hasCalls
      ? h(
          'section',
          { class: 'charts' },
          ...timeCharts(now, shown),
          ...distributionCharts(now, shown),
        )
      : h('p', {}, word(language, 'noCalls')),
    pace === null ? null : section('pace', word(language, 'throughput'), pace),
    section('usage', `${word(language, 'groups')} ${by}`, groupsSection(now, shown)),
    section('failure-section', word(language, 'failures'), failuresSection(now, shown)),
    projection === null
      ? null
      : section(
          'projection',
          word(language, 'projection'),
          projectionCharts(now, shown),
          projection,
        ),
    section('job-section', word(language, 'jobs'), jobsSection(now, shown)),
  ];
}

/** Redraws everything with the current language and data. */
function redraw(): void {
  const now = view();
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  clearPlots();
  const main = h('main');
  if (live !== null) main.append(livePanel(now, live, isLost));
  if (data !== null) main.append(...report(now, data).filter((part) => part !== null));
  else if (live?.reportFailure === null) main.append(h('p', {}, word(language, 'preparing')));
  document.body.replaceChildren(header(now), main);
  mountPlots();
}

function redrawLive(): void {
  const panel = document.getElementById('live');
  if (panel === null || live === null) redraw();
  else panel.replaceWith(livePanel(view(), live, isLost));
}

async function fetchJson<Result>(name: string): Promise<Result> {
  const answer = await fetch(name, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return (await answer.json()) as Result;
}

/** Polls the run until it is gone; the page then keeps the last state. */
async function follow(): Promise<void> {
  let version = 0;
  let misses = 0;
  let waited = 0;
  while (misses < MISSES_MAX) {
    try {
      live = await fetchJson<ReportLive>('live.json');
      misses = 0;
      const { reportVersion } = live;
      const isChoosing = document.activeElement instanceof HTMLSelectElement;
      waited = isChoosing ? waited + 1 : 0;
      if (reportVersion > version && (!isChoosing || waited > CHOOSING_MAX)) {
        data = await fetchJson<ReportData>('report.json');
        version = reportVersion;
        redraw();
      } else redrawLive();
    } catch {
      misses += 1;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
  isLost = true;
  redrawLive();
}

function onPaper(isPaper: boolean): void {
  document.documentElement.classList.toggle('paper', isPaper);
  redrawPlots(isPaper);
}

function start(): void {
  const embedded = JSON.parse(document.getElementById('data')?.textContent ?? '') as Embedded;
  if (embedded.kind === 'file') data = embedded.data;
  else live = embedded.live;
  redraw();
  addEventListener('beforeprint', () => {
    onPaper(true);
  });
  addEventListener('afterprint', () => {
    onPaper(false);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    redrawPlots(false);
  });
  if (embedded.kind === 'live') void follow();
}

start();
