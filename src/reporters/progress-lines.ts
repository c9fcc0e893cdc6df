import { durationText } from './duration-text.ts';
import { wholeText } from './number-text.ts';
import { oneLine } from './one-line.ts';
import { paceText, settledLines, settledShare, spendText } from './progress-text.ts';
import type { Progress } from './reporter.ts';
import { paint } from './style.ts';
import type { Style } from './style.ts';
import { cutToWidth, textWidth } from './text-width.ts';

/** One item of a line; if space is short the one with the lowest `weight` is dropped first. */
type Piece = { readonly text: string; readonly weight: number; readonly style?: Style };

const GAP = '  ';
const BAR_COLUMNS_MIN = 8;
const BAR_COLUMNS_MAX = 30;

/** ASCII only: block and line-drawing characters are two columns wide on terminals set up for Chinese. */
function barText(share: number, columns: number): string {
  const inner = columns - 2;
  const filled = Math.floor(share * inner);
  const head = filled > 0 && filled < inner ? '>' : '';
  const done = '='.repeat(filled - head.length) + head;
  return `[${done}${'-'.repeat(inner - filled)}]`;
}

function widthOf(pieces: readonly Piece[]): number {
  const texts = pieces.reduce((sum, piece) => sum + textWidth(piece.text), 0);
  return texts + GAP.length * Math.max(0, pieces.length - 1);
}

/** The pieces that fit, in order; the one with the highest weight always stays and is truncated if necessary. */
function fit(pieces: readonly Piece[], columns: number): Piece[] {
  const kept = pieces.filter((piece) => piece.text !== '');
  while (kept.length > 1 && widthOf(kept) > columns) {
    let lightest = 0;
    for (const [index, piece] of kept.entries()) {
      if (piece.weight < (kept[lightest]?.weight ?? 0)) {
        lightest = index;
      }
    }
    kept.splice(lightest, 1);
  }
  return kept.map((piece) => ({ ...piece, text: cutToWidth(piece.text, columns) }));
}

function joined(pieces: readonly Piece[], color: boolean): string {
  return pieces
    .map(({ text, style }) => (style === undefined ? text : paint(color, style, text)))
    .join(GAP);
}

function countPieces(progress: Progress): Piece[] {
  const done = settledLines(progress);
  const percent = Math.floor(settledShare(progress) * 100);
  const { failed, rejected, inFlight, etaMs } = progress;
  return [
    { text: `${percent}%`, weight: 4 },
    { text: `${wholeText(done)}/${wholeText(progress.total)}`, weight: 9, style: 'bold' },
    { text: `${wholeText(progress.answered)} answered`, weight: 2, style: 'green' },
    failed > 0
      ? { text: `${wholeText(failed)} failed`, weight: 8, style: 'red' }
      : { text: '0 failed', weight: 3 },
    { text: rejected > 0 ? `${wholeText(rejected)} rejected` : '', weight: 6, style: 'red' },
    { text: `${wholeText(inFlight)} in flight`, weight: 5 },
    { text: etaMs === null ? '' : `ETA ${durationText(etaMs)}`, weight: 7, style: 'cyan' },
  ];
}

function pacePieces(progress: Progress): Piece[] {
  const { throttled } = progress;
  return [
    { text: paceText(progress.rpm, progress.rpmLimit, 'rpm'), weight: 4 },
    { text: paceText(progress.tpm, progress.tpmLimit, 'tpm'), weight: 5 },
    { text: spendText(progress), weight: 6, style: 'bold' },
    { text: throttled > 0 ? `${wholeText(throttled)} throttled` : '', weight: 2, style: 'dim' },
  ];
}

function paceLine(progress: Progress, columns: number, color: boolean): string {
  const pieces = pacePieces(progress);
  if (progress.slow === null) {
    return joined(fit(pieces, columns), color);
  }
  // Why it is slow is guaranteed up to half of the line, and gets all that the others leave.
  const slow = oneLine(progress.slow);
  const reserved = Math.min(textWidth(slow), Math.floor(columns / 2));
  const kept = fit(pieces, columns - reserved - GAP.length);
  const room = columns - widthOf(kept) - GAP.length;
  return joined([...kept, { text: cutToWidth(slow, room), weight: 0, style: 'yellow' }], color);
}

/**
 * The two lines of the live display, each at most `columns` wide before colour: progress, then pace, spend and why it is
 * not faster. The bar fills what the counts leave.
 */
export function progressLines(
  progress: Progress,
  options: { readonly columns: number; readonly color: boolean },
): readonly [string, string] {
  const { color } = options;
  const columns = Math.max(10, options.columns);
  const counts = fit(countPieces(progress), columns);
  const left = columns - widthOf(counts) - GAP.length;
  const bar =
    left < BAR_COLUMNS_MIN
      ? []
      : [{ text: barText(settledShare(progress), Math.min(left, BAR_COLUMNS_MAX)), weight: 0 }];
  return [joined([...bar, ...counts], color), paceLine(progress, columns, color)];
}
