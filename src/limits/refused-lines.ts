import type { FailureClass } from '../failure.ts';
import type { Started } from './start-log.ts';
import type { Admittable } from './ticket.ts';

/**
 * A line that was refused so often in a row is set aside, so that others are tried. Each of these
 * refusals is told to the pace: more of them cost more. Where tokens bind, a window may be used up
 * again and again.
 */
const ASIDE_AFTER = { otherwise: 2, tokens: 3 } as const;
/**
 * For so long at first. Twice as long each time where the refusals are its own; else as tries of a
 * lane are, a share of the time that it has been refused for.
 */
const ASIDE_MS = { least: 1000, most: 30_000, elapsedShare: 1 / 5 } as const;
/** Longest that the service's own hint adds to it. */
const HINT_MS_MAX = 60_000;
/**
 * How likely is it that a line like all others was refused so often? Where no likelier than `alone`, its refusals are its
 * own and say nothing of the pace any more; where no likelier than `hopeless`, it may be given up. It is reckoned from the
 * share of the others that were refused, which is never taken to be less than `shareLeast`: giving up takes six refusals.
 */
const PROOF = { alone: 0.3, hopeless: 2e-6, shareLeast: 0.1 } as const;

/** What was refused of one line since it was last admitted. */
type Refusals = {
  count: number;
  readonly firstMs: number;
  lastMs: number;
  /** How often it was refused where most others had been admitted since it was refused before. */
  alone: number;
  /** What had become of others when it was refused first. */
  readonly others: Others;
  /** Until when it is set aside; null: it is not. */
  dueMs: number | null;
};

/** Calls that were started, and that were refused, but those that were refused by themselves. */
export type Others = { readonly started: number; readonly refused: number };

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
 * Lines that are refused again and again while others of their model are admitted: a prompt larger
 * than the model's tokens a minute, or one that a gateway refuses. Such a line must not be the only
 * one that is tried, nor have the pace cut, and is given up in the end; a window that is closed or an
 * outage refuses all lines alike, and then a line's refusals say nothing of it.
 */
export class RefusedLines {
  private readonly lines: WeakMap<Admittable, Refusals> = new WeakMap();
  private readonly hopelessMs: number;

  /** A line may be refused for `hopelessMs` before it is given up. */
  constructor(hopelessMs: number) {
    this.hopelessMs = hopelessMs;
  }

  /** Until when a line is set aside, if it is; null: it was not refused often enough. */
  asideUntilMs(line: Admittable): number | null {
    return this.lines.get(line)?.dueMs ?? null;
  }

  /** The service took a call of the line: whatever refused it is over. */
  admitted(line: Admittable): void {
    this.lines.delete(line);
  }

  refused(line: Admittable, nowMs: number, at: RefusalOfLine): MeaningOfRefusal {
    const known = this.lines.get(line);
    const refusals = known ?? firstRefusal(nowMs, at);
    if (known === undefined) this.lines.set(line, refusals);
    const wasAside = refusals.dueMs !== null;
    const isAlone = wasAside && wereOthersAdmitted(refusals, at);
    if (isAlone) refusals.alone += 1;
    const isOwn = isAlone || (wasAside && wasOftenAlone(refusals, at));
    const share = refusedShare(refusals, at);
    refusals.count += 1;
    refusals.lastMs = nowMs;
    const times = refusals.count - asideAfter(at);
    const leastMs = Math.max(ASIDE_MS.least, at.presumedMs);
    const triedMs = Math.max(leastMs, (nowMs - refusals.firstMs) * ASIDE_MS.elapsedShare);
    const asideMs = isOwn ? leastMs * 2 ** Math.min(times, 10) : triedMs;
    refusals.dueMs = times < 0 ? null : nowMs + hintMs(at) + Math.min(ASIDE_MS.most, asideMs);
    const isHopeless =
      isOwn &&
      at.lastAdmittedSentMs > refusals.firstMs &&
      share ** refusals.count <= PROOF.hopeless &&
      nowMs - refusals.firstMs > this.hopelessMs;
    return { isOwn, hopelessAfter: isHopeless ? refusals.count : null };
  }
}

function firstRefusal(nowMs: number, { others }: RefusalOfLine): Refusals {
  return {
    count: 0,
    firstMs: nowMs,
    lastMs: nowMs,
    alone: 0,
    others: { ...others },
    dueMs: null,
  };
}

/** Whether most of the others were admitted since the line was refused before. */
function wereOthersAdmitted({ lastMs }: Refusals, at: RefusalOfLine): boolean {
  const { calls, refused } = at.startedSince(lastMs);
  return calls > refused;
}

/** Whether that was so often before that a line like all others would hardly have met it. */
function wasOftenAlone(refusals: Refusals, at: RefusalOfLine): boolean {
  const { alone, firstMs } = refusals;
  // A call that nobody has refused yet may still be: one at the least was admitted for certain.
  return at.lastAdmittedSentMs > firstMs && refusedShare(refusals, at) ** alone <= PROOF.alone;
}

/** The share of others that were refused since the line was refused first. */
function refusedShare({ others }: Refusals, at: RefusalOfLine): number {
  const refused = at.others.refused - others.refused;
  const started = at.others.started - others.started;
  return Math.max(PROOF.shareLeast, (refused + 1) / (started + 2));
}

function asideAfter(at: RefusalOfLine): number {
  // The whole lane waits for a Retry-After, and after a large call: not more often than it must.
  const isCheap = hintMs(at) === 0 && !at.isLarge;
  return at.why === 'throttle_tokens' && isCheap ? ASIDE_AFTER.tokens : ASIDE_AFTER.otherwise;
}

function hintMs({ waitMs }: RefusalOfLine): number {
  return Math.min(HINT_MS_MAX, Math.max(0, waitMs ?? 0));
}
