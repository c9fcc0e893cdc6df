import type { SampledLine } from '../input/sample-lines.ts';
import type { TokenCounter } from '../tokenizer/count-exactly.ts';

/** Most characters counted for one input: about a second. */
const CHARACTERS_MAX = 2_000_000;

/** How exact counts of a sample compare with the fast estimate. */
export type TextScale = {
  /** Exact ÷ fast. */
  readonly scale: number;
  /** Number of lines counted. */
  readonly lines: number;
};

/** Counts samples exactly, one per model. Throws if the tokenizer's files are missing. */
export async function measureTextScales(
  samples: ReadonlyMap<string, readonly SampledLine[]>,
  counter: TokenCounter,
): Promise<ReadonlyMap<string, TextScale>> {
  const scales = new Map<string, TextScale>();
  const every = Math.ceil(charactersOf(samples) / CHARACTERS_MAX);
  for (const [model, sample] of samples) {
    const lines = sample.filter((_, index) => index % every === 0);
    if (lines.length === 0) continue;
    const counts = await counter.count(lines.flatMap(({ pieces }) => pieces));
    scales.set(model, { scale: scaleOf(lines, counts), lines: lines.length });
  }
  return scales;
}

function charactersOf(samples: ReadonlyMap<string, readonly SampledLine[]>): number {
  let characters = 0;
  for (const lines of samples.values()) {
    for (const { pieces } of lines) {
      for (const piece of pieces) characters += piece.length;
    }
  }
  return characters;
}

/**
 * Exact ÷ fast over all lines: each line's own ratio, which may come from part of its text, is weighted by all of its text.
 * Pure.
 */
export function scaleOf(lines: readonly SampledLine[], counts: readonly number[]): number {
  let fast = 0;
  let exact = 0;
  let at = 0;
  for (const { textTokens, pieces, pieceTokens } of lines) {
    let counted = 0;
    for (const _ of pieces) {
      counted += counts[at] ?? 0;
      at += 1;
    }
    if (pieceTokens === 0) continue;
    fast += textTokens;
    exact += (textTokens * counted) / pieceTokens;
  }
  return fast === 0 ? 1 : exact / fast;
}
