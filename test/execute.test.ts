import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { execute, type ExecuteOptions } from '../src/execute.ts';
import type { LineChunk } from '../src/execute/line-chunk.ts';
import type { TurnBatch } from '../src/execute/turn-batch.ts';
import type { PlannedLine } from '../src/plan.ts';
import type { Journal } from '../src/execute/journal.ts';
import { settleTurns } from './helpers/fake-clock.ts';
import { lineInput, notAgain, windowOf } from './helpers/line-input.ts';
import { plannedLine } from './helpers/planned-line.ts';
import { endOf, settledOf, startOf } from './helpers/temp-ledger.ts';

/** Time in which nothing falls due. */
const STILL: ExecuteOptions['clock'] = { monotonicMs: () => 0, after: () => () => undefined };

/** One attempt that answers, with a gate in the place of the call. */
async function settleWith(
  line: PlannedLine,
  journal: Journal,
  call: () => Promise<void>,
): Promise<void> {
  if (!(await journal.started(startOf(line.lineNo)))) return;
  await call();
  await journal.ended(endOf(line.lineNo), settledOf(line.lineNo));
}

async function* chunksOf(
  lineNumbers: readonly number[],
  size: number,
): AsyncGenerator<readonly PlannedLine[]> {
  for (let at = 0; at < lineNumbers.length; at += size) {
    yield lineNumbers.slice(at, at + size).map((lineNo) => plannedLine(lineNo));
  }
}

function optionsOf(
  lineNumbers: readonly number[],
  settle: ExecuteOptions['settle'],
  more: Partial<ExecuteOptions> = {},
): ExecuteOptions {
  return {
    lines: lineInput(chunksOf(lineNumbers, 3)),
    settle,
    room: windowOf(8),
    stop: new AbortController().signal,
    abort: new AbortController().signal,
    hurry: new AbortController().signal,
    clock: STILL,
    ...more,
  };
}

/** Calls that end when the test says so. */
function createGates(): {
  wait(lineNo: number): Promise<void>;
  open(lineNo: number): void;
  readonly waiting: number[];
} {
  const gates = new Map<number, () => void>();
  return {
    wait: (lineNo) =>
      new Promise((resolve) => {
        gates.set(lineNo, resolve);
      }),
    open(lineNo) {
      gates.get(lineNo)?.();
      gates.delete(lineNo);
    },
    get waiting() {
      return [...gates.keys()];
    },
  };
}

async function drain(batches: AsyncIterable<TurnBatch>): Promise<void> {
  for await (const batch of batches) void batch;
}

const settledIn = (batches: readonly TurnBatch[]): number[] =>
  batches.flatMap(({ settled }) => settled.map(({ lineNo }) => lineNo));

