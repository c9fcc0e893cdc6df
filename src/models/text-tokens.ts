import { classTable, CLASS_COUNT, STATE_COUNT, stateAfter } from './character-classes.ts';
import { HAN_BAND_CHARACTERS, PAIR_WEIGHTS } from './token-weights.ts';

/** Unit of `PAIR_WEIGHTS`, in fractions of a token. */
const WEIGHT_UNIT = 100;
/** Entries per row of the table below: a power of two above the number of classes. */
const ROW = 256;
const WEIGHT_BITS = 8;
const WEIGHT_MASK = (1 << WEIGHT_BITS) - 1;

const CLASS_OF: Uint8Array = classTable(HAN_BAND_CHARACTERS);

/**
 * Per state and class: the weight to add and, in the bits above `WEIGHT_MASK`, the offset of the next state's row, so that
 * each character takes a single look-up.
 */
const STEPS: Int32Array = stepTable();

function stepTable(): Int32Array {
  const weights = Buffer.from(PAIR_WEIGHTS, 'base64');
  const steps = new Int32Array(STATE_COUNT * ROW);
  for (let state = 0; state < STATE_COUNT; state += 1) {
    for (let own = 1; own <= CLASS_COUNT; own += 1) {
      const weight = weights[state * (CLASS_COUNT + 1) + own] ?? 0;
      steps[state * ROW + own] = ((stateAfter(state, own) * ROW) << WEIGHT_BITS) | weight;
    }
  }
  return steps;
}

/** How a text longer than `wholeMax` is sampled: `length` characters out of every `every`, with a minimum number of samples. */
type Looks = {
  readonly wholeMax: number;
  readonly every: number;
  readonly length: number;
  readonly least: number;
};

/** For a text that matters individually. */
const CAREFUL: Looks = { wholeMax: 4_096, every: 1_024, length: 256, least: 16 };
/** For one of thousands, whose errors cancel out: a quarter of it, in short samples. */
const QUICK: Looks = { wholeMax: 512, every: 192, length: 48, least: 6 };
/** Long texts, each of which may reach another price tier. */
const LONG_LENGTH_MIN = 32_768;
const LONG: Looks = { wholeMax: 0, every: Infinity, length: 512, least: 64 };

/**
 * Tokens of a text in Qwen's vocabulary, without the vocabulary: how often a token starts between two characters of given
 * classes, summed in one pass over the whole text or, if it is long, over evenly spaced samples. Not rounded; 0 for an
 * empty text. Other vendors' vocabularies deviate more. Weights: see scripts/fit-token-weights.mjs.
 */
export function estimateText(text: string, quick = false): number {
  const looks = text.length >= LONG_LENGTH_MIN ? LONG : quick ? QUICK : CAREFUL;
  if (text.length <= looks.wholeMax) return tokensBetween(text, 0, text.length);
  const count = Math.max(looks.least, Math.ceil(text.length / looks.every));
  const step = (text.length - looks.length) / (count - 1);
  let tokens = 0;
  for (let index = 0; index < count; index += 1) {
    const from = Math.floor(index * step);
    tokens += tokensBetween(text, from, from + looks.length);
  }
  return (tokens * text.length) / (count * looks.length);
}

function tokensBetween(text: string, from: number, to: number): number {
  let weight = 0;
  // A sample that starts inside a word must not count as the start of a text.
  let row = from === 0 ? 0 : (CLASS_OF[text.charCodeAt(from - 1)] ?? 0) * ROW;
  for (let index = from; index < to; index += 1) {
    const step = STEPS[row + (CLASS_OF[text.charCodeAt(index)] ?? 0)] ?? 0;
    weight += step & WEIGHT_MASK;
    row = step >>> WEIGHT_BITS;
  }
  return weight / WEIGHT_UNIT;
}
