/** Groups of UTF-16 units with the same weights: ranges with inclusive ends; later groups win. */
const GROUPS: readonly (readonly (readonly [first: number, last: number])[])[] = [
  // Everything not in another group.
  [[0x0000, 0xffff]],
  // Controls.
  [
    [0x00, 0x1f],
    [0x7f, 0x9f],
  ],
  [[0x20, 0x20]],
  [[0x09, 0x09]],
  [[0x0a, 0x0a]],
  [[0x0d, 0x0d]],
  [[0x30, 0x39]],
  // Latin beyond ASCII, Greek, Cyrillic, Hebrew and Arabic, Indic scripts, Hangul.
  [[0xc0, 0x24f]],
  [[0x370, 0x3ff]],
  [[0x400, 0x52f]],
  [[0x590, 0x8ff]],
  [[0x900, 0x109f]],
  [
    [0x1100, 0x11ff],
    [0xac00, 0xd7a3],
  ],
  // General punctuation, symbols and arrows, box drawing.
  [[0x2000, 0x206f]],
  [
    [0x2100, 0x24ff],
    [0x2580, 0x2bff],
  ],
  [[0x2500, 0x257f]],
  // Chinese and Japanese punctuation: the rest, then the frequent ones.
  [
    [0x3000, 0x303f],
    [0xff00, 0xffef],
  ],
  [[0xff0c, 0xff0c]],
  [[0x3002, 0x3002]],
  [[0x3001, 0x3001]],
  [[0x201c, 0x201d]],
  [[0xff1a, 0xff1a]],
  [[0xff08, 0xff09]],
  [[0x3000, 0x3000]],
  // Hiragana, Katakana.
  [[0x3041, 0x309f]],
  [[0x30a0, 0x30ff]],
  // Han characters in no band, with the high surrogates of planes 2 and 3, which hold nothing else.
  [
    [0x3400, 0x4dbf],
    [0x4e00, 0x9fff],
    [0xf900, 0xfaff],
    [0xd840, 0xd8bf],
  ],
  // Emoji, by their high surrogate; and low surrogates, which count with the high one.
  [[0xd83c, 0xd83e]],
  [[0xdc00, 0xdfff]],
];

/** Number of bands of Han characters: by how readily each begins and is followed by a token. */
const HAN_BANDS = 25;

// Each ASCII letter and punctuation mark is a class of its own.
const ASCII_FIRST = 0x21;
const ASCII_LAST = 0x7e;

/** Classes are numbered from 1; state 0 is the start of a text. */
export const CLASS_COUNT: number = GROUPS.length + (ASCII_LAST - ASCII_FIRST + 1) + HAN_BANDS;

/** The state after two or more blanks: all but the last of them are one token. */
const BLANK_RUN = CLASS_COUNT + 1;

export const STATE_COUNT: number = CLASS_COUNT + 2;

const SPACE = 3;
const TAB = 4;

/** The next state after a unit of class `own` in `state`. */
export function stateAfter(state: number, own: number): number {
  const isBlank = own === SPACE || own === TAB;
  const afterBlank = state === SPACE || state === TAB || state === BLANK_RUN;
  return isBlank && afterBlank ? BLANK_RUN : own;
}

/** The class of each UTF-16 unit; `bands` lists the Han characters of each band as one string. */
export function classTable(bands: readonly string[]): Uint8Array {
  const table = new Uint8Array(0x1_0000);
  let own = 0;
  for (const ranges of GROUPS) {
    own += 1;
    for (const [first, last] of ranges) table.fill(own, first, last + 1);
  }
  for (let unit = ASCII_FIRST; unit <= ASCII_LAST; unit += 1) {
    own += 1;
    if (unit < 0x30 || unit > 0x39) table[unit] = own;
  }
  for (const band of bands) {
    own += 1;
    for (let index = 0; index < band.length; index += 1) table[band.charCodeAt(index)] = own;
  }
  return table;
}
