import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText } from '../../src/tokenizer/cut-text.ts';

describe('cutText', () => {
  it('property: loses and adds nothing, and no piece is longer than 1,000 units', () => {
    const part = fc.oneof(
      fc.constantFrom(' '.repeat(150), '\n'.repeat(2_000), '天地玄黄'.repeat(300), 'a'.repeat(999)),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const pieces = [...cutText(text)];
        expect(pieces.join('')).toBe(text);
        expect(pieces.every((piece) => piece.length > 0 && piece.length <= 1_000)).toBe(true);
      }),
    );
  });

  it('cuts before a word where there is one', () => {
    const pieces = [...cutText(`${'word '.repeat(300)}end`)];
    expect(pieces.length).toBe(2);
    expect(pieces.map((piece) => piece.startsWith(' ') || piece.startsWith('word'))).toEqual([
      true,
      true,
    ]);
  });

  it('never cuts between the two halves of a character', () => {
    const pieces = [...cutText(`a${'🀄'.repeat(1_500)}`)];
    expect(pieces.length).toBeGreaterThan(2);
    // A lone half is not what it was after a round through UTF-8.
    expect(pieces.map((piece) => Buffer.from(piece).toString())).toEqual(pieces);
  });
});