/** The next batch, or undefined at the end. */
async function nextOf(batches: AsyncGenerator<TurnBatch>): Promise<TurnBatch | undefined> {
  const next = await batches.next();
  return next.done === true ? undefined : next.value;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** What a line does in a property: it settles, or ends without a record (its model is parked). */
type Fate = { readonly lineNo: number; readonly attempts: number; readonly left: boolean };

describe('execute', () => {
  test('no lines: no batches', async () => {
    const batches: TurnBatch[] = [];
    for await (const batch of execute(optionsOf([], () => Promise.resolve()))) batches.push(batch);
    expect(batches).toEqual([]);
  });

  test('a call leaves only once the batch with its start was confirmed', async () => {
    const calls: number[] = [];
    const batches = execute(
      optionsOf([1], (line, journal) =>
        settleWith(line, journal, () => {
          calls.push(line.lineNo);
          return Promise.resolve();
        }),
      ),
    );
    const first = await nextOf(batches);
    expect(first?.starts.map(({ lineNo }) => lineNo)).toEqual([1]);
    await settleTurns();
    expect(calls).toEqual([]);
    const second = await nextOf(batches);
    expect(calls).toEqual([1]);
    expect(second?.ends.map(({ lineNo }) => lineNo)).toEqual([1]);
    expect(second?.settled.map(({ lineNo }) => lineNo)).toEqual([1]);
    expect((await batches.next()).done).toBe(true);
  });

  test('a line goes on only once the batch that settled it was confirmed', async () => {
    const released: number[] = [];
    const batches = execute(
      optionsOf([1], async (line, journal) => {
        await settleWith(line, journal, () => Promise.resolve());
        released.push(line.lineNo);
      }),
    );
    await batches.next();
    await batches.next();
    await settleTurns();
    expect(released).toEqual([]);
    expect((await batches.next()).done).toBe(true);
    expect(released).toEqual([1]);
  });

  test('everything of one turn: one batch', async () => {
    const batches = execute(
      optionsOf(upTo(6), (line, journal) => settleWith(line, journal, () => Promise.resolve()), {
        lines: lineInput(chunksOf(upTo(6), 6)),
      }),
    );
    const first = await nextOf(batches);
    expect(first?.starts.map(({ lineNo }) => lineNo)).toEqual([1, 2, 3, 4, 5, 6]);
    const second = await nextOf(batches);
    expect(second?.settled.map(({ lineNo }) => lineNo)).toEqual([1, 2, 3, 4, 5, 6]);
    await batches.return(undefined);
  });

  test('frontier: stays before the first open line and jumps when it settles', async () => {
    const gates = createGates();
    const frontiers: number[] = [];
    const run = (async () => {
      for await (const batch of execute(
        optionsOf(upTo(4), (line, journal) =>
          settleWith(line, journal, () => gates.wait(line.lineNo)),
        ),
      )) {
        if (batch.settled.length > 0) frontiers.push(batch.frontier);
      }
    })();
    await settleTurns();
    for (const lineNo of [2, 3, 1, 4]) {
      gates.open(lineNo);
      await settleTurns();
    }
    await run;
    expect(frontiers).toEqual([1, 1, 4, 5]);
  });

  test('a line that ended without a record: the frontier never passes it', async () => {
    const gates = createGates();
    const frontiers: number[] = [];
    const run = (async () => {
      const settle: ExecuteOptions['settle'] = (line, journal) =>
        line.lineNo === 2
          ? Promise.resolve()
          : settleWith(line, journal, () => gates.wait(line.lineNo));
      for await (const batch of execute(optionsOf(upTo(4), settle))) frontiers.push(batch.frontier);
    })();
    await settleTurns();
    for (const lineNo of [1, 3, 4]) {
      gates.open(lineNo);
      await settleTurns();
    }
    await run;
    expect(frontiers.at(-1)).toBe(2);
  });

  test('window: never more lines open than it allows, and it is filled again as lines settle', async () => {
    const gates = createGates();
    let most = 0;
    const batches: TurnBatch[] = [];
    const run = (async () => {
      const settle: ExecuteOptions['settle'] = (line, journal) =>
        settleWith(line, journal, () => gates.wait(line.lineNo));
      for await (const batch of execute(optionsOf(upTo(20), settle, { room: windowOf(4) })))
        batches.push(batch);
    })();
    for (let guard = 0; guard < 200 && settledIn(batches).length < 20; guard += 1) {
      await settleTurns();
      most = Math.max(most, gates.waiting.length);
      const [first] = gates.waiting;
      if (first !== undefined) gates.open(first);
    }
    await run;
    expect(most).toBe(4);
    expect(settledIn(batches)).toEqual(upTo(20));
  });

  test('replies that come in one turn after the other: one batch, but not for ever', async () => {
    const gates = createGates();
    const lines = upTo(100);
    const batches = execute(
      optionsOf(
        lines,
        (line, journal) => settleWith(line, journal, () => gates.wait(line.lineNo)),
        {
          lines: lineInput(chunksOf(lines, 100)),
          room: windowOf(100),
        },
      ),
    );
    await batches.next();
    const second = nextOf(batches);
    await settleTurns();
    for (const lineNo of lines) {
      gates.open(lineNo);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { length } = (await second)?.settled ?? [];
    expect(length).toBeGreaterThan(2);
    expect(length).toBeLessThan(20);
    await batches.return(undefined);
  });

  test.each([
    ['the loop is busy: some 512 records', 0, 200, 300],
    ['the loop has had time: some 128 records', 30, 50, 80],
  ])(
    'a thousand replies in one turn do not wait for its end; %s',
    async (_, gapMs, least, most) => {
      const gates = createGates();
      const lines = upTo(1000);
      let nowMs = 0;
      const batches = execute(
        optionsOf(
          lines,
          (line, journal) => settleWith(line, journal, () => gates.wait(line.lineNo)),
          {
            lines: lineInput(chunksOf(lines, 1000)),
            room: windowOf(1000),
            clock: { ...STILL, monotonicMs: () => nowMs },
          },
        ),
      );
      let started = 0;
      while (started < lines.length) started += (await nextOf(batches))?.starts.length ?? 0;
      let turnEnded = false;
      const second = nextOf(batches).then((batch) => ({ turnEnded, batch }));
      await settleTurns();
      setImmediate(() => {
        turnEnded = true;
      });
      nowMs += gapMs;
      for (const lineNo of lines) {
        gates.open(lineNo);
        // The journal is a few microtasks away.
        for (let hop = 0; hop < 5; hop += 1) await Promise.resolve();
      }
      const seen = await second;
      expect(seen.turnEnded).toBe(false);
      expect(seen.batch?.settled.length).toBeGreaterThan(least);
      expect(seen.batch?.settled.length).toBeLessThan(most);
      await batches.return(undefined);
    },
  );

  test('a slow input does not delay a batch', async () => {
    const stuck = new Promise<IteratorResult<LineChunk<PlannedLine>>>(() => undefined);
    let reads = 0;
    const chunks: AsyncIterator<LineChunk<PlannedLine>> = {
      next() {
        reads += 1;
        const value = { lines: [plannedLine(1)], nextLineNo: 2 };
        return reads === 1 ? Promise.resolve({ done: false, value }) : stuck;
      },
    };
    const batches = execute(
      optionsOf([], (line, journal) => settleWith(line, journal, () => Promise.resolve()), {
        lines: { chunks, again: notAgain },
      }),
    );
    await batches.next();
    const second = await nextOf(batches);
    expect(second?.settled.map(({ lineNo }) => lineNo)).toEqual([1]);
    expect(reads).toBe(2);
  });

  test('stop: no further line is opened, open ones settle', async () => {
    const gates = createGates();
    const stop = new AbortController();
    const batches: TurnBatch[] = [];
    const run = (async () => {
      const settle: ExecuteOptions['settle'] = (line, journal) =>
        settleWith(line, journal, () => gates.wait(line.lineNo));
      for await (const batch of execute(
        optionsOf(upTo(20), settle, { room: windowOf(3), stop: stop.signal }),
      ))
        batches.push(batch);
    })();
    await settleTurns();
    stop.abort();
    for (const lineNo of [3, 1, 2]) {
      gates.open(lineNo);
      await settleTurns();
    }
    await run;
    expect(settledIn(batches).toSorted()).toEqual([1, 2, 3]);
    expect(batches.flatMap(({ starts }) => starts.map(({ lineNo }) => lineNo))).toEqual([1, 2, 3]);
    expect(batches.at(-1)?.frontier).toBe(4);
  });

  test('stop with nothing open: ends', async () => {
    const stop = new AbortController();
    stop.abort();
    const batches = execute(
      optionsOf(upTo(5), () => Promise.reject(new Error('must not be opened')), {
        stop: stop.signal,
      }),
    );
    expect((await batches.next()).done).toBe(true);
  });

  test('a bug in one line: what the others settled is yielded first, then it is thrown', async () => {
    const gates = createGates();
    const batches: TurnBatch[] = [];
    const run = (async () => {
      const settle: ExecuteOptions['settle'] = async (line, journal) => {
        if (line.lineNo === 2) throw new TypeError('line 2 met a bug');
        await settleWith(line, journal, () => gates.wait(line.lineNo));
      };
      for await (const batch of execute(optionsOf(upTo(9), settle, { room: windowOf(3) })))
        batches.push(batch);
    })();
    const failed = expect(run).rejects.toThrow('line 2 met a bug');
    await settleTurns();
    gates.open(1);
    gates.open(3);
    await failed;
    expect(settledIn(batches).toSorted()).toEqual([1, 3]);
    expect(gates.waiting).toEqual([]);
  });

  test('reading fails: open lines settle, then the failure is thrown', async () => {
    async function* lines(): AsyncGenerator<readonly PlannedLine[]> {
      yield [plannedLine(1), plannedLine(2)];
      await Promise.resolve();
      throw new Error('cannot read reviews.jsonl: EIO');
    }
    const batches: TurnBatch[] = [];
    const run = (async () => {
      for await (const batch of execute(
        optionsOf([], (line, journal) => settleWith(line, journal, () => Promise.resolve()), {
          lines: lineInput(lines()),
        }),
      ))
        batches.push(batch);
    })();
    await expect(run).rejects.toThrow('EIO');
    expect(settledIn(batches)).toEqual([1, 2]);
  });

  test('the commit of a start fails: its call never leaves', async () => {
    const calls: number[] = [];
    const settle: ExecuteOptions['settle'] = (line, journal) =>
      settleWith(line, journal, () => {
        calls.push(line.lineNo);
        return Promise.resolve();
      });
    const run = (async () => {
      for await (const batch of execute(optionsOf(upTo(3), settle))) {
        if (batch.starts.length > 0) throw new Error('database or disk is full');
      }
    })();
    await expect(run).rejects.toThrow('disk is full');
    await settleTurns();
    expect(calls).toEqual([]);
  });

  test('the commit of an end fails: the line does not go on as if it were settled, nor may another start', async () => {
    const gone: string[] = [];
    const settle: ExecuteOptions['settle'] = async (line, journal) => {
      await settleWith(line, journal, () => Promise.resolve()).catch((error: unknown) => {
        gone.push(`${line.lineNo}: ${(error as Error).message}`);
        throw error;
      });
      gone.push(`${line.lineNo}: went on`);
      await journal.started(startOf(line.lineNo, 2));
    };
    const run = (async () => {
      for await (const batch of execute(optionsOf([1], settle))) {
        if (batch.ends.length > 0) throw new Error('database or disk is full');
      }
    })();
    await expect(run).rejects.toThrow('disk is full');
    await settleTurns();
    expect(gone).toEqual(['1: the run has ended']);
  });

  test('the caller gives up: the reader is closed', async () => {
    let closed = false;
    async function* lines(): AsyncGenerator<readonly PlannedLine[]> {
      try {
        for (let lineNo = 1; ; lineNo += 1) {
          await settleTurns(1);
          yield [plannedLine(lineNo)];
        }
      } finally {
        closed = true;
      }
    }
    for await (const batch of execute(
      optionsOf([], (line, journal) => settleWith(line, journal, () => Promise.resolve()), {
        lines: lineInput(lines()),
      }),
    )) {
      if (batch.settled.length > 0) break;
    }
    expect(closed).toBe(true);
  });

  test.each([
    ['of models that lack some: so many beyond the window, and no more', true, 10 + 8192],
    ['where nobody lacks any: those of the window', false, 10],
  ])('lines that are open, %s', async (_name, lacks, most) => {
    let open = 0;
    const settle: ExecuteOptions['settle'] = (line, journal) => {
      open += 1;
      return settleWith(line, journal, () => new Promise(() => undefined));
    };
    const batches = execute(
      optionsOf([], settle, {
        lines: lineInput(chunksOf(upTo(9000), 1000)),
        room: { ...windowOf(10), lacksAny: () => lacks },
      }),
    );
    void drain(batches);
    await settleTurns(100);
    expect(open).toBe(most);
  });

  test('bodies of one model: no more than three quarters while another lacks lines, which come after them', async () => {
    const bodyBytes = 16 * 1024 * 1024;
    const lines = [...upTo(20).map(() => 'slow'), ...upTo(4).map(() => 'fast')].map((model, at) =>
      plannedLine(at + 1, { model, bodyBytes }),
    );
    const open: number[] = [];
    const settle: ExecuteOptions['settle'] = (line, journal) => {
      open.push(line.lineNo);
      return settleWith(line, journal, () => new Promise(() => undefined));
    };
    async function* chunks(model: string | null): AsyncGenerator<LineChunk<PlannedLine>> {
      const own = lines.filter((line) => model === null || line.model === model);
      yield await Promise.resolve({ lines: own, nextLineNo: 25 });
    }
    const batches = execute(
      optionsOf([], settle, {
        lines: { chunks: chunks(null), again: chunks },
        room: {
          ...windowOf(1000),
          lacksLines: (model) => model === 'fast',
          lacksAny: () => true,
        },
      }),
    );
    void drain(batches);
    await settleTurns(20);
    expect(open).toEqual([1, 2, 3, 4, 5, 6, 21, 22]);
  });

  test('bodies held: bounded however wide the window is', async () => {
    const gates = createGates();
    const huge = 60 * 1024 * 1024;
    async function* lines(): AsyncGenerator<readonly PlannedLine[]> {
      yield upTo(10).map((lineNo) => plannedLine(lineNo, { bodyBytes: huge }));
      await Promise.resolve();
    }
    const stop = new AbortController();
    const settle: ExecuteOptions['settle'] = (line, journal) =>
      settleWith(line, journal, () => gates.wait(line.lineNo));
    const run = (async () => {
      for await (const batch of execute(
        optionsOf([], settle, {
          lines: lineInput(lines()),
          room: windowOf(1000),
          stop: stop.signal,
        }),
      ))
        void batch;
    })();
    await settleTurns();
    // 128 MiB: the third reaches it.
    expect(gates.waiting).toEqual([1, 2, 3]);
    stop.abort();
    for (const lineNo of [1, 2, 3]) gates.open(lineNo);
    await run;
  });

  test('any interleaving: each line settles once, the window holds, and the frontier passes nothing open', async () => {
    const fates = fc
      .array(
        fc.record({
          gap: fc.integer({ min: 1, max: 3 }),
          attempts: fc.integer({ min: 1, max: 3 }),
          left: fc.boolean(),
        }),
        { minLength: 1, maxLength: 25 },
      )
      .map((drafts) => {
        let lineNo = 0;
        return drafts.map(({ gap, attempts, left }): Fate => {
          lineNo += gap;
          return { lineNo, attempts, left: left && lineNo % 3 === 0 };
        });
      });
    await fc.assert(
      fc.asyncProperty(
        fates,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 7 }),
        fc.scheduler(),
        async (all, windowLines, chunk, scheduler) => {
          const byNumber = new Map(all.map((fate) => [fate.lineNo, fate]));
          let open = 0;
          let mostOpen = 0;
          const settle: ExecuteOptions['settle'] = async (line, journal) => {
            const fate = byNumber.get(line.lineNo);
            open += 1;
            mostOpen = Math.max(mostOpen, open);
            for (let attempt = 1; attempt <= (fate?.attempts ?? 0); attempt += 1) {
              await journal.started(startOf(line.lineNo, attempt));
              await scheduler.schedule(Promise.resolve(), `line ${line.lineNo}`);
              const last = attempt === fate?.attempts && !fate.left;
              // Out of the window with the batch that settles it, before its confirmation.
              if (last) open -= 1;
              await journal.ended(
                endOf(line.lineNo, attempt),
                last ? settledOf(line.lineNo) : null,
              );
            }
            if (fate?.left === true) open -= 1;
          };
          const settled = new Set<number>();
          const started = new Map<number, number>();
          const lines = chunksOf(
            all.map(({ lineNo }) => lineNo),
            chunk,
          );
          let ended = false;
          const pump = (async () => {
            while (!ended) {
              if (scheduler.count() > 0) await scheduler.waitOne();
              else await settleTurns(1);
            }
          })();
          try {
            for await (const batch of execute({
              lines: lineInput(lines),
              settle,
              room: windowOf(windowLines),
              stop: new AbortController().signal,
              abort: new AbortController().signal,
              hurry: new AbortController().signal,
              clock: STILL,
            })) {
              for (const start of batch.starts) {
                expect(start.attempt).toBe((started.get(start.lineNo) ?? 0) + 1);
                started.set(start.lineNo, start.attempt);
              }
              for (const { lineNo } of batch.settled) {
                expect(settled.has(lineNo)).toBe(false);
                settled.add(lineNo);
              }
              const openBefore = all.filter(
                ({ lineNo }) => lineNo < batch.frontier && !settled.has(lineNo),
              );
              expect(openBefore).toEqual([]);
            }
          } finally {
            ended = true;
          }
          await pump;
          expect(mostOpen).toBeLessThanOrEqual(windowLines);
          expect([...settled].toSorted((a, b) => a - b)).toEqual(
            all.filter(({ left }) => !left).map(({ lineNo }) => lineNo),
          );
          expect([...started]).toHaveLength(all.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('property: models of which lines wait behind: every line settles once, and the frontier passes none that is open', async () => {
    const file = fc.array(fc.constantFrom('slow', 'fast', 'other'), {
      minLength: 1,
      maxLength: 40,
    });
    const most = fc.record({
      slow: fc.integer({ min: 1, max: 3 }),
      fast: fc.integer({ min: 1, max: 6 }),
      other: fc.integer({ min: 1, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(file, most, fc.scheduler(), async (models, enough, scheduler) => {
        const lines = models.map((model, at) => plannedLine(at + 1, { model }));
        const open = new Map<string, number>();
        const openOf = (model: string): number => open.get(model) ?? 0;
        const lacks = (model: string): boolean =>
          openOf(model) < (enough[model as keyof typeof enough] ?? 0);
        async function* read(model: string | null, fromLine: () => number) {
          for (let at = fromLine() - 1; at < lines.length; at += 2) {
            const chunk = await Promise.resolve(lines.slice(at, at + 2));
            const own = chunk.filter((line) => model === null || line.model === model);
            yield { lines: own, nextLineNo: at + chunk.length + 1 };
          }
        }
        const settle: ExecuteOptions['settle'] = async (line, journal) => {
          open.set(line.model, openOf(line.model) + 1);
          await settleWith(line, journal, () => scheduler.schedule(Promise.resolve()));
          open.set(line.model, openOf(line.model) - 1);
        };
        const settled = new Set<number>();
        let ended = false;
        const pump = (async () => {
          while (!ended) {
            if (scheduler.count() > 0) await scheduler.waitOne();
            else await settleTurns(1);
          }
        })();
        try {
          const options = optionsOf([], settle, {
            lines: { chunks: read(null, () => 1), again: read },
            room: {
              ...windowOf(3),
              lacksLines: lacks,
              hasPlenty: (model) => !lacks(model),
              lacksAny: (apart) =>
                ['slow', 'fast', 'other'].some((model) => !apart.has(model) && lacks(model)),
            },
          });
          for await (const batch of execute(options)) {
            for (const { lineNo } of batch.settled) {
              expect(settled.has(lineNo)).toBe(false);
              settled.add(lineNo);
            }
            for (let lineNo = 1; lineNo < batch.frontier; lineNo += 1)
              expect(settled.has(lineNo)).toBe(true);
          }
        } finally {
          ended = true;
        }
        await pump;
        expect(settled.size).toBe(lines.length);
      }),
      { numRuns: 100 },
    );
  });
});
