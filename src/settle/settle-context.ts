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
  /** Is told what each answer took. */
  readonly expectations: Pick<Expectations, 'answered'>;
  readonly maxAttempts: number;
  readonly onAmbiguous: 'retry' | 'fail';
  /** No new calls, no retries. */
  readonly stop: AbortSignal;
  /** Calls in flight are dropped. */
  readonly abort: AbortSignal;
  /** What lines of this model fail with that got no leave to be sent; null: they stay open. */
  failureOfUnsent(model: string): ApiFailure | null;
  /** A line of this model was answered. */
  onAnswered(model: string): void;
  /** A verdict to stop the model or the account; says what becomes of the line that met it. */
  onStop(line: PlannedLine, verdict: Verdict, failure: ApiFailure): 'open' | 'fail';
  /** Who replies: until that is known, a stranger's reply is no verdict on a line. */
  readonly firstReplies: Pick<FirstReplies, 'answered' | 'isDoubtful' | 'isLikelyAgain'>;
  /** Takes the key out of a text, and out of JSON. */
  redact(text: string): string;
  redactJson(json: string): string;
  readonly report: Report;
};
