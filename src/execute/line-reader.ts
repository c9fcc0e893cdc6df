import type { PlannedLine } from '../plan.ts';

/** Open lines, taken one at a time out of chunks that are read one ahead of the other. Reading is asked for, and never awaited. */
export class LineReader {
  private readonly lines: AsyncIterator<readonly PlannedLine[]>;
  private readonly onRead: (failure: { readonly error: unknown } | null) => void;
  /** The chunk of lines that was read last, and which of them is next. */
  private chunk: readonly PlannedLine[] = [];
  private next = 0;
  private lastReadLine = 0;
  private reading = false;
  private exhausted = false;

  /** `onRead` is told when a chunk, the end, or a failure has come. */
  constructor(
    lines: AsyncIterator<readonly PlannedLine[]>,
    onRead: (failure: { readonly error: unknown } | null) => void,
  ) {
    this.lines = lines;
    this.onRead = onRead;
  }

  get isReading(): boolean {
    return this.reading;
  }

  /** There are no more chunks. */
  get isExhausted(): boolean {
    return this.exhausted;
  }

  /** No line before this one is still to be taken. */
  get nextLineNo(): number {
    return this.chunk[this.next]?.lineNo ?? this.lastReadLine + 1;
  }

  /** The next line; undefined where the chunk is used up: another is read then, where there is one. */
  take(): PlannedLine | undefined {
    const line = this.chunk[this.next];
    if (line === undefined) this.read();
    else this.next += 1;
    return line;
  }

  private read(): void {
    if (this.reading || this.exhausted) return;
    this.reading = true;
    this.lines.next().then(
      (chunk) => {
        this.reading = false;
        if (chunk.done === true) this.exhausted = true;
        else {
          this.chunk = chunk.value;
          this.next = 0;
          this.lastReadLine = chunk.value.at(-1)?.lineNo ?? this.lastReadLine;
        }
        this.onRead(null);
      },
      (error: unknown) => {
        this.reading = false;
        this.onRead({ error });
      },
    );
  }
}
