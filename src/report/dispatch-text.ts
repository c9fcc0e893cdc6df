import { durationText } from '../reporters/duration-text.ts';
import { countText, wholeText } from '../reporters/number-text.ts';
import { oneLine } from '../reporters/one-line.ts';
import { pathText } from '../reporters/path-text.ts';
import { alignTable } from '../reporters/table.ts';
import type { DispatchedModel, DispatchReport } from './dispatch-report.ts';

const NAME_CHARS_MAX = 120;
const REASON_CHARS_MAX = 200;
/** Changes of limits and pace shown in the text, the last ones; `--json` shows more. */
const CHANGES_TOLD = 5;

const HEADER = [
  'model',
  'rpm limit',
  'tpm limit',
  'starts',
  'admitted',
  '429s',
  'of quota',
  'most/mean',
] as const;
const RIGHT = HEADER.map((_, column) => column > 0);

function percentText(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(1)}%`;
}

function limitText(limit: number | null, origin: string): string {
  return limit === null ? '-' : `${wholeText(limit)} (${pathText(origin)})`;
}

function rowOf(model: DispatchedModel): string[] {
  const { rate, tokens, burst } = model.throttled;
  return [
    oneLine(model.model, NAME_CHARS_MAX),
    limitText(model.rpm_limit, model.rpm_origin),
    limitText(model.tpm_limit, model.tpm_origin),
    wholeText(model.starts),
    wholeText(model.admitted),
    wholeText(rate + tokens + burst),
    percentText(model.utilisation),
    model.evenness === null ? '-' : model.evenness.toFixed(2),
  ];
}

function makespanText({ makespan_ms, ideal_ms, makespan_ratio }: DispatchReport): string[] {
  if (makespan_ms === null) return [];
  const ideal =
    ideal_ms === null || makespan_ratio === null
      ? ''
      : `, ${makespan_ratio.toFixed(2)} x the ${durationText(ideal_ms)} that its limits would have taken`;
  return [`it took ${durationText(makespan_ms)}${ideal}`];
}

/** What a change affected, named as in the tables above it. */
const DIMENSION_TEXT: ReadonlyMap<string, string> = new Map([
  ['requests', 'rpm'],
  ['tokens', 'tpm'],
  ['concurrency', 'calls in flight'],
]);

/** Events of a model's lane as a whole: they have no numbers, so the reason says all. */
const LANE_TEXT: ReadonlyMap<string, string> = new Map([
  ['capacity', 'called less often for a while: calls failed at the service'],
  ['recovered', 'called as often as before: its failures do not come from how often it is called'],
  ['retry-after', 'paused: the service asked for it (Retry-After)'],
  ['held up', 'paused for a second: calls that were held up on the way came all at once'],
  ['parked', 'parked: no more calls of it in that run'],
]);

function changeText({
  at,
  model,
  dimension,
  ...change
}: DispatchReport['changes'][number]): string {
  const value = (bound: number | null): string => (bound === null ? 'any' : wholeText(bound));
  const whose = model === null ? '' : `${oneLine(model, NAME_CHARS_MAX)} `;
  const reason = oneLine(change.reason, REASON_CHARS_MAX);
  if (dimension === 'lane') return `  ${at} ${whose}${LANE_TEXT.get(change.reason) ?? reason}`;
  const what = DIMENSION_TEXT.get(dimension) ?? dimension;
  return `  ${at} ${whose}${what} ${value(change.from)} -> ${value(change.to)}: ${reason}`;
}

/** How the last run used its quota, as lines of text. */
export function dispatchText(report: DispatchReport): string[] {
  const { run, models, throttled, attempts_per_line: perLine, changes } = report;
  if (models.length === 0) return [];
  const told = changes.slice(-CHANGES_TOLD);
  const codes = throttled.map(
    ({ code, attempts }) => `${oneLine(code, NAME_CHARS_MAX)} ${wholeText(attempts)}`,
  );
  return [
    `quota use of run ${run}:`,
    ...alignTable([HEADER, ...models.map(rowOf)], { right: RIGHT }).split('\n'),
    ...makespanText(report),
    ...(perLine === null ? [] : [`${perLine.toFixed(2)} attempts a line over all runs`]),
    ...(codes.length === 0 ? [] : [`429s by code, over all runs: ${codes.join(', ')}`]),
    ...(told.length === 0
      ? []
      : [
          `last of ${countText(changes.length, 'change')} of limits and pace:`,
          ...told.map(changeText),
        ]),
  ];
}
