import { durationText } from './duration-text.ts';
import { shortText, wholeText } from './number-text.ts';
import { oneLine } from './one-line.ts';
import { pathText } from './path-text.ts';
import type { DispatchState } from './reporter.ts';
import { alignTable } from './table.ts';

const NAME_CHARS_MAX = 120;

type Lane = DispatchState['models'][number];

function rateText(rate: number | null, limit: number | null, origin: string): string {
  const now = rate === null ? 'any' : shortText(Math.round(rate));
  return limit === null
    ? `${now} (limit unknown)`
    : `${now} of ${shortText(Math.round(limit))} (${pathText(origin)})`;
}

function throttledText({ throttles }: Lane): string {
  const { rate, tokens, burst } = throttles;
  const kinds = [
    rate > 0 ? `${wholeText(rate)} rate` : '',
    tokens > 0 ? `${wholeText(tokens)} tokens` : '',
    burst > 0 ? `${wholeText(burst)} growth` : '',
  ].filter((text) => text !== '');
  return kinds.length === 0 ? '0' : kinds.join(', ');
}

function rowOf(lane: Lane): string[] {
  const paused = lane.pausedMs > 0 ? ` ${durationText(lane.pausedMs)}` : '';
  return [
    oneLine(lane.model, NAME_CHARS_MAX),
    `${lane.state}${paused}`,
    rateText(lane.rpm, lane.rpmLimit, lane.rpmOrigin),
    rateText(lane.tpm, lane.tpmLimit, lane.tpmOrigin),
    wholeText(lane.waiting),
    wholeText(lane.inFlight),
    throttledText(lane),
  ];
}

/** The dispatch state as a block of lines with line breaks: the run, then each model. */
export function stateText(state: DispatchState): string {
  const { settled, total, inFlight, concurrency, controlFile } = state;
  const stopping = state.stopping ? ', stopping' : '';
  const head = `dispatch state after ${durationText(state.elapsedMs)}: ${wholeText(settled)} of ${wholeText(total)} lines settled, ${wholeText(inFlight)} calls in flight of ${wholeText(concurrency)} allowed${stopping}\n`;
  const control = controlFile === null ? '' : `control file in force: ${pathText(controlFile)}\n`;
  if (state.models.length === 0) return `${head}${control}no model has been asked for yet\n`;
  const rows = [
    ['model', 'state', 'rpm', 'tpm', 'waiting', 'in flight', 'throttled'],
    ...state.models.map(rowOf),
  ];
  const table = alignTable(rows, { right: [false, false, false, false, true, true, false] });
  return `${head}${control}${table}\n`;
}
