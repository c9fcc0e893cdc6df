import type { Clock } from '../clock.ts';
import type { RunOptions } from '../job/run-options.ts';
import type { Report } from '../reporters/reporter.ts';

/** The process as commands see it; `main.ts` creates the real one. Commands use nothing else of the process. */
export type CommandIo = {
  /** Throws 66 if it no longer exists. */
  readonly cwd: string;
  /** Null: the user has none. */
  readonly home: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WriteStream;
  /** Which of them are terminals. */
  readonly isTty: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Aborted by the first signal; `signalCode` says which. */
  readonly stop: AbortSignal;
  /** Aborted by the second signal. */
  readonly abort: AbortSignal;
  /** Calls `listener` whenever the user asks for the state of a run (SIGUSR1); the returned function unsubscribes. */
  onStateAsked?(listener: () => void): () => void;
  /** Called with the cap on calls in flight at a run's start and during it; absent in the library, whose host is left alone. */
  boundGarbage?(callsInFlight: number): void;
  /** Exit code of the first signal (129, 130, 143); null: none came. */
  signalCode(): 129 | 130 | 143 | null;
  /**
   * Writes data to stdout, waiting for a slow reader. If the reader went away the data is dropped, unless `strict`: then it
   * throws OutputError (74), as any other failure does.
   */
  writeOut(data: string | Uint8Array, strict?: boolean): Promise<void>;
  /** Writes messages to stderr; never throws. */
  writeErr(text: string): void;
  /** Asks a yes-or-no question on the terminal; a signal is a no. */
  confirm(question: string): Promise<boolean>;
  /** Receives every event of a run besides the reporter: the library's hook. */
  readonly onEvent?: Report;
};

/** The process hooks that a run needs, if available. */
export function hooksOf({ onStateAsked, boundGarbage }: CommandIo): Partial<RunOptions> {
  return {
    ...(onStateAsked !== undefined && { onStateAsked }),
    ...(boundGarbage !== undefined && { boundGarbage }),
  };
}
