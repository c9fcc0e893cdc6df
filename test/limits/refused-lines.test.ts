import { describe, expect, test } from 'vitest';
import { RefusedLines, type LineRefusal } from '../../src/limits/refused-lines.ts';
import { plannedLine } from '../helpers/planned-line.ts';

const MINUTE_MS = 60_000;

/** What a refusal finds where all others are admitted: so many since the line was refused before. */
function amongAdmitted(calls: number, fields: Partial<LineRefusal> = {}): LineRefusal {
  return {
    why: 'throttle_rate',
    waitMs: null,
    isLarge: false,
    presumedMs: 200,
    lastAdmittedSentMs: Infinity,
    others: { started: calls, refused: 0 },
    startedSince: () => ({ calls, tokens: calls * 100, refused: 0 }),
    ...fields,
  };
}

/** Where everything is refused. */
function amongRefused(calls: number): LineRefusal {
  return amongAdmitted(0, {
    lastAdmittedSentMs: -Infinity,
    others: { started: calls, refused: calls },
    startedSince: () => ({ calls: 0, tokens: 0, refused: calls }),
  });
}

/** Refuses a line a number of times, a second after it is due again; what each refusal meant. */
function refuse(lines: RefusedLines, times: number, of: (nth: number) => LineRefusal) {
  const line = plannedLine(7);
  const seen: { atMs: number; isOwn: boolean; givenUpAfter: number | null; asideMs: number }[] = [];
  let atMs = 1000;
  for (let nth = 1; nth <= times; nth += 1) {
    const { isOwn, givenUpAfter } = lines.refused(line, atMs, of(nth));
    const dueMs = lines.asideUntilMs(line) ?? atMs;
    seen.push({ atMs, isOwn, givenUpAfter, asideMs: dueMs - atMs });
    atMs = dueMs + 100;
  }
  return { line, seen };
}

describe('RefusedLines: a line that is refused while others are admitted', () => {
  test('the first refusals concern the model; then it is set aside, longer each time, and they are its own', () => {
    const { seen } = refuse(new RefusedLines(10 * MINUTE_MS), 9, (nth) => amongAdmitted(20 * nth));
    expect(seen.map(({ isOwn }) => isOwn)).toEqual([false, false, ...Array<boolean>(7).fill(true)]);
    expect(seen.map(({ asideMs }) => asideMs / 1000)).toEqual([0, 1, 2, 4, 8, 16, 30, 30, 30]);
  });

  test('tokens: set aside one refusal later', () => {
    const { seen } = refuse(new RefusedLines(0), 4, () =>
      amongAdmitted(20, { why: 'throttle_tokens' }),
    );
    expect(seen.map(({ asideMs }) => asideMs / 1000)).toEqual([0, 0, 1, 2]);
    const large = refuse(new RefusedLines(0), 3, () =>
      amongAdmitted(20, { why: 'throttle_tokens', isLarge: true }),
    );
    expect(large.seen.map(({ asideMs }) => asideMs / 1000)).toEqual([0, 1, 2]);
  });

  test('it is given up after six refusals and the allowed time, not before', () => {
    const { seen } = refuse(new RefusedLines(10 * MINUTE_MS), 40, (nth) => amongAdmitted(20 * nth));
    const end = seen.find(({ givenUpAfter }) => givenUpAfter !== null);
    expect(end?.givenUpAfter).toBe(seen.findIndex((one) => one === end) + 1);
    expect(end?.atMs).toBeGreaterThan(10 * MINUTE_MS);
    expect(end?.atMs).toBeLessThan(11 * MINUTE_MS);
    const soon = refuse(new RefusedLines(0), 40, (nth) => amongAdmitted(20 * nth));
    expect(soon.seen.findIndex(({ givenUpAfter }) => givenUpAfter !== null)).toBe(5);
  });

  test('once it is known, refusals stay its own even if nothing else is sent any more', () => {
    const { seen } = refuse(new RefusedLines(10 * MINUTE_MS), 40, (nth) =>
      nth < 5
        ? amongAdmitted(20 * nth)
        : amongAdmitted(100, { startedSince: () => ({ calls: 0, tokens: 0, refused: 0 }) }),
    );
    expect(seen.slice(2).every(({ isOwn }) => isOwn)).toBe(true);
    expect(seen.some(({ givenUpAfter }) => givenUpAfter !== null)).toBe(true);
  });

  test('only the line waits for its Retry-After', () => {
    const { seen } = refuse(new RefusedLines(0), 4, () => amongAdmitted(20, { waitMs: 7000 }));
    expect(seen.map(({ asideMs }) => asideMs / 1000)).toEqual([0, 8, 9, 11]);
  });

  test('it is set aside until it is known that others were not refused', () => {
    const { seen } = refuse(new RefusedLines(0), 3, () => amongAdmitted(20, { presumedMs: 5000 }));
    expect(seen.map(({ asideMs }) => asideMs)).toEqual([0, 5000, 10_000]);
  });

  test('admitted once: earlier refusals are forgotten', () => {
    const lines = new RefusedLines(0);
    const { line } = refuse(lines, 6, (nth) => amongAdmitted(20 * nth));
    lines.admitted(line);
    expect(lines.asideUntilMs(line)).toBeNull();
    expect(lines.refused(line, 200_000, amongAdmitted(500)).isOwn).toBe(false);
  });
});

describe('RefusedLines: others are refused too', () => {
  test('an outage: never its own, never given up', () => {
    const { seen } = refuse(new RefusedLines(0), 200, (nth) => amongRefused(nth));
    expect(seen.some(({ isOwn }) => isOwn)).toBe(false);
    expect(seen.some(({ givenUpAfter }) => givenUpAfter !== null)).toBe(false);
  });

  test('four of five are refused: giving up takes as many refusals as one line in half a million has', () => {
    const { seen } = refuse(new RefusedLines(0), 200, (nth) =>
      amongAdmitted(0, {
        others: { started: 100 * nth, refused: 80 * nth },
        // Now and then more were admitted, as chance has it.
        startedSince: () => ({ calls: nth % 4 === 0 ? 3 : 1, tokens: 100, refused: 2 }),
      }),
    );
    const times = seen.find(({ givenUpAfter }) => givenUpAfter !== null)?.givenUpAfter ?? 0;
    expect(0.8 ** times).toBeLessThan(2e-6);
  });

  test('others are in flight, but none was certainly admitted: it is not given up', () => {
    const { seen } = refuse(new RefusedLines(0), 100, (nth) =>
      amongAdmitted(20 * nth, { lastAdmittedSentMs: -Infinity }),
    );
    expect(seen.some(({ givenUpAfter }) => givenUpAfter !== null)).toBe(false);
  });
});
