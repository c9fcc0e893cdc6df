import { estimateText } from '../models/text-tokens.ts';
import { SteadyRandom } from './steady-random.ts';

/** Lines kept per model. Their mean gives the scale of all its lines within about half a per cent. */
const LINES_MAX = 200;
/** Only this much text is kept per line, so that a sample is at most 1.6 MB. */
const CHARACTERS_MAX = 4_096;
/** A longer text is kept as this many evenly spaced excerpts. */
const STRETCHES = 4;

/** The part of one line's texts kept for an exact count. */
export type SampledLine = {
  readonly lineNo: number;
  /** Tokens of all the line's texts by the fast estimate. */
  readonly textTokens: number;
  readonly pieces: readonly string[];
  /** Tokens of `pieces` by the fast estimate. */
  readonly pieceTokens: number;
};

/** A random sample of one model's lines, of bounded size however many lines come (Li's algorithm L). */
export class LineSample {
  private readonly kept: SampledLine[] = [];
  private readonly random: SteadyRandom = new SteadyRandom();
  private seen = 0;
  /** The next line to take, once the sample is full. */
  private next = 0;
  private share = 1;
  private taken = 0;

  /** Counts a line; returns whether to `take` it. */
  wants(): boolean {
    this.seen += 1;
    return this.kept.length < LINES_MAX || this.seen === this.next;
  }

  /** Adds a line, replacing a random one if the sample is full. A line without text is not kept. */
  take(line: { lineNo: number; textTokens: number }, texts: readonly string[]): void {
    this.taken += line.textTokens;
    const full = this.kept.length === LINES_MAX;
    const place = full ? Math.floor(this.random.next() * LINES_MAX) : this.kept.length;
    if (line.textTokens > 0) this.kept[place] = { ...line, ...piecesOf(texts) };
    if (this.kept.length === LINES_MAX) this.chooseNext();
  }

  /** Removes a line that will not be sent after all. */
  forget(lineNo: number): void {
    const place = this.kept.findIndex((line) => line.lineNo === lineNo);
    if (place !== -1) this.kept.splice(place, 1);
  }

  /** Tokens of all lines ever taken, by the fast estimate. */
  get takenTokens(): number {
    return this.taken;
  }

  get lines(): readonly SampledLine[] {
    return this.kept;
  }

  private chooseNext(): void {
    this.share *= this.random.next() ** (1 / LINES_MAX);
    const skipped = Math.floor(Math.log(this.random.next()) / Math.log(1 - this.share));
    this.next = this.seen + 1 + skipped;
  }
}

function piecesOf(texts: readonly string[]): Pick<SampledLine, 'pieces' | 'pieceTokens'> {
  const pieces: string[] = [];
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const share = Math.min(1, CHARACTERS_MAX / total);
  for (const text of texts) {
    if (share === 1) pieces.push(text);
    else addStretches(pieces, text, Math.floor((text.length * share) / STRETCHES));
  }
  const pieceTokens = pieces.reduce((sum, piece) => sum + estimateText(piece), 0);
  return { pieces, pieceTokens };
}

function addStretches(pieces: string[], text: string, length: number): void {
  if (length === 0) return;
  const step = (text.length - length) / (STRETCHES - 1);
  for (let index = 0; index < STRETCHES; index += 1) {
    const from = Math.floor(index * step);
    // Copied: a slice would keep the whole text in memory.
    pieces.push(Buffer.from(text.slice(from, from + length)).toString());
  }
}
