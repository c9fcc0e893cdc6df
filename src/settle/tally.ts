import type { ApiFailure } from '../failure.ts';
import type { PlannedLine } from '../plan.ts';
import { TIME_LIMIT_CODES } from '../time-limit.ts';

/** What has been tried on a line, over all runs. */
export type Tally = {
  attempt: number;
  counted: number;
  ambiguous: number;
  /** An unstreamed call met the service's time limit: a stream is asked for from now on. */
  tooSlow: boolean;
  /**
   * The call before broke without a byte of a reply, or met a server that was giving up the connection: the next goes
   * over one of its own.
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

/** What a failure says of how to make the next call. */
export function learnFrom(
  { kind, neverSent, statusCode, code }: ApiFailure,
  tally: Pick<Tally, 'tooSlow' | 'broke'>,
): void {
  // A 408 without a service's code: what a server says on a kept connection that it closes just then (RFC 9110, 15.5.9).
  tally.broke =
    (kind === 'network' && !neverSent && statusCode === null) || code === 'qbatch_http_408';
  if (TIME_LIMIT_CODES.includes(code)) tally.tooSlow = true;
}
