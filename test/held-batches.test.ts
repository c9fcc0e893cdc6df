import { describe, expect, test } from 'vitest';
import { execute } from '../src/execute.ts';
import type { TurnBatch } from '../src/execute/turn-batch.ts';
import type { Batch } from '../src/ledger/records.ts';
import type { PlannedLine } from '../src/plan.ts';
import { createFakeClock, settleTurns } from './helpers/fake-clock.ts';
import { lineInput, windowOf } from './helpers/line-input.ts';
import { plannedLine } from './helpers/planned-line.ts';
import { endOf, settledOf, startOf } from './helpers/temp-ledger.ts';

/** Long enough for a batch that was put back to be tried again, and the same once a signal came. */
const RETRY_MS = 5_000;
const HURRIED_RETRY_MS = 1_000;

/** Lines whose calls end when the test says so, one batch after the other, by a clock that stands still. */
function openRun(lineCount: number, windowLines = 8) {
  const stop = new AbortController();
  const abort = new AbortController();
  const hurry = new AbortController();
  const clock = createFakeClock();
  const calls = new Map<number, () => void>();
  const over: string[] = [];
  /** Starts that were given up while the run went on. */
  const again: number[] = [];
  /** How many those were, whenever it was told that the run goes on. */
  const goneOn: number[] = [];
  async function* lines(): AsyncGenerator<readonly PlannedLine[]> {
    for (let lineNo = 1; lineNo <= lineCount; lineNo += 1)
      yield await Promise.resolve([plannedLine(lineNo)]);
  }
  const batches = execute({
    lines: lineInput(lines()),
    async settle({ lineNo }, journal) {
      while (!(await journal.started(startOf(lineNo)))) {
        if (stop.signal.aborted) {
          over.push(`${lineNo} left open`);
          return;
        }
        again.push(lineNo);
      }
      await new Promise<void>((resolve) => {
        calls.set(lineNo, resolve);
      });
      await journal.ended(endOf(lineNo), settledOf(lineNo));
      over.push(`${lineNo} settled`);
    },
    room: windowOf(windowLines),
    stop: stop.signal,
    abort: abort.signal,
    hurry: hurry.signal,
    clock,
    onGoingOn: () => goneOn.push(again.length),
  });
  return {
    clock,
    stop,
    abort,
    hurry,
    calls,
    over,
    again,
    goneOn,
    endCall(lineNo: number): void {
      calls.get(lineNo)?.();
      calls.delete(lineNo);
    },
    /** Puts a batch back in a run that stops for it. */
    stopAndPutBack(batch: TurnBatch | null, left?: Batch): void {
      stop.abort();
      batch?.putBack(left);
    },
    /** The next batch; null at the end. */
    async next(): Promise<TurnBatch | null> {
      const next = await batches.next();
      return next.done === true ? null : next.value;
    },
  };
}

/** Batches until so many calls are in flight, all of them durable. */
async function untilInFlight(run: ReturnType<typeof openRun>, count: number): Promise<TurnBatch> {
  for (;;) {
    const batch = await run.next();
    if (batch === null) throw new Error('the run ended');
    const begun = run.calls.size + batch.starts.length;
    if (begun >= count) return batch;
  }
}

const linesOf = (records: readonly { lineNo: number }[] | undefined): number[] =>
  (records ?? []).map(({ lineNo }) => lineNo);

/** The batch that comes when these calls end while it is waited for. */
async function nextWhenEnd(
  run: ReturnType<typeof openRun>,
  ...lineNos: number[]
): Promise<TurnBatch | null> {
  const asked = run.next();
  await settleTurns();
  for (const lineNo of lineNos) run.endCall(lineNo);
  return await asked;
}

/** So many calls are in flight; the first ends, and the batch with its end is put back. */
async function putBackFirst(run: ReturnType<typeof openRun>, inFlight: number): Promise<void> {
  await untilInFlight(run, inFlight);
  run.stopAndPutBack(await nextWhenEnd(run, 1));
}

/** Nine lines, three of them in flight; the first ends, and the batch has the start of line 4 in its place. */
async function runWithStartOfFourth(): Promise<{
  run: ReturnType<typeof openRun>;
  batch: TurnBatch | null;
}> {
  const run = openRun(9, 3);
  await untilInFlight(run, 3);
  await nextWhenEnd(run, 1);
  const batch = await run.next();
  expect(linesOf(batch?.starts)).toEqual([4]);
  return { run, batch };
}

