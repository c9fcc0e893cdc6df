import type { AttemptEnd, AttemptStart, SettledLine } from '../ledger/records.ts';

/** What a line writes down; each promise resolves once the record is durable. */
export type Journal = {
  /**
   * False: it could not be written down. The call must not leave: it has to ask for leave again, or where the run stops the
   * line stays open.
   */
  started(start: AttemptStart): Promise<boolean>;
  /** `settled`: the line's terminal record, committed together with the attempt's end. */
  ended(end: AttemptEnd, settled: SettledLine | null): Promise<void>;
  /** A terminal record without an attempt of its own (a line that fails unsent). */
  settledUnsent(settled: SettledLine): Promise<void>;
};
