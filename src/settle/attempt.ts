import type { AttemptEnd, SettledLine } from '../ledger/records.ts';
import type { Ticket } from '../limits/ticket.ts';
import type { PlannedLine } from '../plan.ts';
import type { SettleContext } from './settle-context.ts';
import type { Tally } from './tally.ts';

/** One attempt of a line and its dependencies. */
export type Attempt = {
  readonly line: PlannedLine;
  /** Mutable; what was tried so far. */
  readonly tally: Tally;
  readonly context: SettleContext;
  readonly ticket: Ticket;
};

/** What follows an attempt: the line is settled, left open by this run, or retried after `waitMs` milliseconds. */
export type Next = 'settled' | 'open' | { readonly waitMs: number };

/** What an attempt used, for the budget and the pace. */
export type AttemptUse = Parameters<Ticket['release']>[0];

export const NOTHING_USED: AttemptUse = {
  tokens: null,
  pico: 0,
  uncertainPico: 0,
  latencyMs: null,
};

/** The end of an attempt: the records to commit together, and what follows. */
export type Ending = {
  readonly end: AttemptEnd;
  /** The line's record; null: it is not settled. */
  readonly settled: SettledLine | null;
  readonly used: AttemptUse;
  /** Whether the reply shows that the service accepts calls; a timeout or a broken connection shows nothing. */
  readonly isAdmitted: boolean;
  readonly next: Next;
};
