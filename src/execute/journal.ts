import type { AttemptEnd, AttemptStart, SettledLine } from '../ledger/records.ts';

/** Writes the records of a line; each promise resolves once the record is durable. */
export type Journal = {
  /**
   * False: it could not be written. The call must not leave: the line asks for a ticket again or, if the run stops, stays
   * open.
   */
  started(start: AttemptStart): Promise<boolean>;
  /** `settled`: the line's terminal record, committed together with the attempt's end. */
  ended(end: AttemptEnd, settled: SettledLine | null): Promise<void>;
  /** A terminal record without an attempt of its own (a line that fails unsent). */
  settledUnsent(settled: SettledLine): Promise<void>;
};
