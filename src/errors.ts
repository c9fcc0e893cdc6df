/** Exit codes of the command line: the public contract, by what the caller should do next. */
export const EXIT = {
  ok: 0,
  linesFailed: 1,
  limitReached: 3,
  usage: 64,
  invalidInput: 65,
  noInput: 66,
  unavailable: 69,
  bug: 70,
  cannotCreate: 73,
  io: 74,
  busy: 75,
  access: 77,
  config: 78,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * An error that stops a command: what happened (`message`), what to do next (`hint`), and the exit code. A line's failure
 * is never one of these: it is data.
 */
export class QbatchError extends Error {
  override readonly name: string = 'QbatchError';
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(exitCode: ExitCode, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Wrong usage of the command line: 64. */
export class UsageError extends QbatchError {
  override readonly name = 'UsageError';
  constructor(message: string, hint?: string) {
    super(EXIT.usage, message, hint);
  }
}

/** The input cannot be read (66), or has invalid lines or another identity (65). */
export class InputError extends QbatchError {
  override readonly name: string = 'InputError';
  constructor(exitCode: 65 | 66, message: string, hint?: string, cause?: unknown) {
    super(exitCode, message, hint, cause);
  }
}

/** An output cannot be created (73) or written (74). */
export class OutputError extends QbatchError {
  override readonly name = 'OutputError';
  constructor(exitCode: 73 | 74, message: string, hint?: string, cause?: unknown) {
    super(exitCode, message, hint, cause);
  }
}

/** Configuration invalid, or the ledger damaged, gone backwards, or from a newer version: 78. */
export class ConfigError extends QbatchError {
  override readonly name = 'ConfigError';
  constructor(message: string, hint?: string, cause?: unknown) {
    super(EXIT.config, message, hint, cause);
  }
}
