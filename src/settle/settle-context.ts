import type { Transport } from '../call.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../execute/journal.ts';
import type { ApiFailure, Verdict } from '../failure.ts';
import type { Expectations } from '../job/expectations.ts';
import type { FirstReplies } from '../job/first-replies.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { PlannedLine } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import type { Protocol, ProtocolName } from '../protocols/protocol.ts';
import type { Report } from '../reporters/reporter.ts';

/** Everything a line needs to be settled. */
export type SettleContext = {
  readonly clock: Clock;
  readonly limiter: Limiter;
  readonly transport: Transport;
  readonly protocols: Readonly<Record<ProtocolName, Protocol>>;
  readonly journal: Journal;
  readonly pricing: Pricing;
  /** Notified of what each answer used. */
  readonly expectations: Pick<Expectations, 'answered'>;
  readonly maxAttempts: number;
  readonly onAmbiguous: 'retry' | 'fail';
  /** No new calls, no retries. */
  readonly stop: AbortSignal;
  /** Calls in flight are dropped. */
  readonly abort: AbortSignal;
  /** The failure of this model's lines that were denied a ticket; null: they stay open. */
  failureOfUnsent(model: string): ApiFailure | null;
  /** A line of this model was answered. */
  onAnswered(model: string): void;
  /** A verdict to stop the model or the account; returns what becomes of the line that met it. */
  onStop(line: PlannedLine, verdict: Verdict, failure: ApiFailure): 'open' | 'fail';
  /** Tracks who replies: until that is known, a stranger's reply is no verdict on a line. */
  readonly firstReplies: Pick<FirstReplies, 'answered' | 'isDoubtful' | 'isLikelyAgain'>;
  /** Removes the key from a text, and from JSON. */
  redact(text: string): string;
  redactJson(json: string): string;
  readonly report: Report;
};
