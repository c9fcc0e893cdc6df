import type { Clock } from '../clock.ts';

/** How often deadlines are looked at: one timer for all calls instead of one each. */
const LOOK_EVERY_MS = 250;
/** A look that comes so late says that the process stood still (Ctrl-Z, a frozen machine, a disk that hung). */
const LATE_MS = 2000;

/** A call with a deadline, in the time of `Deadlines`. */
type Call = { readonly deadlineMs: number; drop(ending: 'timeout'): void };

/**
 * Drops calls at their deadlines. Their time is that in which the process ran: after a pause timers run before
 * sockets are read, and replies that came meanwhile, and may have been paid for, would be thrown away.
 */
export type Deadlines = {
  /** The deadline of a call that begins now. */
  after(limitMs: number): number;
  /** To be told when a call was added: looks go on for as long as there are any. */
  watch(): void;
  close(): void;
};

/**
 * Watches over the calls of `open`. Of a look that comes later than `LATE_MS` the lateness does not count; less counts in
 * full, so that a machine on which looks are late each time (commits to a slow disk) keeps its deadlines.
 */
export function openDeadlines(open: ReadonlySet<Call>, clock: Clock): Deadlines {
  let cancel: (() => void) | null = null;
  let dueMs = 0;
  let stoodMs = 0;
  let stoodAtLookMs = 0;
  /** Also asked between two looks: a call that begins after a pause and before the next one is not given the pause too. */
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
    // What ran out before the pause may have its reply waiting too, and is read before the next look.
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
