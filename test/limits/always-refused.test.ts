import { describe, expect, test } from 'vitest';
import { HiddenQuota, type Refusal } from '../../bench/laboratory/hidden-quota.ts';
import { SCENARIOS } from '../../bench/laboratory/index.ts';
import { createVirtualTime, seeded } from '../../bench/laboratory/virtual-time.ts';
import { Budget } from '../../src/limits/budget.ts';
import { Limiter } from '../../src/limits/limiter.ts';
import type { PaceLimits } from '../../src/limits/pace-limits.ts';
import type { QueueEntry } from '../../src/limits/ticket.ts';
import { plannedLine } from '../helpers/planned-line.ts';

const LATENCY_MS = 2000;
const REFUSAL_MS = 80;
const MAX_UNREACHABLE_MS = 600_000;
const QUOTA = { ...SCENARIOS[0]?.workloads[0]?.quota, rpm: 1200 } as const;
const NOTHING = { tokens: null, pico: 0, uncertainPico: 0, latencyMs: null };

type Job = {
  readonly lines: number;
  readonly limits: PaceLimits;
  /** Why the service refuses a line at a time, besides for its quota; null: it does not. */
  refused(nth: number, nowMs: number): Refusal | null;
  readonly retryAfterMs?: number;
  tokensOf?(nth: number): number;
};

/** One model's job against a quota of 1,200 calls a minute, in virtual time, until it ends or is parked. */
async function runJob({ lines, limits, refused, retryAfterMs, tokensOf }: Job) {
  const time = createVirtualTime(seeded(1));
  const quota = new HiddenQuota(
    QUOTA as ConstructorParameters<typeof HiddenQuota>[0],
    0.3,
    seeded(2),
  );
  const answered: number[] = [];
  const failed: number[] = [];
  const sent = new Map<number, number>();
  let lastAnswerMs = 0;
  let parkedMs: number | null = null;
  const limiter = new Limiter({
    clock: time,
    concurrency: 'auto',
    limits: () => limits,
    budget: new Budget(null, 0),
    maxUnreachableMs: MAX_UNREACHABLE_MS,
    onUnreachable: (model) => {
      parkedMs = time.monotonicMs();
      if (model !== null) limiter.park(model);
    },
    onBudgetReached: () => undefined,
  });
  const settle = async (nth: number): Promise<void> => {
    const line = plannedLine(nth, {
      inputTokens: tokensOf?.(nth) ?? 100,
      outputExpectedTokens: 100,
    });
    for (let turn: QueueEntry = 'first'; ; turn = 'again') {
      const ticket = await limiter.admit(line, turn);
      if (ticket === null) return;
      sent.set(nth, (sent.get(nth) ?? 0) + 1);
      const why = refused(nth, time.monotonicMs()) ?? quota.admit(time.monotonicMs(), 200);
      await new Promise<void>((resolve) => {
        time.after(why === null ? LATENCY_MS : REFUSAL_MS, resolve);
      });
      if (why === null) {
        ticket.admitted();
        ticket.release({ ...NOTHING, tokens: 200, latencyMs: LATENCY_MS });
        answered.push(nth);
        lastAnswerMs = time.monotonicMs();
        return;
      }
      const { givenUpAfter } = ticket.throttled(why, retryAfterMs ?? null);
      ticket.release(NOTHING);
      if (givenUpAfter === null) continue;
      failed.push(nth);
      return;
    }
  };
  let isOver = false;
  const job = Promise.all(Array.from({ length: lines }, (_, index) => settle(index + 1))).then(
    () => {
      isOver = true;
    },
  );
  await time.run(() => isOver);
  await job;
  limiter.stop();
  const endMs = time.monotonicMs();
  return { answered: answered.length, failed, sent, lastAnswerMs, endMs, parkedMs };
}

const KNOWN: PaceLimits = { rpm: 1200, tpm: 5_000_000 };
const UNKNOWN: PaceLimits = { rpm: null, tpm: null };
const CODES = ['throttle_rate', 'throttle_tokens', 'throttle_burst'] as const;
const CASES = CODES.flatMap((why) => [
  { why, know: 'known', limits: KNOWN },
  { why, know: 'unknown', limits: UNKNOWN },
]);