describe('a batch that is put back in a run that stops for it', () => {
  test('its ends come again with those of the calls in flight, once none is; nobody goes on before', async () => {
    const run = openRun(3, 3);
    await untilInFlight(run, 3);
    const failed = await nextWhenEnd(run, 1);
    expect(linesOf(failed?.ends)).toEqual([1]);
    expect(failed?.isLast).toBe(false);
    run.stopAndPutBack(failed);
    const again = run.next();
    await settleTurns();
    run.endCall(3);
    await settleTurns();
    expect(run.over).toEqual([]);
    run.endCall(2);
    const held = await again;
    expect(linesOf(held?.ends)).toEqual([1, 3, 2]);
    expect(linesOf(held?.settled)).toEqual([1, 3, 2]);
    expect(held).toMatchObject({ isLast: true, frontier: 4 });
    expect(run.over).toEqual([]);
    expect(await run.next()).toBeNull();
    expect(run.over).toEqual(['1 settled', '3 settled', '2 settled']);
  });

  test('its starts are given up: those calls never leave, and no further line is opened', async () => {
    const { run, batch } = await runWithStartOfFourth();
    run.stopAndPutBack(batch);
    const again = run.next();
    await settleTurns();
    expect(run.over).toEqual(['1 settled', '4 left open']);
    run.endCall(2);
    run.endCall(3);
    const held = await again;
    expect(linesOf(held?.starts)).toEqual([]);
    expect(linesOf(held?.ends)).toEqual([2, 3]);
    expect(held?.frontier).toBe(4);
    expect(await run.next()).toBeNull();
    expect([...run.calls.keys()]).toEqual([]);
  });

  test('nothing but starts, nothing in flight: the run ends', async () => {
    const run = openRun(9, 3);
    run.stopAndPutBack(await run.next());
    expect(await run.next()).toBeNull();
    expect(run.over[0]).toBe('1 left open');
    expect(run.calls.size).toBe(0);
  });

  test('tried again at once, then every few seconds while calls are in flight, and put back as often as need be', async () => {
    const run = openRun(2, 2);
    await putBackFirst(run, 2);
    // What was set aside was given up for it: nobody else should take that room first.
    const first = run.next();
    await run.clock.advance(1);
    expect(await first).toMatchObject({ ends: [{ lineNo: 1 }], isLast: false });
    run.stopAndPutBack(await first);
    for (let nth = 0; nth < 3; nth += 1) {
      let isThere = false;
      const again = run.next().then((batch) => {
        isThere = true;
        return batch;
      });
      await run.clock.advance(RETRY_MS - 1);
      expect(isThere).toBe(false);
      await run.clock.advance(1);
      const held = await again;
      expect(held?.isLast).toBe(false);
      expect(linesOf(held?.ends)).toEqual([1]);
      run.stopAndPutBack(held);
    }
    const held = await nextWhenEnd(run, 2);
    expect(linesOf(held?.ends)).toEqual([1, 2]);
    expect(held?.isLast).toBe(true);
    expect(await run.next()).toBeNull();
    expect(run.clock.timers).toBe(0);
  });

  test('put back with nothing in flight: it comes every few seconds, and at once where calls are dropped', async () => {
    const run = openRun(1, 1);
    await putBackFirst(run, 1);
    const atOnce = run.next();
    await run.clock.advance(1);
    expect(await atOnce).toMatchObject({ ends: [{ lineNo: 1 }], isLast: true });
    run.stopAndPutBack(await atOnce);
    for (let nth = 0; nth < 3; nth += 1) {
      const came: (TurnBatch | null)[] = [];
      const again = run.next().then((batch) => came.push(batch));
      await run.clock.advance(RETRY_MS - 1);
      expect(came).toEqual([]);
      await run.clock.advance(1);
      await again;
      expect(came).toMatchObject([{ ends: [{ lineNo: 1 }], isLast: true }]);
      came[0]?.putBack();
    }
    const last = run.next();
    await settleTurns();
    run.abort.abort();
    expect(await last).toMatchObject({ ends: [{ lineNo: 1 }], isLast: true });
    expect(await run.next()).toBeNull();
    expect(run.over).toEqual(['1 settled']);
    expect(run.clock.timers).toBe(0);
  });

  test('a signal: it comes at once, and every second after that', async () => {
    const run = openRun(1, 1);
    await putBackFirst(run, 1);
    const first = run.next();
    await run.clock.advance(1);
    run.stopAndPutBack(await first);
    const hurried = run.next();
    await settleTurns();
    run.hurry.abort();
    run.stopAndPutBack(await hurried);
    const again = run.next();
    await run.clock.advance(HURRIED_RETRY_MS);
    expect(await again).toMatchObject({ ends: [{ lineNo: 1 }], isLast: true });
    expect(await run.next()).toBeNull();
    expect(run.clock.timers).toBe(0);
  });

  test('put back in part: what is left comes again, and nobody goes on before it is written', async () => {
    const run = openRun(2, 2);
    await untilInFlight(run, 2);
    const whole = await nextWhenEnd(run, 1, 2);
    expect(linesOf(whole?.ends)).toEqual([1, 2]);
    run.stopAndPutBack(whole, { starts: [], ends: [endOf(2)], settled: [settledOf(2)] });
    const again = run.next();
    await run.clock.advance(1);
    expect(run.over).toEqual([]);
    const left = await again;
    expect([linesOf(left?.ends), linesOf(left?.settled)]).toEqual([[2], [2]]);
    expect(left?.frontier).toBe(3);
    expect(await run.next()).toBeNull();
    expect(run.over).toEqual(['1 settled', '2 settled']);
  });

  test('written after a while, with calls in flight: what ends later is gathered until it is time', async () => {
    const run = openRun(3, 3);
    await putBackFirst(run, 3);
    const again = run.next();
    await run.clock.advance(RETRY_MS);
    expect(linesOf((await again)?.ends)).toEqual([1]);
    const later = run.next();
    await settleTurns();
    expect(run.over).toEqual(['1 settled']);
    run.endCall(2);
    await settleTurns();
    run.endCall(3);
    expect(linesOf((await later)?.ends)).toEqual([2, 3]);
    expect(await run.next()).toBeNull();
    expect(run.over).toEqual(['1 settled', '2 settled', '3 settled']);
  });
});

