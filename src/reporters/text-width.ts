/**
 * Width of text on a terminal in columns, and truncating and wrapping by it.
 *
 * East Asian wide and full-width characters and emoji take 2 columns, combining marks and format characters 0, everything
 * else 1. "Ambiguous" characters count 1, which is why our own bars and separators are plain ASCII: terminals set up for
 * Chinese may draw those 2 wide.
 */

/** First and last code point of each wide block. Source: Unicode 16 EastAsianWidth.txt (W and F), 2024-09-10, neighbours merged. */
const WIDE_RANGES: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4dc0, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18d08],
  [0x1aff0, 0x1b2fb],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x2fffd],
  [0x30000, 0x3fffd],
];

const PLAIN_ASCII = /^[ -~]*$/u;
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u;
const EMOJI = /^\p{Emoji_Presentation}|\u{fe0f}/u;
const ELLIPSIS = '...';

// Created on demand: its tables take some 15 ms to load, and most text is plain.
let segmenter: Intl.Segmenter | undefined;

function graphemesOf(text: string): Iterable<Intl.SegmentData> {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

function isWide(codePoint: number): boolean {
  if (codePoint < 0x1100) {
    return false;
  }
  return WIDE_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last);
}

function graphemeWidth(grapheme: string): number {
  if (ZERO_WIDTH.test(grapheme)) {
    return 0;
  }
  return EMOJI.test(grapheme) || isWide(grapheme.codePointAt(0) ?? 0) ? 2 : 1;
}

/** Columns that `text` takes on one terminal line. It must not contain control sequences: colour is added afterwards. */
export function textWidth(text: string): number {
  if (PLAIN_ASCII.test(text)) {
    return text.length;
  }
  let width = 0;
  for (const { segment } of graphemesOf(text)) {
    width += graphemeWidth(segment);
  }
  return width;
}

/** The longest prefix of `text` in at most `columns` columns; never half a character. */
function headOf(text: string, columns: number): string {
  let width = 0;
  let end = 0;
  for (const { segment, index } of graphemesOf(text)) {
    width += graphemeWidth(segment);
    if (width > columns) {
      break;
    }
    end = index + segment.length;
  }
  return text.slice(0, end);
}

/** `text`, or its prefix and `...`, in at most `columns` columns. */
export function cutToWidth(text: string, columns: number): string {
  if (textWidth(text) <= columns) {
    return text;
  }
  if (columns <= ELLIPSIS.length) {
    return headOf(text, Math.max(0, columns));
  }
  return headOf(text, columns - ELLIPSIS.length) + ELLIPSIS;
}

/** `text` as lines of at most `columns` columns (1 or more), broken at spaces where there are any. */
export function wrapToWidth(text: string, columns: number): string[] {
  const limit = Math.max(2, columns);
  const lines: string[] = [];
  let rest = text;
  while (textWidth(rest) > limit) {
    const head = headOf(rest, limit);
    const space = rest[head.length] === ' ' ? head.length : head.lastIndexOf(' ');
    const end = space > 0 ? space : head.length;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  lines.push(rest);
  return lines;
}
