import { describe, expect, test } from 'vitest';
import type { FailureClass } from '../../src/failure.ts';
import type { PaceLimits } from '../../src/limits/pace-limits.ts';
import { Pacer } from '../../src/limits/pacer.ts';

/** A refusal, or an answer's head, comes back so soon. */
const BACK_MS = 60;
const TOKENS = 100;

type Refused = { readonly why: FailureClass; readonly waitMs?: number } | null;

/**
 * Starts calls whenever the pacer allows it, until `untilMs`; the service takes them or not. Returns how many it was
 * asked for from each second on.
 */
function drive(
  pacer: Pacer,
  at: { readonly fromMs: number; readonly untilMs: number },
  service: (sentMs: number) => Refused,
): { perSecond: number[]; refused: number } {
  const perSecond: number[] = [];
  let refused = 0;
  const back: { atMs: number; sentMs: number; refused: Refused }[] = [];
  const hear = (nowMs: number): void => {
    while ((back[0]?.atMs ?? Infinity) <= nowMs) {
      const reply = back.shift();
      if (reply?.refused == null) {
        if (reply !== undefined) pacer.admitted(reply.atMs, reply.sentMs);
        continue;
      }
      refused += 1;
      const { sentMs } = reply;
      const { why, waitMs = null } = reply.refused;
      pacer.refused(reply.atMs, why, { sentMs, cost: TOKENS, waitMs });
    }
  };
  for (let nowMs = at.fromMs; nowMs < at.untilMs;) {
    hear(nowMs);
    const dueMs = pacer.nextStartMs(nowMs);
    if (dueMs > nowMs) {
      nowMs = Math.min(dueMs, back[0]?.atMs ?? Infinity, nowMs + 1000);
      continue;
    }
    pacer.start(nowMs, TOKENS);
    const second = Math.floor((nowMs - at.fromMs) / 1000);
    perSecond[second] = (perSecond[second] ?? 0) + 1;
    back.push({ atMs: nowMs + BACK_MS, sentMs: nowMs, refused: service(nowMs) });
  }
  hear(at.untilMs);
  return { perSecond: Array.from(perSecond, (count) => count ?? 0), refused };
}

/** Refuses everything from one time to another, and what is more than so many in any second. */
function service(
  closed: { readonly fromMs: number; readonly toMs: number },
  reply: Exclude<Refused, null> = { why: 'throttle_rate' },
  perSecond = 20,
): (sentMs: number) => Refused {
  let second = -1;
  let count = 0;
  return (sentMs) => {
    if (sentMs >= closed.fromMs && sentMs < closed.toMs) return reply;
    if (Math.floor(sentMs / 1000) !== second) {
      second = Math.floor(sentMs / 1000);
      count = 0;
    }
    count += 1;
    return count > perSecond ? reply : null;
  };
}

const KNOWN: PaceLimits = { rpm: 1200, tpm: null };
const UNKNOWN: PaceLimits = { rpm: null, tpm: null };
const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

describe('Pacer: a closure that says nothing of the limit', () => {
  test.each([
    ['rate', 'throttle_rate'],
    ['tokens', 'throttle_tokens'],
  ] as const)(
    'everything is refused from the first call on for 25 s (%s): nothing is learned from it, the limit is found as usual',
    (_, why) => {
      const pacer = new Pacer(UNKNOWN);
      const closed = service({ fromMs: 0, toMs: 25_000 }, { why });
      const { perSecond } = drive(pacer, { fromMs: 0, untilMs: 60_000 }, closed);
      // Half of what is given in the last 20 s, at the least.
      expect(sum(perSecond.slice(40))).toBeGreaterThan(200);
      expect(pacer.requests.learned.perMs ?? Infinity).toBeGreaterThan(5 / 1000);
    },
  );

  test.each([5000, 15_000, 30_000, 50_000, 60_000])(
    'closed for %i ms after two minutes at a known limit: back to it within seconds, no window is learned',
    (ms) => {
      const pacer = new Pacer(KNOWN);
      const closed = service({ fromMs: 120_000, toMs: 120_000 + ms });
      const { perSecond } = drive(pacer, { fromMs: 0, untilMs: 240_000 }, closed);
      // A gap between two tries, the ramp, and from then on nearly all of it.
      expect(sum(perSecond.slice(200, 240))).toBeGreaterThan(40 * 19);
      expect(pacer.requests.windowMs).toBe(1000);
      expect(pacer.requests.storablePerMs).toBeNull();
    },
  );

  test('closed twice within minutes, for equally long: then it is a window', () => {
    const pacer = new Pacer(KNOWN);
    const first = service({ fromMs: 120_000, toMs: 150_000 });
    drive(pacer, { fromMs: 0, untilMs: 180_000 }, first);
    expect(pacer.requests.windowMs).toBe(1000);
    const second = service({ fromMs: 180_000, toMs: 210_000 });
    drive(pacer, { fromMs: 180_000, untilMs: 230_000 }, second);
    expect(pacer.requests.windowMs).toBe(60_000);
  });

  test.each([60_000, 300_000])(
    'growth refused for %i ms: few tries, and the pace recovers',
    (ms) => {
      const pacer = new Pacer(KNOWN);
      const closed = service({ fromMs: 60_000, toMs: 60_000 + ms }, { why: 'throttle_burst' });
      const { perSecond, refused } = drive(pacer, { fromMs: 0, untilMs: 120_000 + ms }, closed);
      expect(refused).toBeLessThan(80);
      expect(sum(perSecond.slice(-20))).toBeGreaterThan(20 * 18);
    },
  );

  test('Retry-After of 20 s at a touch of the limit: the pause is no closure, and probing is rare', () => {
    const pacer = new Pacer(UNKNOWN);
    const limited = service({ fromMs: -1, toMs: -1 }, { why: 'throttle_rate', waitMs: 20_000 });
    const { perSecond } = drive(pacer, { fromMs: 0, untilMs: 600_000 }, limited);
    expect(pacer.requests.windowMs).toBe(1000);
    expect(sum(perSecond)).toBeGreaterThan(600 * 20 * 0.6);
  });
});

