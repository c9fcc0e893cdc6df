import type { ReportData, ReportLane } from '../report/report-data.ts';
import { h } from './dom.ts';
import { figure } from './figure.ts';
import type { Format } from './format.ts';
import type { View } from './state.ts';
import { word } from './words.ts';

const LANE = 'lane';

function laneName({ job, run, model }: ReportLane, data: ReportData, format: Format): string {
  const about = `${model}, ${word(format.language, 'run')} ${run}`;
  return data.jobs.length > 1 ? `${about} (${job})` : about;
}

/** How fast one model was called in one run, with its limits; selectable by the reader. */
export function paceSection(view: View, data: ReportData): HTMLElement | null {
  const { format, choices } = view;
  const { language } = format;
  const chosen = Number(choices.selected.get(LANE) ?? 0);
  const lane = data.lanes[chosen] ?? data.lanes[0];
  if (lane === undefined) return null;
  const select = h(
    'select',
    {
      attributes: { id: LANE },
      onChange: (value) => {
        choices.selected.set(LANE, value);
        view.redraw();
      },
    },
    ...data.lanes.map((one, index) => {
      const option = h(
        'option',
        { attributes: { value: String(index) } },
        laneName(one, data, format),
      );
      option.selected = one === lane;
      return option;
    }),
  );
  const used =
    lane.utilisation === null
      ? word(language, 'noLimit')
      : `${format.percent(lane.utilisation)} ${word(language, 'utilisation')}`;
  return h(
    'div',
    {},
    h(
      'label',
      { class: 'choice' },
      `${word(language, 'lane')} `,
      select,
      h('small', {}, ` ${used}`),
    ),
    h(
      'div',
      { class: 'pair' },
      paceChart(view, lane, { id: 'requests', rates: lane.requests, limits: lane.requestLimit }),
      paceChart(view, lane, { id: 'token-rate', rates: lane.tokens, limits: lane.tokenLimit }),
    ),
  );
}

/** A limit above this multiple of the highest rate would flatten the rate's line. */
const LIMIT_TIMES_MAX = 20;

type Limits = readonly (number | null)[];

/** The limits worth drawing with these rates, and the highest of the others; null: all are drawn. */
function drawnLimits(
  rates: readonly number[],
  limits: Limits,
): { readonly drawn: Limits; readonly beyond: number | null } {
  const most = LIMIT_TIMES_MAX * Math.max(0, ...rates);
  const beyond = limits.filter((limit) => limit !== null && limit > most);
  return {
    drawn: limits.map((limit) => (limit !== null && limit > most ? null : limit)),
    beyond: beyond.reduce<number | null>((high, limit) => Math.max(high ?? 0, limit ?? 0), null),
  };
}

function paceChart(
  view: View,
  lane: ReportLane,
  about: { id: string; rates: readonly number[]; limits: Limits },
): HTMLElement {
  const { format } = view;
  const { language } = format;
  const title = word(language, about.id === 'requests' ? 'requestRate' : 'tokenRate');
  const first = lane.at[0] ?? 0;
  const stepMs = Math.max(
    1000,
    ((lane.at.at(-1) ?? first) - first) / Math.max(1, lane.at.length - 1),
  );
  const { drawn, beyond } = drawnLimits(about.rates, about.limits);
  const isThrottled = about.id === 'requests' && lane.throttled.some((calls) => calls > 0);
  return figure(view, {
    id: about.id,
    title,
    kind: 'lines',
    ...(beyond !== null && {
      note: word(language, 'limitNotDrawn', format.whole(beyond), String(LIMIT_TIMES_MAX)),
    }),
    pointsTitle: word(language, 'time'),
    x: lane.at.map((at) => at / 1000),
    series: [
      { name: title, color: '--series-1', values: about.rates },
      ...(drawn.some((limit) => limit !== null)
        ? [{ name: word(language, 'limit'), color: '--ink', values: drawn, dashed: true }]
        : []),
      ...(isThrottled
        ? [{ name: word(language, 'throttled'), color: '--bad', values: lane.throttled }]
        : []),
    ],
    tick: (at) => format.step(at * 1000, stepMs),
    label: (at) => format.step(lane.at[at] ?? 0, stepMs),
    show: format.whole,
    showAxis: format.compact,
  });
}
