import type { FailureClass } from '../failure.ts';
import type { Started } from './start-log.ts';
import type { Admittable } from './ticket.ts';

/**
 * A line that was refused so often in a row is set aside. Where tokens bind, a window may be used up again and again by
 * chance.
 */
const ASIDE_AFTER = { otherwise: 2, tokens: 3 } as const;
/** For so long. `elapsedShare`: as tries of a whole lane are, a share of the time that it has been refused for. */
const ASIDE_MS = { least: 1000, most: 30_000, elapsedShare: 1 / 5 } as const;
/** Longest that the service's own hint adds to it. */
const HINT_MS_MAX = 60_000;
/**
 * How likely it is that a line like all others was refused so often: where no likelier than `alone`, its refusals are its
 * own, also while no others are sent; where no likelier than `hopeless`, it may be given up. The share of others that were
 * refused is never taken to be less than `shareLeast`, so that giving up takes six refusals.
 */
const PROOF = { alone: 0.3, hopeless: 2e-6, shareLeast: 0.1 } as const;

/** Calls that were started, and that were refused, but those that were refused by themselves. */
export type Others = { readonly started: number; readonly refused: number };

/** What was refused of a line since it was last admitted. */
type Streak = {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Refusals for which most others had been admitted since the one before; counted once it is set aside. */
  readonly alone: number;
  /** What had become of others by the first. */
  readonly othersAtFirst: Others;
  /** Until when the line is set aside; null: it is not. */
  readonly dueMs: number | null;
};

/** A refusal of a line, and what else is known of its lane. Times are monotonic milliseconds. */
export type RefusalOfLine = {
  readonly why: FailureClass;
  /** Its Retry-After; null: it had none. */
  readonly waitMs: number | null;
  /** Whether the pace gives the call some seconds. */
  readonly isLarge: boolean;
  /** A call that was not refused for so long is taken to be admitted. */
  readonly presumedMs: number;
  /** The last start that was admitted for certain; -Infinity: none was. */
  readonly lastAdmittedSentMs: number;
  /** What has become of the others of its model so far. */
  readonly others: Others;
  /** What of them was started since a time, as far as its fate is known. */
  startedSince(sinceMs: number): Started;
};

/** What a refusal means. */
export type MeaningOfRefusal = {
  /** It says something of the line, and nothing of the limits of its model. */
  readonly isOwn: boolean;
  /** The line is not to be sent again, after so many refusals; null: it is. */
  readonly hopelessAfter: number | null;
};

/**
 * Lines that are refused again and again while others of their model are admitted: a prompt larger than the model's tokens
 * a minute, or one that a gateway refuses. Such a line must not be the only one that is tried, nor have the pace cut, and is
 * given up in the end. A window that is closed or an outage refuses all lines alike, and says nothing of any of them.
 *
 * | a line is   | a refusal makes it                                                       | the refusal is                   |
 * | ----------- | ------------------------------------------------------------------------ | -------------------------------- |
 * | *in line*   | *set aside*, where it is the second in a row (`ASIDE_AFTER`)             | the model's                      |
 * | *set aside* | *set aside* anew: twice as long where it is the line's own, else longer the longer it has been refused | the line's own where most others were admitted meanwhile, or so often before that chance hardly explains it; else the model's |
 * | *set aside* | *given up*, where it is the line's own, and chance does not explain them | the line's own                   |
 *
 * Admitted, it is *in line* again, and nothing is known of it.
 */
export class RefusedLines {
  private readonly streaks: WeakMap<Admittable, Streak> = new WeakMap();
  private readonly hopelessMs: number;

  /** A line may be refused for `hopelessMs` before it is given up. */
  constructor(hopelessMs: number) {
    this.hopelessMs = hopelessMs;
  }

  /** Until when a line is set aside; null: it is not. */
  asideUntilMs(line: Admittable): number | null {
    return this.streaks.get(line)?.dueMs ?? null;
  }

  /** The service took a call of the line: whatever refused it is over. */
  admitted(line: Admittable): void {
    this.streaks.delete(line);
  }

  refused(line: Admittable, nowMs: number, at: RefusalOfLine): MeaningOfRefusal {
    const before = this.streaks.get(line) ?? noneBefore(nowMs, at);
    const isAlone = before.dueMs !== null && wereMostAdmitted(at.startedSince(before.lastMs));
    const isOwn = isAlone || likelihood(before.alone, before, at) <= PROOF.alone;
    const count = before.count + 1;
    this.streaks.set(line, {
      ...before,
      count,
      lastMs: nowMs,
      alone: before.alone + (isAlone ? 1 : 0),
      dueMs: dueAgainMs(nowMs, { count, firstMs: before.firstMs, isOwn }, at),
    });
    const isHopeless =
      isOwn &&
      likelihood(count, before, at) <= PROOF.hopeless &&
      nowMs - before.firstMs > this.hopelessMs;
    return { isOwn, hopelessAfter: isHopeless ? count : null };
  }
}

function noneBefore(nowMs: number, { others }: RefusalOfLine): Streak {
  const othersAtFirst = { ...others };
  return { count: 0, firstMs: nowMs, lastMs: nowMs, alone: 0, othersAtFirst, dueMs: null };
}

function wereMostAdmitted({ calls, refused }: Started): boolean {
  return calls > refused;
}

/** How likely a line like all others is refused so often in a row, going by the others since its first refusal. */
function likelihood(times: number, streak: Streak, at: RefusalOfLine): number {
  // A call that nobody has refused yet may still be: one at the least must have been admitted for certain.
  if (at.lastAdmittedSentMs <= streak.firstMs) return 1;
  const refused = at.others.refused - streak.othersAtFirst.refused;
  const started = at.others.started - streak.othersAtFirst.started;
  return Math.max(PROOF.shareLeast, (refused + 1) / (started + 2)) ** times;
}

/** Until when a line is set aside that was refused `count` times in a row; null: others need not be tried first yet. */
function dueAgainMs(
  nowMs: number,
  { count, firstMs, isOwn }: { count: number; firstMs: number; isOwn: boolean },
  at: RefusalOfLine,
): number | null {
  const hintMs = Math.min(HINT_MS_MAX, Math.max(0, at.waitMs ?? 0));
  // The whole lane waits for a Retry-After, and after a large call: not more often than it must.
  const isCheap = at.why === 'throttle_tokens' && hintMs === 0 && !at.isLarge;
  const times = count - (isCheap ? ASIDE_AFTER.tokens : ASIDE_AFTER.otherwise);
  if (times < 0) return null;
  const leastMs = Math.max(ASIDE_MS.least, at.presumedMs);
  const sharedMs = Math.max(leastMs, (nowMs - firstMs) * ASIDE_MS.elapsedShare);
  return nowMs + hintMs + Math.min(ASIDE_MS.most, isOwn ? leastMs * 2 ** times : sharedMs);
}
