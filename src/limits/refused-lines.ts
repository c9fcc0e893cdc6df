import type { FailureClass } from '../failure.ts';
import type { StartCounts } from './start-log.ts';
import type { Admittable } from './ticket.ts';

/** A line refused this often in a row is set aside. Where tokens bind, a window may be used up repeatedly at random. */
const ASIDE_AFTER = { otherwise: 2, tokens: 3 } as const;
/** For how long. `elapsedShare`: a share of the time since the line was first refused, as for the tries of a whole lane. */
const ASIDE_MS = { least: 1000, most: 30_000, elapsedShare: 1 / 5 } as const;
/** Longest time that a Retry-After adds to it. */
const HINT_MS_MAX = 60_000;
/**
 * The probability that an ordinary line is refused this often: at or below `alone`, its refusals are its own, even while no
 * other line is sent; at or below `givenUp`, it may be given up. The refused share of other lines is taken to be at least
 * `shareLeast`, so that giving up takes six refusals.
 */
const PROBABILITY = { alone: 0.3, givenUp: 2e-6, shareLeast: 0.1 } as const;

/** Calls started and calls refused, except those refused for their line's own sake. */
export type OtherCalls = { readonly started: number; readonly refused: number };

/** Refusals of a line since it was last admitted. */
type Streak = {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Refusals where most other lines had been admitted since the previous one; counted once it is set aside. */
  readonly alone: number;
  /** The counts of other lines at the first refusal. */
  readonly othersAtFirst: OtherCalls;
  /** When the line is due again; null: not set aside. */
  readonly dueMs: number | null;
};

/** A refusal of a line, and what is known of its lane. Times are monotonic milliseconds. */
export type LineRefusal = {
  readonly why: FailureClass;
  /** Its Retry-After; null: none. */
  readonly waitMs: number | null;
  /** Whether the pace takes some seconds for the call. */
  readonly isLarge: boolean;
  /** A call not refused for this long is presumed admitted. */
  readonly presumedMs: number;
  /** The latest start that was certainly admitted; -Infinity: none. */
  readonly lastAdmittedSentMs: number;
  /** The counts of the model's other lines so far. */
  readonly others: OtherCalls;
  /** Those started since a given time, as far as their outcome is known. */
  startedSince(sinceMs: number): StartCounts;
};

/** How a refusal is to be read. */
export type RefusalMeaning = {
  /** It concerns the line, and says nothing of its model's limits. */
  readonly isOwn: boolean;
  /** The line is not to be sent again, after this many refusals; null: it is. */
  readonly givenUpAfter: number | null;
};

/**
 * Detects lines that are refused again and again while others of their model are admitted: a prompt larger than the model's
 * tokens per minute, or one that a gateway rejects. Such a line must not be the only one tried, nor have the pace cut, and
 * is given up in the end. A closed window or an outage refuses all lines alike and proves nothing about any of them.
 *
 * | a line is   | a refusal makes it                                                                                                    | the refusal is |
 * | ----------- | --------------------------------------------------------------------------------------------------------------------- | -------------- |
 * | *in line*   | *set aside*, if it is the second in a row (`ASIDE_AFTER`)                                                             | the model's    |
 * | *set aside* | *set aside* again: for twice as long if the refusal is the line's own, else in proportion to the time since its first | the line's own if most others were admitted meanwhile, or if chance hardly explains how often that was so; else the model's |
 * | *set aside* | *given up*, if the refusal is the line's own and chance does not explain the streak                                   | the line's own |
 *
 * Once admitted, it is *in line* again with no history.
 */
export class RefusedLines {
  private readonly streaks: WeakMap<Admittable, Streak> = new WeakMap();
  private readonly giveUpAfterMs: number;

  /** A line may be refused for `giveUpAfterMs` before it is given up. */
  constructor(giveUpAfterMs: number) {
    this.giveUpAfterMs = giveUpAfterMs;
  }

  /** When a line set aside is due again; null: it is not set aside. */
  asideUntilMs(line: Admittable): number | null {
    return this.streaks.get(line)?.dueMs ?? null;
  }

  /** The service accepted a call of the line: clears its streak. */
  admitted(line: Admittable): void {
    this.streaks.delete(line);
  }

  refused(line: Admittable, nowMs: number, at: LineRefusal): RefusalMeaning {
    const before = this.streaks.get(line) ?? newStreak(nowMs, at);
    const isAlone = before.dueMs !== null && wereMostAdmitted(at.startedSince(before.lastMs));
    const isOwn = isAlone || likelihood(before.alone, before, at) <= PROBABILITY.alone;
    const count = before.count + 1;
    this.streaks.set(line, {
      ...before,
      count,
      lastMs: nowMs,
      alone: before.alone + (isAlone ? 1 : 0),
      dueMs: nextDueMs(nowMs, { count, firstMs: before.firstMs, isOwn }, at),
    });
    const isGivenUp =
      isOwn &&
      likelihood(count, before, at) <= PROBABILITY.givenUp &&
      nowMs - before.firstMs > this.giveUpAfterMs;
    return { isOwn, givenUpAfter: isGivenUp ? count : null };
  }
}

function newStreak(nowMs: number, { others }: LineRefusal): Streak {
  const othersAtFirst = { ...others };
  return { count: 0, firstMs: nowMs, lastMs: nowMs, alone: 0, othersAtFirst, dueMs: null };
}

function wereMostAdmitted({ calls, refused }: StartCounts): boolean {
  return calls > refused;
}

/** The probability that an ordinary line is refused this often in a row, judging by the other lines since its first refusal. */
function likelihood(times: number, streak: Streak, at: LineRefusal): number {
  // A call not refused yet may still be: at least one must have been admitted for certain.
  if (at.lastAdmittedSentMs <= streak.firstMs) return 1;
  const refused = at.others.refused - streak.othersAtFirst.refused;
  const started = at.others.started - streak.othersAtFirst.started;
  return Math.max(PROBABILITY.shareLeast, (refused + 1) / (started + 2)) ** times;
}

/** When a line refused `count` times in a row is due again; null: others need not be tried first yet. */
function nextDueMs(
  nowMs: number,
  { count, firstMs, isOwn }: { count: number; firstMs: number; isOwn: boolean },
  at: LineRefusal,
): number | null {
  const hintMs = Math.min(HINT_MS_MAX, Math.max(0, at.waitMs ?? 0));
  // The whole lane waits for a Retry-After, and after a large call: no more often than it must.
  const isCheap = at.why === 'throttle_tokens' && hintMs === 0 && !at.isLarge;
  const times = count - (isCheap ? ASIDE_AFTER.tokens : ASIDE_AFTER.otherwise);
  if (times < 0) return null;
  const leastMs = Math.max(ASIDE_MS.least, at.presumedMs);
  const sharedMs = Math.max(leastMs, (nowMs - firstMs) * ASIDE_MS.elapsedShare);
  return nowMs + hintMs + Math.min(ASIDE_MS.most, isOwn ? leastMs * 2 ** times : sharedMs);
}
