import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LineChunk, SourceLine } from '../../src/execute/line-chunk.ts';
import { type LineInput, LineSource } from '../../src/execute/line-source.ts';
import { settleTurns } from '../helpers/fake-clock.ts';

/** In so many turns a file of these tests is read from end to end. */
const QUIET_TURNS = 120;

/** Who lacks no lines has plenty, where nothing else is said. */
type Room = { window: number; lacking: ReadonlySet<string>; plenty?: ReadonlySet<string> };

/** A file with a line of each of these models (a blank line where there is none), read in chunks of so many. */
function openFile(models: readonly string[], chunkLines = 3) {
  const lines = models.map((model, at): SourceLine => ({ lineNo: at + 1, model }));
  const reads: string[] = [];
  const readTo: Map<string, number> = new Map();
  let closed = 0;
  async function* read(
    of: string | null,
    fromLine: () => number,
  ): AsyncGenerator<LineChunk<SourceLine>> {
    reads.push(of ?? 'all');
    try {
      for (let at = fromLine() - 1; at < lines.length; at += chunkLines) {
        await Promise.resolve();
        const first = fromLine();
        const chunk = lines.slice(at, at + chunkLines);
        const wanted = chunk.filter(
          ({ lineNo, model }) => model !== '' && (of === null || (model === of && lineNo >= first)),
        );
        readTo.set(of ?? 'all', at + chunk.length);
        yield { lines: wanted, nextLineNo: at + chunk.length + 1 };
      }
    } finally {
      closed += 1;
    }
  }
  return {
    lines,
    reads,
    readTo,
    closed: () => closed,
    input: { chunks: read(null, () => 1), again: read } satisfies LineInput<SourceLine>,
  };
}

function openSource(file: ReturnType<typeof openFile>, room: Room) {
  const source = new LineSource<SourceLine>(
    file.input,
    {
      lacksLines: (model) => room.lacking.has(model),
      hasPlenty: (model) => room.plenty?.has(model) ?? !room.lacking.has(model),
      lacksAny: (apart) => [...room.lacking].some((model) => !apart.has(model)),
    },
    (failure) => {
      if (failure !== null) throw failure.error;
    },
  );
  const taken: number[] = [];
  /** The next line beside so many open ones. */
  const next = (open: number): number | undefined =>
    source.take(open < room.window ? 'any' : 'not plenty')?.lineNo;
  /** Takes lines until none comes any more, and does not close them. */
  const take = async (open = 0): Promise<number[]> => {
    const now: number[] = [];
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      const lineNo = next(open + now.length);
      if (lineNo === undefined) await settleTurns(1);
      else {
        now.push(lineNo);
        quiet = 0;
      }
    }
    taken.push(...now);
    return now;
  };
  return { source, room, taken, next, take };
}

const NONE: ReadonlySet<string> = new Set();
const runs = (...parts: [model: string, lines: number][]): string[] =>
  parts.flatMap(([model, lines]) => Array.from({ length: lines }, () => model));