describe('Pacer: a limit learned in an earlier run', () => {
  /** Answers that take a third of what was estimated, until the ratio is trusted. */
  function answered(pacer: Pacer): void {
    for (let nth = 0; nth < 30; nth += 1) {
      const cost = pacer.start(nth * 1000, 300);
      pacer.settle(300, cost, 100);
    }
  }

  test('tokens, with estimates three times too high: it was in true tokens, and stays', () => {
    const learned = { rpm: 'learned', tpm: 'learned' } as const;
    const pacer = new Pacer({ rpm: 60_000, tpm: 600_000, origin: learned });
    answered(pacer);
    expect(pacer.pace().tokens.limit).toBe(600_000);
  });

  test('far too low, and nothing is refused: the real one is found within minutes, whatever window was learned', () => {
    const origin = { rpm: 'learned', tpm: 'learned' } as const;
    const pacer = new Pacer({ rpm: 10, tpm: null, origin, windowMs: 60_000 });
    const open = service({ fromMs: -1, toMs: -1 });
    const { perSecond } = drive(pacer, { fromMs: 0, untilMs: 180_000 }, open);
    expect(sum(perSecond.slice(-60))).toBeGreaterThan(1000);
  });

  test('a limit met close to a configured one is not passed on; one far below is', () => {
    const near = new Pacer({ rpm: 1300, tpm: null });
    drive(near, { fromMs: 0, untilMs: 240_000 }, service({ fromMs: -1, toMs: -1 }));
    expect(near.requests.storablePerMs).toBeNull();
    const far = new Pacer({ rpm: 12_000, tpm: null });
    drive(far, { fromMs: 0, untilMs: 240_000 }, service({ fromMs: -1, toMs: -1 }));
    expect((far.requests.storablePerMs ?? 0) * 60_000).toBeGreaterThan(1000);
    expect((far.requests.storablePerMs ?? Infinity) * 60_000).toBeLessThan(1400);
  });

  test('a configured limit far too high: refusals stay few', () => {
    const pacer = new Pacer({ rpm: 30_000, tpm: null });
    const { refused, perSecond } = drive(
      pacer,
      { fromMs: 0, untilMs: 300_000 },
      service({ fromMs: -1, toMs: -1 }),
    );
    expect(refused / sum(perSecond)).toBeLessThan(0.02);
    expect(sum(perSecond.slice(60))).toBeGreaterThan(240 * 20 * 0.93);
  });
});

