import { describe, expect, test } from 'vitest';
import { createVirtualTime, seeded } from '../../bench/laboratory/virtual-time.ts';
import { backoffMs } from '../../src/backoff.ts';
import { Budget } from '../../src/limits/budget.ts';
import { Limiter } from '../../src/limits/limiter.ts';
import { ServiceFailures } from '../../src/limits/service-failures.ts';
import type { QueueEntry } from '../../src/limits/ticket.ts';
import { plannedLine } from '../helpers/planned-line.ts';

const RELEASED = { tokens: null, pico: 0, uncertainPico: 0, latencyMs: null };

/** Calls that start so far apart, of which one in so many failed; Infinity: none. Returns what they said. */
function outcomesOf(failures: ServiceFailures, from: { nowMs: number }) {
  return (
    calls: number,
    {
      spacingMs,
      failedEvery,
      tokens = 300,
    }: { spacingMs: number; failedEvery: number; tokens?: number },
  ) => {
    const means = new Set<string>();
    let isNews = false;
    for (let nth = 1; nth <= calls; nth += 1) {
      from.nowMs += spacingMs;
      const cohort = failures.started(from.nowMs, tokens);
      if (nth % failedEvery < 1) means.add(failures.failed(cohort));
      isNews = failures.ended(cohort) || isNews;
    }
    return { means: [...means], isNews };
  };
}

function watched() {
  const failures = new ServiceFailures();
  const at = { nowMs: 0 };
  return { failures, at, calls: outcomesOf(failures, at) };
}

describe('failures at the service', () => {
  test('as many at half the pace: random, and reported once', () => {
    const { failures, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 5 });
    expect(failures.areRandom).toBe(false);
    expect(calls(80, { spacingMs: 100, failedEvery: 5 }).isNews).toBe(true);
    expect(failures.areRandom).toBe(true);
    expect(calls(160, { spacingMs: 50, failedEvery: 5 })).toEqual({
      means: ['random'],
      isNews: false,
    });
  });

  test('as many at a hardly lower pace: proves nothing', () => {
    const { failures, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 5 });
    calls(400, { spacingMs: 70, failedEvery: 5 });
    expect(failures.areRandom).toBe(false);
  });

  test('fewer than half as many at half the pace: the service is overloaded', () => {
    const { failures, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 4 });
    calls(400, { spacingMs: 100, failedEvery: 10 });
    expect(failures.areRandom).toBe(false);
  });

  test('as many after a pause or two: a pause is not a lower pace', () => {
    const { failures, at, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 4 });
    for (let nth = 1; nth <= 4; nth += 1) {
      at.nowMs += 10_000;
      calls(20, { spacingMs: 50, failedEvery: 4 });
    }
    expect(failures.areRandom).toBe(false);
  });

  test('as many in small bursts as slots become free: not a lower pace', () => {
    const { failures, at, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 4 });
    for (let nth = 1; nth <= 20; nth += 1) {
      at.nowMs += 1000;
      calls(4, { spacingMs: 50, failedEvery: 4 });
    }
    expect(failures.areRandom).toBe(false);
  });

  test('as many of fewer and larger calls: the same load on the service', () => {
    const { failures, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 4 });
    calls(80, { spacingMs: 150, failedEvery: 4, tokens: 900 });
    expect(failures.areRandom).toBe(false);
    calls(80, { spacingMs: 150, failedEvery: 4 });
    expect(failures.areRandom).toBe(true);
  });

  test('a call that hangs delays nothing; its possible outcomes count against randomness', () => {
    const { failures, at, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 5 });
    const slow = Array.from({ length: 80 }, (_, nth) =>
      failures.started(at.nowMs + nth * 100, 300),
    );
    let isNews = false;
    for (const [nth, cohort] of slow.entries()) {
      if (nth === 0) continue;
      if (nth % 5 === 0) failures.failed(cohort);
      isNews = failures.ended(cohort) || isNews;
    }
    expect(isNews).toBe(true);
    expect(failures.areRandom).toBe(true);
  });

  test('calls at full pace hang, and may all fail: the lower pace may have helped', () => {
    const { failures, at, calls } = watched();
    for (let nth = 0; nth < 80; nth += 1) {
      const cohort = failures.started(nth * 50, 300);
      if (nth < 14) failures.failed(cohort);
      if (nth < 72) failures.ended(cohort);
    }
    at.nowMs = 4000;
    calls(80, { spacingMs: 100, failedEvery: 7 });
    expect(failures.areRandom).toBe(false);
  });

  test('calls that fail late count for the pace at which they started', () => {
    const { failures } = watched();
    const fast = Array.from({ length: 160 }, (_, nth) => failures.started(nth * 50, 300));
    const slow = Array.from({ length: 80 }, (_, nth) => failures.started(8000 + nth * 100, 300));
    for (const cohort of slow) failures.ended(cohort);
    for (const [nth, cohort] of fast.entries()) {
      if (nth % 4 === 0) failures.failed(cohort);
      expect(failures.ended(cohort)).toBe(false);
    }
    expect(failures.areRandom).toBe(false);
  });

  test('random, and clearly more fail: noticed before all calls of the cohort have ended', () => {
    const { failures, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 5 });
    calls(80, { spacingMs: 100, failedEvery: 5 });
    calls(60, { spacingMs: 50, failedEvery: 2 });
    expect(failures.areRandom).toBe(false);
  });

  test('random, and somewhat more fail for a while: no longer random', () => {
    const { failures, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 5 });
    calls(80, { spacingMs: 100, failedEvery: 5 });
    calls(80, { spacingMs: 50, failedEvery: 3.5 });
    expect(failures.areRandom).toBe(true);
    calls(800, { spacingMs: 50, failedEvery: 3.5 });
    expect(failures.areRandom).toBe(false);
  });

  test('a wrong verdict of randomness needs twice the evidence the next time', () => {
    const { failures, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 5 });
    calls(80, { spacingMs: 100, failedEvery: 5 });
    calls(80, { spacingMs: 50, failedEvery: 2 });
    expect(failures.areRandom).toBe(false);
    calls(80, { spacingMs: 40, failedEvery: 4 });
    calls(80, { spacingMs: 100, failedEvery: 4 });
    expect(failures.areRandom).toBe(false);
    calls(80, { spacingMs: 100, failedEvery: 4 });
    expect(failures.areRandom).toBe(true);
  });

  test('more than half: too much may still be too much at half the pace', () => {
    const { failures, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 1 });
    calls(400, { spacingMs: 100, failedEvery: 1 });
    expect(failures.areRandom).toBe(false);
  });

  test.each([
    ['clearly more fail', 2],
    ['they are over', Infinity],
  ])('no longer random once %s', (_, failedEvery) => {
    const { failures, calls } = watched();
    calls(80, { spacingMs: 50, failedEvery: 5 });
    calls(80, { spacingMs: 100, failedEvery: 5 });
    calls(80, { spacingMs: 50, failedEvery });
    expect(failures.areRandom).toBe(false);
  });
});

