import { randomBytes } from 'node:crypto';

/**
 * The one port for time and randomness. `monotonicMs` never goes backwards and is used for pauses, pacing and deadlines;
 * `wallMs` (milliseconds since 1970) is for display and records only.
 */
export type Clock = {
  monotonicMs(): number;
  wallMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Calls `run` once after `ms` (0 or more); the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
};

/** The machine's own clock. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  random: () => Math.random(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves after `ms`, or as soon as `signal` aborts (never rejects: the caller checks the signal). */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A time for output: ISO 8601 in UTC. `wallMs`: milliseconds since 1970. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

/** A short random token in hexadecimal, for temporary names and run ids. */
export function randomToken(bytes = 6): string {
  return randomBytes(bytes).toString('hex');
}
