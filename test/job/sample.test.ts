import { expect, test } from 'vitest';
import { Sample } from '../../src/job/sample.ts';
import type { PlannedLine } from '../../src/plan.ts';
import { settleTurns } from '../helpers/fake-clock.ts';
import { lineChunks } from '../helpers/line-input.ts';
import { plannedLine } from '../helpers/planned-line.ts';

function linesOf(from: number, to: number): PlannedLine[] {
  return Array.from({ length: to - from + 1 }, (_, index) => plannedLine(from + index));
}

async function* chunksOf(...chunks: PlannedLine[][]): AsyncGenerator<readonly PlannedLine[]> {
  yield* chunks;
  await Promise.resolve();
}

/** Reads on its own and remembers what came through. */
function reading(sample: Sample, chunks: AsyncIterable<readonly PlannedLine[]>) {
  const read = { numbers: [] as number[], done: false };
  const all = async (): Promise<void> => {
    for await (const chunk of sample.through(lineChunks(chunks)))
      read.numbers.push(...chunk.lines.map(({ lineNo }) => lineNo));
    read.done = true;
  };
  return { read, ended: all() };
}

test('the first lines, over as many chunks as they take; the others once those have ended and the user agrees', async () => {
  const asked: number[] = [];
  const sample = new Sample(5, {
    stop: new AbortController().signal,
    goOn: (lines) => {
      asked.push(lines);
      return Promise.resolve(true);
    },
  });
  const { read, ended } = reading(sample, chunksOf(linesOf(1, 3), linesOf(4, 8), linesOf(9, 10)));
  await settleTurns();
  expect(read.numbers).toEqual([1, 2, 3, 4, 5]);
  for (let nth = 1; nth <= 4; nth += 1) sample.lineEnded();
  await settleTurns();
  expect(asked).toEqual([]);
  sample.lineEnded();
  await ended;
  expect(asked).toEqual([5]);
  expect(read.numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('where the user does not want the others: they never come', async () => {
  const sample = new Sample(2, {
    stop: new AbortController().signal,
    goOn: () => Promise.resolve(false),
  });
  const { read, ended } = reading(sample, chunksOf(linesOf(1, 6)));
  await settleTurns();
  sample.lineEnded();
  sample.lineEnded();
  await ended;
  expect(read.numbers).toEqual([1, 2]);
});

test('a stop while the sample is in flight: no question, no other line, no waiting', async () => {
  const stop = new AbortController();
  let asked = false;
  const sample = new Sample(2, {
    stop: stop.signal,
    goOn: () => {
      asked = true;
      return Promise.resolve(true);
    },
  });
  const { read, ended } = reading(sample, chunksOf(linesOf(1, 6)));
  await settleTurns();
  stop.abort();
  await ended;
  expect([read.numbers, asked]).toEqual([[1, 2], false]);
});

test('an input shorter than the sample: all of it, and no question', async () => {
  const sample = new Sample(9, {
    stop: new AbortController().signal,
    goOn: () => Promise.reject(new Error('asked')),
  });
  const { read, ended } = reading(sample, chunksOf(linesOf(1, 4)));
  await ended;
  expect(read.numbers).toEqual([1, 2, 3, 4]);
});
