import { describe, expect, test } from 'vitest';
import { Budget } from '../../src/limits/budget.ts';
import { Limiter } from '../../src/limits/limiter.ts';
import type { Ticket } from '../../src/limits/ticket.ts';
import { createFakeClock, settleTurns } from '../helpers/fake-clock.ts';
import { plannedLine } from '../helpers/planned-line.ts';

const DONE = { tokens: null, pico: 0, uncertainPico: 0, latencyMs: null };

type End = 'answered' | 'server error' | 'broken off' | 'refused' | 'throttled';

const ENDS: Record<End, (ticket: Ticket) => void> = {
  answered: (ticket) => {
    ticket.admitted();
    ticket.release({ ...DONE, tokens: 10, latencyMs: 100 });
  },
  'server error': (ticket) => {
    ticket.overloaded('InternalError');
    ticket.admitted();
    ticket.release(DONE);
  },
  'broken off': (ticket) => {
    ticket.overloaded('qbatch_connection_error');
    ticket.release(DONE);
  },
  refused: (ticket) => {
    ticket.admitted();
    ticket.release(DONE);
  },
  throttled: (ticket) => {
    ticket.throttled('throttle_rate', null);
    ticket.release(DONE);
  },
};

/**
 * A call every two seconds that ends as `endOf` says, for so many seconds; what was told of the service, and when. After the
 * call `kept.after` none can begin for `kept.seconds`.
 */
async function calls(
  seconds: number,
  endOf: (nth: number) => End,
  kept: { readonly after: number; readonly seconds: number } = { after: 0, seconds: 0 },
) {
  const clock = createFakeClock();
  const reported: { atS: number; failedBy: string | null | undefined }[] = [];
  const limiter = new Limiter({
    clock,
    concurrency: 4,
    limits: () => ({ rpm: 6000, tpm: null }),
    budget: new Budget(null, 0),
    maxUnreachableMs: 60_000,
    onUnreachable: (model, _reason, failedBy) => {
      if (model === null) reported.push({ atS: clock.monotonicMs() / 1000, failedBy });
    },
    onBudgetReached: () => undefined,
  });
  const beganS = clock.monotonicMs() / 1000;
  for (let nth = 1; nth * 2 <= seconds; nth += 1) {
    void limiter.admit(plannedLine(nth), 'first').then((ticket) => {
      if (ticket !== null) ENDS[endOf(nth)](ticket);
    });
    await settleTurns();
    await clock.advance(2000);
    if (nth !== kept.after) continue;
    limiter.suspend(true);
    await clock.advance(kept.seconds * 1000);
    limiter.suspend(false);
  }
  const outage = limiter.outage();
  limiter.stop();
  return { first: reported[0], afterS: (reported[0]?.atS ?? NaN) - beganS, outage };
}

describe('Limiter: every call fails at the service', () => {
  test.each(['server error', 'broken off'] as const)(
    '%s: reported once the allowed time is over',
    async (end) => {
      const { first, afterS } = await calls(100, () => end);
      const code = end === 'broken off' ? 'qbatch_connection_error' : 'InternalError';
      expect(first?.failedBy).toBe(code);
      expect(afterS).toBeGreaterThan(60);
      expect(afterS).toBeLessThan(64);
    },
  );

  test('the current outage can be shown long before the run ends because of it', async () => {
    const { first, outage } = await calls(50, () => 'server error');
    expect(first).toBeUndefined();
    expect(outage).toMatchObject({ kind: 'failing', reason: 'InternalError' });
    const over = await calls(70, (nth) => (nth >= 26 ? 'answered' : 'server error'));
    expect(over.outage).toBeNull();
  });

  test.each(['answered', 'refused'] as const)(
    'now and then one is %s: not reported',
    async (end) => {
      const { first } = await calls(600, (nth) => (nth % 25 === 0 ? end : 'server error'));
      expect(first).toBeUndefined();
    },
  );

  test('time in which no call could begin does not count: reported that much later', async () => {
    const kept = { after: 22, seconds: 90 };
    const few = await calls(50, () => 'server error', kept);
    expect(few.first).toBeUndefined();
    const { first, afterS } = await calls(100, () => 'server error', kept);
    expect(first?.failedBy).toBe('InternalError');
    expect(afterS).toBeGreaterThan(60 + kept.seconds - 2);
    expect(afterS).toBeLessThan(64 + kept.seconds);
  });

  test('throttled calls neither count nor end it', async () => {
    const mixed = await calls(100, (nth) => (nth % 3 === 0 ? 'throttled' : 'broken off'));
    expect(mixed.first?.failedBy).toBe('qbatch_connection_error');
    const few = await calls(100, (nth) => (nth % 3 === 0 ? 'broken off' : 'throttled'));
    expect(few.first).toBeUndefined();
  });
});
