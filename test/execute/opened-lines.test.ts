import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenedLines } from '../../src/execute/opened-lines.ts';

const line = (lineNo: number, model = 'qwen-plus') => ({ lineNo, model, bodyBytes: lineNo * 10 });

test('none is open: nothing is before the input', () => {
  expect(new OpenedLines()).toMatchObject({ size: 0, bodyBytes: 0, first: Infinity });
});

test('a line that ends without being settled: nothing goes beyond it any more, and it counts as open no longer', () => {
  const open = new OpenedLines();
  for (const lineNo of [1, 2, 3]) open.open(line(lineNo));
  open.close(1);
  open.leave(2);
  open.close(3);
  open.open(line(4));
  expect(open).toMatchObject({ size: 1, bodyBytes: 40, first: 2 });
});

test('a line that was settled has ended: it was not left', () => {
  const open = new OpenedLines();
  open.open(line(1));
  open.close(1);
  open.leave(1);
  expect(open.first).toBe(Infinity);
});

test('models in any order, lines of each in theirs: the first is always the least, the bytes those of all', () => {
  const models = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(models, fc.infiniteStream(fc.nat(99)), (file, choices) => {
      const next = (): number => choices.next().value;
      const left = new Map(
        ['a', 'b', 'c'].map((model) => [
          model,
          file.map((one, at) => (one === model ? at + 1 : 0)).filter((lineNo) => lineNo > 0),
        ]),
      );
      const open = new OpenedLines();
      const known = new Set<number>();
      for (let steps = 0; steps < file.length * 3; steps += 1) {
        const model = ['a', 'b', 'c'][next() % 3] ?? 'a';
        const lineNo = next() % 2 === 0 ? left.get(model)?.shift() : undefined;
        const old = [...known][next() % Math.max(1, known.size)];
        if (lineNo !== undefined) {
          open.open(line(lineNo, model));
          known.add(lineNo);
        } else if (old !== undefined) {
          open.close(old);
          known.delete(old);
        }
        expect(open.first).toBe(Math.min(Infinity, ...known));
        expect(open.size).toBe(known.size);
        expect(open.bodyBytes).toBe([...known].reduce((sum, one) => sum + one * 10, 0));
      }
    }),
  );
});