describe.each(CASES)('one line is always refused, $why, limits $know', ({ why, limits }) => {
  test('all others are answered as fast as without it, and it fails after some tens of calls', async () => {
    const job = { lines: 1200, limits };
    const without = await runJob({ ...job, refused: () => null });
    const at = await runJob({ ...job, refused: (nth) => (nth === 21 ? why : null) });
    expect(at).toMatchObject({ answered: 1199, failed: [21], parkedMs: null });
    expect(at.sent.get(21)).toBeLessThan(40);
    expect(at.endMs).toBeGreaterThan(MAX_UNREACHABLE_MS);
    expect(at.endMs).toBeLessThan(MAX_UNREACHABLE_MS + 40_000);
    // At an unknown limit a refusal ends the growth: that is made up for soon.
    const costMs = limits === KNOWN ? 12_000 : 40_000;
    expect(at.lastAnswerMs).toBeLessThan(without.lastAnswerMs + costMs);
  });
});

test.each(CASES)(
  'one line in twenty is always refused, $why, limits $know: all others are answered, those fail',
  async ({ why, limits }) => {
    const at = await runJob({
      // Of the last ones of a job nobody could tell: nothing else is tried any more.
      lines: 440,
      limits,
      refused: (nth) => (nth % 20 === 8 && nth < 400 ? why : null),
    });
    expect(at).toMatchObject({ answered: 420, parkedMs: null });
    expect(at.failed).toHaveLength(20);
    expect(at.lastAnswerMs).toBeLessThan(180_000);
    expect(at.endMs).toBeLessThan(900_000);
  },
);

test('a prompt larger than the tokens of a minute: its tries do not use up the pace of the others', async () => {
  const at = await runJob({
    lines: 400,
    limits: { rpm: 1200, tpm: 1_000_000 },
    tokensOf: (nth) => (nth === 21 ? 2_000_000 : 100),
    refused: (nth) => (nth === 21 ? 'throttle_tokens' : null),
  });
  expect(at).toMatchObject({ answered: 399, failed: [21], parkedMs: null });
  expect(at.lastAnswerMs).toBeLessThan(60_000);
});

test('each refusal comes with a Retry-After of a minute: the lane waits for two of them', async () => {
  const at = await runJob({
    lines: 400,
    limits: KNOWN,
    retryAfterMs: 60_000,
    refused: (nth) => (nth === 21 ? 'throttle_rate' : null),
  });
  expect(at).toMatchObject({ answered: 399, failed: [21], parkedMs: null });
  expect(at.lastAnswerMs).toBeLessThan(200_000);
});

describe('everything is refused', () => {
  test.each([3, 400])(
    '%i lines left: the model is parked after the allowed time, and no line fails',
    async (lines) => {
      const at = await runJob({ lines, limits: KNOWN, refused: () => 'throttle_rate' });
      expect(at.failed).toEqual([]);
      expect(at.parkedMs).toBeGreaterThan(MAX_UNREACHABLE_MS);
      expect(at.parkedMs).toBeLessThan(MAX_UNREACHABLE_MS + 35_000);
      expect([...at.sent.values()].reduce((sum, calls) => sum + calls, 0)).toBeLessThan(200);
    },
  );

  test('from the middle of a job on: the remaining lines stay open', async () => {
    const refused = (_: number, nowMs: number) => (nowMs > 10_000 ? 'throttle_tokens' : null);
    const at = await runJob({ lines: 400, limits: KNOWN, refused });
    expect(at.failed).toEqual([]);
    expect(at.parkedMs).not.toBeNull();
  });

  test('for five minutes: then all lines are answered', async () => {
    const refused = (_: number, nowMs: number) =>
      nowMs > 10_000 && nowMs < 310_000 ? 'throttle_rate' : null;
    const at = await runJob({ lines: 400, limits: KNOWN, refused });
    expect(at).toMatchObject({ answered: 400, failed: [], parkedMs: null });
    expect(at.lastAnswerMs).toBeLessThan(370_000);
  });
});

test('one call in seven is refused at random: no line fails', async () => {
  const random = seeded(3);
  const at = await runJob({
    lines: 4000,
    limits: KNOWN,
    refused: () => (random() < 1 / 7 ? 'throttle_rate' : null),
  });
  expect(at).toMatchObject({ answered: 4000, failed: [], parkedMs: null });
});
