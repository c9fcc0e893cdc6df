import type { ApiFailure } from '../failure.ts';
import type { PlannedLine } from '../plan.ts';
import { TIME_LIMIT_CODES } from '../time-limit.ts';

/** What has been tried on a line, over all runs. */
export type Tally = {
  attempt: number;
  counted: number;
  ambiguous: number;
  /** An unstreamed call hit the service's time limit: streams are used from now on. */
  tooSlow: boolean;
  /**
   * The last call broke without a byte of a reply, or met a server that was closing the connection: the next uses its own
   * connection.
   */
  broke: boolean;
};

/** What was tried in earlier runs. */
export function openTally({ prior }: Pick<PlannedLine, 'prior'>): Tally {
  return {
    attempt: prior?.last ?? 0,
    counted: prior?.counted ?? 0,
    ambiguous: prior?.ambiguous ?? 0,
    tooSlow: prior?.tooSlow ?? false,
    broke: false,
  };
}

/** Learns from a failure how to make the next call. */
export function learnFrom(
  { kind, neverSent, statusCode, code }: ApiFailure,
  tally: Pick<Tally, 'tooSlow' | 'broke'>,
): void {
  // A 408 without a service code: a server that is just closing a kept-alive connection (RFC 9110, 15.5.9).
  tally.broke =
    (kind === 'network' && !neverSent && statusCode === null) || code === 'qbatch_http_408';
  if (TIME_LIMIT_CODES.includes(code)) tally.tooSlow = true;
}