describe('a batch that is put back in a run that is to go on', () => {
  test('no call leaves and no line is opened while it is held; once it is durable those of before ask again, and the run goes on', async () => {
    const { run, batch } = await runWithStartOfFourth();
    batch?.putBack();
    const held = await nextWhenEnd(run, 2, 3);
    expect(held).toMatchObject({ isLast: true, frontier: 4, starts: [] });
    expect(linesOf(held?.ends)).toEqual([2, 3]);
    expect([run.over, run.again, run.calls.size]).toEqual([['1 settled'], [], 0]);
    expect(run.goneOn).toEqual([]);
    // It is durable.
    const next = await run.next();
    expect(run.over).toEqual(['1 settled', '2 settled', '3 settled']);
    expect(run.again).toEqual([4]);
    expect(next?.isLast).toBe(false);
    expect(linesOf(next?.starts)).toEqual([4]);
    await untilInFlight(run, 3);
    void run.next();
    await settleTurns();
    expect([...run.calls.keys()]).toEqual([4, 5, 6]);
    // Line 4 had asked for leave again by then.
    expect(run.goneOn).toEqual([1]);
  });

  test('with nothing but starts: an empty one comes, again and again, until it is durable', async () => {
    const run = openRun(2, 2);
    (await run.next())?.putBack();
    for (const waitMs of [1, RETRY_MS, RETRY_MS]) {
      const asked = run.next();
      await run.clock.advance(waitMs);
      const empty = await asked;
      expect(empty).toMatchObject({ starts: [], ends: [], settled: [], isLast: true });
      empty?.putBack();
    }
    const asked = run.next();
    await run.clock.advance(RETRY_MS);
    expect(await asked).toMatchObject({ starts: [], isLast: true });
    expect(linesOf((await run.next())?.starts).toSorted()).toEqual([1, 2]);
    // Line 2 was not opened before.
    expect(run.again).toEqual([1]);
  });

  test('and is stopped meanwhile: its starts are given up, and nothing else begins', async () => {
    const { run, batch } = await runWithStartOfFourth();
    batch?.putBack();
    const again = run.next();
    await settleTurns();
    run.stop.abort();
    await settleTurns();
    expect(run.over).toEqual(['1 settled', '4 left open']);
    run.endCall(2);
    run.endCall(3);
    expect(linesOf((await again)?.ends)).toEqual([2, 3]);
    expect(await run.next()).toBeNull();
    expect(run.over.slice(2)).toEqual(['2 settled', '3 settled']);
    expect([...run.calls.keys()]).toEqual([]);
  });

  test('and again later: it is tried at once, then every few seconds, as the first time', async () => {
    const run = openRun(4, 1);
    for (const lineNo of [1, 2]) {
      await untilInFlight(run, 1);
      (await nextWhenEnd(run, lineNo))?.putBack();
      for (const waitMs of [1, RETRY_MS]) {
        const came: (TurnBatch | null)[] = [];
        const again = run.next().then((batch) => came.push(batch));
        if (waitMs > 1) {
          await run.clock.advance(waitMs - 1);
          expect(came).toEqual([]);
        }
        await run.clock.advance(1);
        await again;
        expect(linesOf(came[0]?.ends)).toEqual([lineNo]);
        expect(came[0]?.isLast).toBe(true);
        if (waitMs === 1) came[0]?.putBack();
      }
    }
  });
});
