import { describe, expect, test } from 'vitest';
import { Budget } from '../../src/limits/budget.ts';
import { UntriedLines } from '../../src/limits/untried-lines.ts';
import { Limiter } from '../../src/limits/limiter.ts';
import type { Ticket } from '../../src/limits/ticket.ts';
import { createFakeClock, settleTurns } from '../helpers/fake-clock.ts';
import { plannedLine } from '../helpers/planned-line.ts';

const DONE = { tokens: null, pico: 0, uncertainPico: 0, latencyMs: null };

function fail(ticket: Ticket): void {
  ticket.overloaded('qbatch_http_502');
  ticket.admitted();
  ticket.release(DONE);
}

function answer(ticket: Ticket): void {
  ticket.admitted();
  ticket.release({ ...DONE, tokens: 10, latencyMs: 100 });
}

/** A run of 1,000 lines at 100 calls a second; `end` says what becomes of each call. */
function openRun(end: (ticket: Ticket, lineNo: number) => void, concurrency = 64) {
  const clock = createFakeClock();
  const started = { fresh: 0 };
  const limiter = new Limiter({
    clock,
    concurrency,
    limits: () => ({ rpm: 6000, tpm: null }),
    budget: new Budget(null, 0),
    maxUnreachableMs: 600_000,
    onUnreachable: () => undefined,
    onBudgetReached: () => undefined,
  });
  for (let lineNo = 1; lineNo <= 1000; lineNo += 1)
    void limiter.admit(plannedLine(lineNo), 'first').then((ticket) => {
      if (ticket === null) return;
      started.fresh += 1;
      end(ticket, lineNo);
    });
  return { clock, limiter, started };
}

describe('Limiter: every call fails at the service', () => {
  test('untried lines are held back, except for a few probes; they follow at once when one is answered', async () => {
    let isOut = true;
    const { clock, limiter, started } = openRun((ticket) =>
      isOut ? fail(ticket) : answer(ticket),
    );
    await clock.advance(100_000);
    expect(started.fresh).toBeGreaterThan(30);
    expect(started.fresh).toBeLessThan(50);
    isOut = false;
    const before = started.fresh;
    await clock.advance(6000);
    expect(started.fresh - before).toBeGreaterThan(30);
    limiter.stop();
  });

  test('a tried line is not held back: its attempts have their own backoff', async () => {
    const { clock, limiter } = openRun(fail);
    await clock.advance(60_000);
    let isGiven = false;
    void limiter.admit(plannedLine(1), 'again').then(() => (isGiven = true));
    await clock.advance(600);
    await settleTurns();
    expect(isGiven).toBe(true);
    limiter.stop();
  });

  test('twenty lines in a row that always fail: the others are sent as usual', async () => {
    const { clock, limiter, started } = openRun((ticket, lineNo) =>
      lineNo > 300 && lineNo <= 320 ? fail(ticket) : answer(ticket),
    );
    await clock.advance(30_000);
    expect(started.fresh).toBe(1000);
    limiter.stop();
  });
});

/** Answers that take minutes: every call but one in twenty is in flight for long. */
function holdAll(lineNos: readonly number[]): (ticket: Ticket, lineNo: number) => void {
  return (ticket, lineNo) => {
    if (lineNos.includes(lineNo)) fail(ticket);
  };
}

describe('Limiter: answers take minutes', () => {
  test('one call in twenty fails at once: untried lines are sent as usual, though none was answered yet', async () => {
    const everyTwentieth = Array.from({ length: 50 }, (_, at) => (at + 1) * 20);
    const { clock, limiter, started } = openRun(holdAll(everyTwentieth), 2000);
    await clock.advance(120_000);
    expect(started.fresh).toBe(1000);
    limiter.stop();
  });
});

describe('UntriedLines', () => {
  test('not while more calls are in flight than have failed: those may be answered', () => {
    const tries = new UntriedLines();
    for (let inFlight = 100; inFlight > 51; inFlight -= 1) tries.failed(1000, inFlight);
    expect(tries.nextMs).toBe(-Infinity);
    tries.failed(1000, 50);
    expect(tries.nextMs).toBe(1500);
  });

  test('nineteen failures prove nothing; gaps double from half a second to five, until a call works', () => {
    const tries = new UntriedLines();
    for (let count = 0; count < 19; count += 1) tries.failed(count, 1);
    tries.started(100);
    expect(tries.nextMs).toBe(-Infinity);
    tries.failed(1000, 20);
    expect(tries.nextMs).toBe(1500);
    const gaps = [2000, 4000, 9000, 20_000, 30_000].map((atMs) => {
      tries.started(atMs);
      // Those that fail meanwhile put nothing off.
      tries.failed(atMs + 1, 1);
      return tries.nextMs - atMs;
    });
    expect(gaps).toEqual([1000, 2000, 4000, 5000, 5000]);
    tries.worked();
    expect(tries.nextMs).toBe(-Infinity);
    for (let count = 0; count < 20; count += 1) tries.failed(40_000, 1);
    expect(tries.nextMs).toBe(40_500);
  });
});
