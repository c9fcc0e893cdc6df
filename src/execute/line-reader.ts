import type { LineChunk, SourceLine } from './line-chunk.ts';

/** Hands out open lines one at a time, from chunks read one ahead. Reading is triggered, never awaited. */
export class LineReader<Line extends SourceLine> {
  private readonly chunks: AsyncIterator<LineChunk<Line>>;
  private readonly onRead: (failure: { readonly error: unknown } | null) => void;
  /** The chunk read last, and the index of its next line. */
  private chunk: LineChunk<Line> = { lines: [], nextLineNo: 1 };
  private at = 0;
  private reading = false;
  private exhausted = false;

  /** `onRead` is called when a chunk, the end, or a failure has come. */
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

  /** The line that `take` would return. */
  get next(): Line | undefined {
    return this.chunk.lines[this.at];
  }

  /** No line before this one is still to be taken. */
  get nextLineNo(): number {
    return this.next?.lineNo ?? this.chunk.nextLineNo;
  }

  /** The next line; undefined if the chunk is used up, which triggers reading another, if there is one. */
  take(): Line | undefined {
    const line = this.next;
    if (line === undefined) {
      this.read();
      return undefined;
    }
    this.at += 1;
    // Release bodies early: they may be large, and the next chunk may be long in coming.
    if (this.next === undefined) this.chunk = { ...this.chunk, lines: [] };
    return line;
  }

  /** Abandons the rest of the input. */
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
