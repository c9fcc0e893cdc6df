import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputBuffer } from '../../src/output/output-buffer.ts';

const partsOf = (head: string, body: string | null, tail: string) => ({
  head,
  body: body === null ? null : Buffer.from(body),
  tail,
});

test('what was put is taken, in order, and only once', () => {
  const buffer = new OutputBuffer();
  buffer.put(partsOf('{"评论":', '{"答":"😀"}', '}\n'));
  buffer.put(partsOf('null\n', null, ''));
  const text = '{"评论":{"答":"😀"}}\nnull\n';
  expect(buffer.length).toBe(Buffer.byteLength(text));
  expect(buffer.take().toString()).toBe(text);
  expect(buffer.length).toBe(0);
  buffer.put(partsOf('a', null, 'b\n'));
  expect(buffer.take().toString()).toBe('ab\n');
});

test('lines of any size, taken at any time: nothing is lost or out of place', () => {
  const line = fc.record({
    head: fc.string({ unit: 'grapheme', maxLength: 8 }),
    // Up to some times what is kept between two flushes.
    times: fc.oneof(fc.nat(3), fc.constantFrom(40_000, 170_000, 700_000)),
    isTaken: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const buffer = new OutputBuffer();
      const wanted: string[] = [];
      const taken: string[] = [];
      for (const { head, times, isTaken } of lines) {
        buffer.put(partsOf(head, '好'.repeat(times), `${times}\n`));
        wanted.push(`${head}${'好'.repeat(times)}${times}\n`);
        if (isTaken) taken.push(buffer.take().toString());
      }
      taken.push(buffer.take().toString());
      expect(taken.join('') === Buffer.from(wanted.join('')).toString()).toBe(true);
    }),
    { numRuns: 60 },
  );
});
