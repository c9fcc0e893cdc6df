import type { AnswerUsage } from './answer-shape.ts';
import { findServiceError } from './errors-table.ts';

/** What a simulator has received and charged since its start. */
export type SimulatorStats = {
  /** Calls of a known endpoint. */
  readonly calls: number;
  /** Complete answers passed to a connection that was still open. */
  readonly answered: number;
  /**
   * Tokens of every answer that was started: including those cut, stalled or partial, and those whose caller had
   * disconnected. Errors cost nothing.
   */
  readonly billedInputTokens: number;
  readonly billedOutputTokens: number;
  /**
   * Number of each error code (as sent), HTML status (`http_502`) or transport fault. Beyond the first hundred names
   * undocumented ones count as `other`; long ones are truncated to 80 characters.
   */
  readonly byCode: Readonly<Record<string, number>>;
  /** Peak number of open calls. */
  readonly maxConcurrent: number;
};

/** The name for codes that are not counted individually. */
export const OTHER_CODES = 'other';

const NAMES_MAX = 100;
const NAME_CHARS_MAX = 80;

/** Counts events of a simulator. */
export type StatsCounter = {
  open(): void;
  close(): void;
  answered(): void;
  bill(usage: Pick<AnswerUsage, 'input' | 'output'>): void;
  fault(code: string): void;
  snapshot(): SimulatorStats;
};

/** A counter that starts at zero. */
export function createStats(): StatsCounter {
  let calls = 0;
  let answered = 0;
  let billedInputTokens = 0;
  let billedOutputTokens = 0;
  let concurrent = 0;
  let maxConcurrent = 0;
  const byCode = new Map<string, number>();
  return {
    open() {
      calls += 1;
      concurrent += 1;
      maxConcurrent = Math.max(maxConcurrent, concurrent);
    },
    close() {
      concurrent -= 1;
    },
    answered() {
      answered += 1;
    },
    bill({ input, output }) {
      billedInputTokens += input;
      billedOutputTokens += output;
    },
    fault(code) {
      const short = code.slice(0, NAME_CHARS_MAX);
      const isKept =
        byCode.has(short) || byCode.size < NAMES_MAX || findServiceError(code) !== undefined;
      const name = isKept ? short : OTHER_CODES;
      byCode.set(name, (byCode.get(name) ?? 0) + 1);
    },
    snapshot: () => ({
      calls,
      answered,
      billedInputTokens,
      billedOutputTokens,
      byCode: Object.fromEntries(byCode),
      maxConcurrent,
    }),
  };
}
