import { describe, expect, it } from 'vitest';
import { LineSample } from '../../src/input/sample-lines.ts';

function offer(sample: LineSample, count: number, text = '一行文字'): void {
  for (let lineNo = 1; lineNo <= count; lineNo += 1) {
    if (sample.wants()) sample.take({ lineNo, textTokens: 4 }, [text]);
  }
}

describe('LineSample', () => {
  it('keeps all of few lines, and 200 of many, from everywhere', () => {
    const few = new LineSample();
    offer(few, 150);
    expect(few.lines.map(({ lineNo }) => lineNo)).toEqual(
      Array.from({ length: 150 }, (_, index) => index + 1),
    );
    const many = new LineSample();
    offer(many, 100_000);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const { lineNo } of many.lines) {
      const tenth = Math.floor((lineNo - 1) / 10_000);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    expect(many.lines).toHaveLength(200);
    // Twenty expected in each tenth: 4 to 40 leaves more than three standard deviations.
    expect(Math.min(...tenths)).toBeGreaterThanOrEqual(4);
    expect(Math.max(...tenths)).toBeLessThanOrEqual(40);
  });

  it('leaves out lines without text, and those it is told to forget', () => {
    const sample = new LineSample();
    if (sample.wants()) sample.take({ lineNo: 1, textTokens: 0 }, ['']);
    if (sample.wants()) sample.take({ lineNo: 2, textTokens: 4 }, ['一行文字']);
    if (sample.wants()) sample.take({ lineNo: 3, textTokens: 4 }, ['又一行字']);
    sample.forget(2);
    sample.forget(99);
    expect(sample.lines.map(({ pieces }) => pieces)).toEqual([['又一行字']]);
  });

  it('keeps a bounded part of a long text, from its beginning to its end', () => {
    const sample = new LineSample();
    const text = `start${'中间的字'.repeat(100_000)}finish`;
    if (sample.wants()) sample.take({ lineNo: 1, textTokens: 250_000 }, ['short', text]);
    const [line] = sample.lines;
    const kept = line?.pieces.join('') ?? '';
    expect(kept.length).toBeGreaterThan(4_000);
    expect(kept.length).toBeLessThanOrEqual(4_096);
    expect(kept).toContain('start');
    expect(kept).toContain('finish');
  });
});
