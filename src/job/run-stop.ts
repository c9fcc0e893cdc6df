import { setMaxListeners } from 'node:events';
import { EXIT, type ExitCode, QbatchError } from '../errors.ts';

/** Why a run ended before every line was settled, as the summary shows it. */
export type Stopped = {
  readonly reason: string;
  readonly code: ExitCode;
  readonly message: string;
};

/** Converts an error to a reason to stop a run. */
export function stoppedBy(error: unknown): Stopped {
  const code = error instanceof QbatchError ? error.exitCode : EXIT.bug;
  return { reason: 'error', code, message: error instanceof Error ? error.message : String(error) };
}

/**
 * The brakes of a run. `stop`: no new calls; those in flight are awaited. `abort`: those are dropped too. The first reason
 * is kept. `hurry` is no brake: calls in flight are awaited, but little else.
 */
export class RunStop {
  private readonly stopping: AbortController = new AbortController();
  private readonly aborting: AbortController = new AbortController();
  private readonly hurrying: AbortController = new AbortController();
  private first: Stopped | null = null;

  constructor() {
    // Every line in backoff listens; that many listeners are no leak.
    setMaxListeners(0, this.stopping.signal);
  }

  get stopSignal(): AbortSignal {
    return this.stopping.signal;
  }

  get abortSignal(): AbortSignal {
    return this.aborting.signal;
  }

  get hurrySignal(): AbortSignal {
    return this.hurrying.signal;
  }

  /** Null while the run goes on. */
  get stopped(): Stopped | null {
    return this.first;
  }

  stop(why: Stopped): void {
    if (this.first !== null) return;
    this.first = why;
    this.stopping.abort();
  }

  /** The run is over: ends all pauses. Not a reason of its own. */
  release(): void {
    this.stopping.abort();
  }

  abort(): void {
    this.aborting.abort();
  }

  /** Whoever asked for the end may kill the process soon. */
  hurry(): void {
    this.hurrying.abort();
  }
}
