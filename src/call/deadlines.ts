import type { Clock } from '../clock.ts';

/** How often deadlines are checked: one timer for all calls instead of one each. */
const LOOK_EVERY_MS = 250;
/** A check this late means that the process was suspended (Ctrl-Z, a frozen machine, a hung disk). */
const LATE_MS = 2000;

/** A call with a deadline, on the clock of `Deadlines`. */
type Call = { readonly deadlineMs: number; drop(ending: 'timeout'): void };

/**
 * Drops calls at their deadlines. Only time in which the process ran counts: after a pause timers run before sockets are
 * read, so replies that came meanwhile, perhaps paid for, would be thrown away.
 */
export type Deadlines = {
  /** The deadline of a call that begins now. */
  after(limitMs: number): number;
  /** Call it when a call was added: checks continue while there are any. */
  watch(): void;
  close(): void;
};

/**
 * Watches the calls of `open`. A check later than `LATE_MS` does not count its delay; a smaller delay counts in full, so
 * that a machine whose checks are always late (commits to a slow disk) keeps its deadlines.
 */
export function openDeadlines(open: ReadonlySet<Call>, clock: Clock): Deadlines {
  let cancel: (() => void) | null = null;
  let dueMs = 0;
  let stoodMs = 0;
  let stoodAtLookMs = 0;
  /**
   * Also called between two checks: a call that begins after a pause but before the next check must not be credited with
   * the pause.
   */
  const ranMs = (): number => {
    const nowMs = clock.monotonicMs();
    if (cancel !== null && nowMs - dueMs > LATE_MS) {
      stoodMs += nowMs - dueMs;
      dueMs = nowMs;
    }
    return nowMs - stoodMs;
  };
  const plan = (): void => {
    dueMs = clock.monotonicMs() + LOOK_EVERY_MS;
    cancel = clock.after(LOOK_EVERY_MS, look);
  };
  const look = (): void => {
    const nowMs = ranMs();
    // A call that expired before the pause may have a reply waiting too, which is read before the next check.
    const untilMs = stoodMs > stoodAtLookMs ? nowMs - LOOK_EVERY_MS : nowMs;
    stoodAtLookMs = stoodMs;
    for (const call of open) if (call.deadlineMs <= untilMs) call.drop('timeout');
    cancel = null;
    if (open.size > 0) plan();
  };
  return {
    after: (limitMs) => ranMs() + limitMs,
    watch() {
      if (cancel === null) plan();
    },
    close() {
      cancel?.();
      cancel = null;
    },
  };
}