describe('Pacer: recurring interference says nothing of the limit', () => {
  test.each([
    [10, 120],
    [30, 120],
    [50, 120],
    [30, 240],
  ])(
    'everything is refused for %i s, every %i s: the limit is used in between, each time',
    (closedS, everyS) => {
      const pacer = new Pacer(KNOWN);
      const closed = { why: 'throttle_rate' } as const;
      const open = service({ fromMs: 0, toMs: 0 });
      const { perSecond, refused } = drive(pacer, { fromMs: 0, untilMs: 1_200_000 }, (sentMs) =>
        sentMs > 60_000 && (sentMs / 1000) % everyS < closedS ? closed : open(sentMs),
      );
      const possible = 1200 * 20 * (1 - closedS / everyS);
      expect(sum(perSecond) - refused).toBeGreaterThan(possible * 0.85);
      expect(refused).toBeLessThan(possible * 0.03);
    },
  );

  test('another client uses up every tenth second: the previous pace is returned to', () => {
    const pacer = new Pacer(KNOWN);
    const open = service({ fromMs: 0, toMs: 0 });
    const { perSecond, refused } = drive(pacer, { fromMs: 0, untilMs: 600_000 }, (sentMs) =>
      Math.floor(sentMs / 1000) % 10 === 7 && sentMs % 1000 > 330
        ? { why: 'throttle_rate' }
        : open(sentMs),
    );
    // Nine seconds of ten can be had; a third of that if a closure is believed for long.
    expect(sum(perSecond) - refused).toBeGreaterThan(600 * 20 * 0.9 * 0.42);
  });

  test('a permanently lower limit: it is met a few more times, and used', () => {
    const pacer = new Pacer(KNOWN);
    drive(pacer, { fromMs: 0, untilMs: 60_000 }, service({ fromMs: 0, toMs: 0 }));
    const half = service({ fromMs: 0, toMs: 0 }, { why: 'throttle_rate' }, 10);
    const { perSecond, refused } = drive(pacer, { fromMs: 60_000, untilMs: 1_260_000 }, half);
    expect(sum(perSecond) - refused).toBeGreaterThan(1200 * 10 * 0.9);
    expect(refused).toBeLessThan(1200 * 10 * 0.02);
  });

  test.each([2, 4])(
    '%i calls of twenty a second are left permanently: they are used, and hardly any refused',
    (left) => {
      const pacer = new Pacer(KNOWN);
      drive(pacer, { fromMs: 0, untilMs: 60_000 }, service({ fromMs: 0, toMs: 0 }));
      const less = service({ fromMs: 0, toMs: 0 }, { why: 'throttle_rate' }, left);
      drive(pacer, { fromMs: 60_000, untilMs: 360_000 }, less);
      const { perSecond, refused } = drive(pacer, { fromMs: 360_000, untilMs: 1_260_000 }, less);
      expect(sum(perSecond) - refused).toBeGreaterThan(900 * left * 0.85);
      expect(refused).toBeLessThan(900 * left * 0.04);
    },
  );

  test('a tenth of windows of a minute is left: the measured rate is used, and not refused again and again', () => {
    const pacer = new Pacer(KNOWN);
    let minute = -1;
    let count = 0;
    const { perSecond, refused } = drive(pacer, { fromMs: 0, untilMs: 1_800_000 }, (sentMs) => {
      if (Math.floor(sentMs / 60_000) !== minute) {
        minute = Math.floor(sentMs / 60_000);
        count = 0;
      }
      count += 1;
      return count > (sentMs < 180_000 ? 1200 : 120) ? { why: 'throttle_rate' } : null;
    });
    expect(sum(perSecond.slice(180)) - refused).toBeGreaterThan(27 * 120 * 0.9);
    expect(refused).toBeLessThan(27 * 120 * 0.03);
  });

  /** A service that counts by the minute, 1,200 calls, or a tenth of them in the minutes that `falls` names. */
  function minutes(falls: (minute: number) => boolean): (sentMs: number) => Refused {
    let minute = -1;
    let count = 0;
    return (sentMs) => {
      if (Math.floor(sentMs / 60_000) !== minute) {
        minute = Math.floor(sentMs / 60_000);
        count = 0;
      }
      count += 1;
      return count > (falls(minute) ? 120 : 1200) ? { why: 'throttle_rate' } : null;
    };
  }

  test.each([
    ['one minute of two', 2, 1, 0.7],
    ['three minutes of ten', 10, 3, 0.6],
  ])(
    'a tenth of windows of a minute is left for %s: the others are used, each time',
    (_, everyMinutes, fallenMinutes, share) => {
      const pacer = new Pacer(KNOWN);
      const fallen = (minute: number): boolean =>
        minute >= everyMinutes && minute % everyMinutes < fallenMinutes;
      const { perSecond, refused } = drive(
        pacer,
        { fromMs: 0, untilMs: 40 * 60_000 },
        minutes(fallen),
      );
      const given = Array.from({ length: 40 }, (_each, minute) => (fallen(minute) ? 120 : 1200));
      expect(sum(perSecond) - refused).toBeGreaterThan(sum(given) * share);
      expect(refused).toBeLessThan(sum(given) * 0.03);
    },
  );

  test('windows of a minute shrink for two, and one call of 200 is refused besides: the pace recovers', () => {
    const pacer = new Pacer(KNOWN);
    const given = minutes((minute) => minute === 3 || minute === 4);
    let calls = 0;
    const { perSecond } = drive(pacer, { fromMs: 0, untilMs: 20 * 60_000 }, (sentMs) => {
      calls += 1;
      return calls % 200 === 0 ? { why: 'throttle_rate' } : given(sentMs);
    });
    expect(sum(perSecond.slice(-600)) / 600).toBeGreaterThan(10);
  });

  test('other clients use up a limit for half an hour and leave: it is used again within minutes', () => {
    const pacer = new Pacer(KNOWN);
    drive(pacer, { fromMs: 0, untilMs: 60_000 }, service({ fromMs: 0, toMs: 0 }));
    // One call in two seconds is left, and each second another one.
    const left = service({ fromMs: 0, toMs: 0 }, { why: 'throttle_rate' }, 1);
    drive(pacer, { fromMs: 60_000, untilMs: 1_860_000 }, (sentMs) =>
      Math.floor(sentMs / 1000) % 2 === 0 ? { why: 'throttle_rate' } : left(sentMs),
    );
    const open = service({ fromMs: 0, toMs: 0 });
    const { perSecond } = drive(pacer, { fromMs: 1_860_000, untilMs: 4_260_000 }, open);
    expect(sum(perSecond.slice(-600)) / 600).toBeGreaterThan(18);
  });
});
