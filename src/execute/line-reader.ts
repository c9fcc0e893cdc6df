import type { LineChunk, SourceLine } from './line-chunk.ts';

/** Open lines, taken one at a time out of chunks that are read one ahead of the other. Reading is asked for, and never awaited. */
export class LineReader<Line extends SourceLine> {
  private readonly chunks: AsyncIterator<LineChunk<Line>>;
  private readonly onRead: (failure: { readonly error: unknown } | null) => void;
  /** The chunk that was read last, and which of its lines is the next. */
  private chunk: LineChunk<Line> = { lines: [], nextLineNo: 1 };
  private at = 0;
  private reading = false;
  private exhausted = false;

  /** `onRead` is told when a chunk, the end, or a failure has come. */
  constructor(
    chunks: AsyncIterator<LineChunk<Line>>,
    onRead: (failure: { readonly error: unknown } | null) => void,
  ) {
    this.chunks = chunks;
    this.onRead = onRead;
  }

  get isReading(): boolean {
    return this.reading;
  }

  /** There are no more chunks. */
  get isExhausted(): boolean {
    return this.exhausted;
  }

  /** What `take` would bring. */
  get next(): Line | undefined {
    return this.chunk.lines[this.at];
  }

  /** No line before this one is still to be taken. */
  get nextLineNo(): number {
    return this.next?.lineNo ?? this.chunk.nextLineNo;
  }

  /** The next line; undefined where the chunk is used up: another is read then, where there is one. */
  take(): Line | undefined {
    const line = this.next;
    if (line === undefined) {
      this.read();
      return undefined;
    }
    this.at += 1;
    // Bodies may be large, and it may be long until the next chunk is read.
    if (this.next === undefined) this.chunk = { ...this.chunk, lines: [] };
    return line;
  }

  /** Gives up what is left of the input. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  private read(): void {
    if (this.reading || this.exhausted) return;
    this.reading = true;
    this.chunks.next().then(
      (chunk) => {
        this.reading = false;
        if (chunk.done === true) this.exhausted = true;
        else {
          this.chunk = chunk.value;
          this.at = 0;
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