/** How a call ends at a service that takes so many a second, given the calls of this second so far. */
type Service = (callsOfSecond: number, random: () => number) => 'answered' | 'failed';

/**
 * Seconds until so many lines of a model with 1,200 calls a minute are answered, and calls that failed. An answer takes a
 * second, a failure `failureMs`.
 */
async function run(lines: number, service: Service, failureMs = 1000) {
  const time = createVirtualTime(seeded(1));
  const random = seeded(2);
  let ended = 0;
  let failed = 0;
  let second = 0;
  let callsOfSecond = 0;
  const limiter = new Limiter({
    clock: time,
    concurrency: 'auto',
    limits: () => ({ rpm: 1200, tpm: null }),
    budget: new Budget(null, 0),
    maxUnreachableMs: 600_000,
    onUnreachable: () => undefined,
    onBudgetReached: () => undefined,
  });
  const ask = (lineNo: number, attempt: number, turn: QueueEntry): void => {
    void limiter.admit(plannedLine(lineNo), turn).then((ticket) => {
      if (Math.floor(time.monotonicMs() / 1000) !== second) callsOfSecond = 0;
      second = Math.floor(time.monotonicMs() / 1000);
      callsOfSecond += 1;
      const end = service(callsOfSecond, random);
      time.after(end === 'failed' ? failureMs : 1000, () => {
        if (end === 'answered') {
          ended += 1;
          ticket?.admitted();
          ticket?.release({ ...RELEASED, tokens: 10, latencyMs: 1000 });
          return;
        }
        failed += 1;
        ticket?.overloaded('qbatch_connection_error');
        ticket?.release(RELEASED);
        const ownMs = backoffMs(attempt, time.random(), null);
        time.after(Math.max(ownMs, limiter.retryWaitMs('server')), () => {
          ask(lineNo, attempt + 1, 'again');
        });
      });
    });
  };
  for (let lineNo = 1; lineNo <= lines; lineNo += 1) ask(lineNo, 1, 'first');
  await time.run(() => ended === lines);
  limiter.stop();
  return { seconds: time.monotonicMs() / 1000, failed };
}

describe('a job of 2,000 lines at 20 calls a second', () => {
  test('where one call in five fails, whatever the pace: takes hardly longer than its calls', async () => {
    const { seconds } = await run(2000, (_, random) => (random() < 0.2 ? 'failed' : 'answered'));
    // 2,500 calls take 125 s. Slowed down for each failure they took 1,200.
    expect(seconds).toBeLessThan(250);
  });

  test('at a service that handles five a second: its share of failures stays small', async () => {
    const { seconds, failed } = await run(2000, (calls) => (calls > 5 ? 'failed' : 'answered'));
    expect(failed).toBeLessThan(2000 / 3);
    expect(seconds).toBeLessThan(520);
  });

  test('at one that handles eight a second and fails the others late: its share of failures stays small', async () => {
    const { failed } = await run(2000, (calls) => (calls > 8 ? 'failed' : 'answered'), 8000);
    // Failures of the pace before, which ended at the pace that they had brought, were taken as random, and 821 failed.
    expect(failed).toBeLessThan(500);
  });
});