test('the window has room: lines come in the order of the input', async () => {
  const file = openFile(runs(['slow', 4], ['fast', 4]));
  const { take, source } = openSource(file, { window: 100, lacking: NONE });
  expect(await take()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(source.isExhausted).toBe(true);
  expect(file.reads).toEqual(['all']);
});

test('the window is full and nobody lacks lines: none comes', async () => {
  const { take, source } = openSource(openFile(runs(['slow', 20])), { window: 5, lacking: NONE });
  expect(await take()).toEqual([1, 2, 3, 4, 5]);
  expect(await take(5)).toEqual([]);
  expect(source.nextLineNo).toBe(6);
});

test('behind a block of a slow model: the lines of the one that lacks some; then those of the block, each once', async () => {
  const file = openFile(runs(['slow', 30], ['fast', 10], ['slow', 5], ['fast', 5]));
  const { take, source, room } = openSource(file, { window: 5, lacking: new Set(['fast']) });
  expect(await take()).toEqual([1, 2, 3, 4, 5, ...from(31, 40), ...from(46, 50)]);
  expect(source.nextLineNo).toBe(6);
  expect(source.isExhausted).toBe(false);
  // Room in the window alone brings none: they come as they are lacked.
  room.lacking = NONE;
  expect(await take()).toEqual([]);
  room.lacking = new Set(['slow']);
  expect(await take(5)).toEqual([...from(6, 30), ...from(41, 45)]);
  expect(source.isExhausted).toBe(true);
  expect(file.reads).toEqual(['all', 'slow']);
});

test('once all of the block has come, its model goes on in the order of the input', async () => {
  const file = openFile(runs(['slow', 10], ['fast', 3], ['slow', 3], ['fast', 3]), 1);
  const { take, next, source, room } = openSource(file, { window: 2, lacking: new Set(['fast']) });
  // As many as are lacked, and no more.
  const fast: number[] = [];
  while (fast.length < 3) {
    const lineNo = next(2);
    if (lineNo !== undefined) fast.push(lineNo);
    await settleTurns(1);
  }
  expect(fast).toEqual([11, 12, 13]);
  room.lacking = new Set(['slow']);
  room.window = 100;
  expect(await take(2)).toEqual([...from(1, 10), ...from(14, 19)]);
  expect(source.isExhausted).toBe(true);
  expect(file.reads).toEqual(['all', 'slow']);
});

test('all of a block has come: what follows it is not read a second time', async () => {
  const file = openFile(runs(['slow', 10], ['fast', 30], ['other', 30]), 1);
  const { take, source, room } = openSource(file, { window: 2, lacking: new Set(['fast']) });
  expect(await take()).toEqual([1, 2, ...from(11, 40)]);
  room.lacking = new Set(['slow']);
  expect(await take(2)).toEqual(from(3, 10));
  expect(file.readTo.get('slow')).toBe(10);
  // Of the other model lines wait as before.
  expect(source.nextLineNo).toBe(41);
  room.lacking = new Set(['other']);
  expect(await take(2)).toEqual(from(41, 70));
  expect(source.isExhausted).toBe(true);
});

test('lines that were read a second time and opened in the order of the input after all: not opened again', async () => {
  const file = openFile(runs(['slow', 5], ['fast', 1]), 2);
  const { next, room } = openSource(file, { window: 1, lacking: NONE });
  const taken: (number | undefined)[] = [];
  const take = async (lacking: string): Promise<void> => {
    room.lacking = new Set([lacking]);
    taken.push(next(taken.length));
    await settleTurns(2);
  };
  next(0);
  await settleTurns(2);
  await take('slow');
  // Line 2 is passed over, and lines 2 and 3 are read for it; line 3 is opened in the order of the input.
  for (const lacking of ['fast', 'slow', 'slow', 'slow']) await take(lacking);
  expect(taken).toEqual([1, undefined, undefined, 2, 3]);
  for (const lacking of ['fast', 'slow', 'slow', 'slow']) await take(lacking);
  expect(taken.slice(5)).toEqual([undefined, undefined, 4, 5]);
});

test('only lines of a model that waits behind are left: the input is read no further for that', async () => {
  const file = openFile(runs(['slow', 10], ['fast', 2], ['slow', 90]), 1);
  const { take, next, source, room } = openSource(file, { window: 2, lacking: new Set(['fast']) });
  const fast: number[] = [];
  while (fast.length < 2) {
    const lineNo = next(2);
    if (lineNo !== undefined) fast.push(lineNo);
    await settleTurns(1);
  }
  room.lacking = NONE;
  await take();
  expect(source.nextLineNo).toBe(1);
  room.lacking = new Set(['slow']);
  expect(await take()).toEqual([...from(1, 10), ...from(13, 102)]);
});

test('a model that neither lacks lines nor has plenty: its lines are opened while another lacks some, but not where room is short', async () => {
  const models = runs(['slow', 2], ['some', 2], ['fast', 1], ['some', 2], ['fast', 1]);
  const room = { window: 0, lacking: new Set(['fast']), plenty: new Set(['slow']) };
  expect(await openSource(openFile(models), room).take()).toEqual([3, 4, 5, 6, 7, 8]);
  const { source } = openSource(openFile(models), room);
  const taken: number[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    const lineNo = source.take('lacking')?.lineNo;
    if (lineNo !== undefined) taken.push(lineNo);
    await settleTurns(1);
  }
  expect(taken).toEqual([5, 8]);
});

test('given up: every reader is closed', async () => {
  const file = openFile(runs(['slow', 30], ['fast', 10], ['slow', 30]));
  const { take, next, source, room } = openSource(file, { window: 5, lacking: new Set(['fast']) });
  await take();
  room.lacking = new Set(['slow']);
  next(5);
  await settleTurns(2);
  next(5);
  await source.close();
  expect(file.reads).toEqual(['all', 'slow']);
  expect(file.closed()).toBe(2);
});

test('whatever the file, the chunks and who lacks lines when: every line once, a model’s in their order, none before the first', async () => {
  const models = fc.array(fc.constantFrom('', 'a', 'b', 'c'), { minLength: 1, maxLength: 80 });
  const step = fc.record({
    window: fc.integer({ min: 1, max: 12 }),
    open: fc.integer({ min: 0, max: 12 }),
    lacking: fc.subarray(['a', 'b', 'c']),
    takes: fc.integer({ min: 1, max: 15 }),
  });
  await fc.assert(
    fc.asyncProperty(
      models,
      fc.integer({ min: 1, max: 7 }),
      fc.array(step, { maxLength: 25 }),
      async (all, chunkLines, steps) => {
        const file = openFile(all, chunkLines);
        const at = openSource(file, { window: 1, lacking: NONE });
        for (const { window, open, lacking, takes } of steps) {
          Object.assign(at.room, { window, lacking: new Set(lacking) });
          for (let nth = 0; nth < takes; nth += 1) {
            const lineNo = at.next(open);
            if (lineNo !== undefined) at.taken.push(lineNo);
            if (nth % 3 === 0) await settleTurns(1);
          }
          const wanted = file.lines.filter(({ model }) => model !== '');
          const untaken = wanted.filter(({ lineNo }) => !at.taken.includes(lineNo));
          expect(untaken.every(({ lineNo }) => lineNo >= at.source.nextLineNo)).toBe(true);
          if (untaken.length > 0) expect(at.source.isExhausted).toBe(false);
        }
        Object.assign(at.room, { window: 1000, lacking: new Set(['a', 'b', 'c']) });
        await at.take();
        expect(at.source.isExhausted).toBe(true);
        for (const model of ['a', 'b', 'c']) {
          const own = file.lines.filter((line) => line.model === model);
          const numbers = at.taken.filter((lineNo) => all[lineNo - 1] === model);
          expect(numbers).toEqual(own.map(({ lineNo }) => lineNo));
        }
        expect(new Set(file.reads).size).toBe(file.reads.length);
      },
    ),
    { numRuns: 300 },
  );
});

function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
