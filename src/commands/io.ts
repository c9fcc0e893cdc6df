import type { Clock } from '../clock.ts';
import type { RunOptions } from '../job/run-options.ts';
import type { Report } from '../reporters/reporter.ts';

/** The process as a command sees it; `main.ts` makes the real one. Commands touch nothing else of it. */
export type CommandIo = {
  /** Throws 66 where it is gone. */
  readonly cwd: string;
  /** Null: the user has none. */
  readonly home: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WriteStream;
  /** Which of them are terminals. */
  readonly isTty: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Aborted by the first signal; the number tells which (`signalCode`). */
  readonly stop: AbortSignal;
  /** Aborted by the second signal. */
  readonly abort: AbortSignal;
  /** Calls `listener` whenever the user asks what a run is doing (SIGUSR1); the returned function ends that. */
  onStateAsked?(listener: () => void): () => void;
  /** Told how many calls a run may have in flight, at its start and while it goes on; the library's host is left alone. */
  boundGarbage?(callsInFlight: number): void;
  /** Exit code of the signal that came first (129, 130, 143); null: none came. */
  signalCode(): 129 | 130 | 143 | null;
  /**
   * Writes data to stdout, waiting where the reader is slow. A reader that went away is no error
   * (the data is dropped) unless `strict`, where it throws OutputError (74), as any other failure does.
   */
  writeOut(data: string | Uint8Array, strict?: boolean): Promise<void>;
  /** Writes conversation to stderr; never throws. */
  writeErr(text: string): void;
  /** Asks a yes-or-no question on the terminal; a signal is a no. */
  confirm(question: string): Promise<boolean>;
  /** Sees every event of a run besides the reporter: the library's hook. */
  readonly onEvent?: Report;
};

/** What a run asks of the process, where there is one of its own. */
export function hooksOf({ onStateAsked, boundGarbage }: CommandIo): Partial<RunOptions> {
  return {
    ...(onStateAsked !== undefined && { onStateAsked }),
    ...(boundGarbage !== undefined && { boundGarbage }),
  };
}
