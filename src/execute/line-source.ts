import type { LineChunk, SourceLine } from './line-chunk.ts';
import { LineReader } from './line-reader.ts';

/** Where lines come from. */
export type LineInput<Line extends SourceLine> = {
  /** All open lines, in input order. */
  readonly chunks: AsyncIterator<LineChunk<Line>>;
  /**
   * Reads the input once more, for the lines of one model: each chunk says how far it has come, with or without lines.
   * What stands before the line that `fromLine` names when it is asked is not wanted.
   */
  again(this: void, model: string, fromLine: () => number): AsyncIterator<LineChunk<Line>>;
};

/** Who lacks lines. */
export type LinesLacked = {
  /** Whether a model has too little to send. */
  lacksLines(this: void, model: string): boolean;
  /** Whether a further line of a model had better wait. */
  hasPlenty(this: void, model: string): boolean;
  /** Whether a model lacks lines that may stand further on in the input; `apart`: of these it is known that they do not. */
  lacksAny(this: void, apart: { has(model: string): boolean }): boolean;
};

/** Of which models a line may be opened: of all, of those that have not plenty, or only of those that lack some. */
export type Openable = 'any' | 'not plenty' | 'lacking';

/** The lines of a model that wait in the input until it lacks some. */
type Behind<Line extends SourceLine> = {
  readonly reader: LineReader<Line>;
  /** The first line that was passed over, since nothing waited, and the last. */
  fromLine: number;
  toLine: number;
};

/**
 * The open lines of a job in the order in which they are opened: that of the input, but for lines that would wait
 * longer than others have to do without.
 *
 * Where only lines that are lacked may be opened, the input is read on for them. A line of another model that is met
 * then is *passed over*, and every later one of that model with it: they are not held, but read a
 * second time by a reader of that model, when the model lacks lines. Once that reader has brought the last of them,
 * nothing waits behind, and the model's lines are opened as they come again: what follows is not read a second time for
 * nothing, which with a hundred models would be most of the work. So each line is opened once, lines of a model in
 * their order, and what waits takes no memory: a block of a million lines of a model that may be called once a second
 * holds up nobody. The input is read once more for each such model at the most.
 */
export class LineSource<Line extends SourceLine> {
  private readonly input: LineInput<Line>;
  private readonly lacked: LinesLacked;
  private readonly onRead: (failure: { readonly error: unknown } | null) => void;
  private readonly ahead: LineReader<Line>;
  private readonly behind: Map<string, Behind<Line>> = new Map();
  /** The models of which lines wait behind. */
  private readonly waiting: Set<string> = new Set();

  /** `onRead` is told when lines, the end of the input, or a failure have come. */
  constructor(
    input: LineInput<Line>,
    lacked: LinesLacked,
    onRead: (failure: { readonly error: unknown } | null) => void,
  ) {
    this.input = input;
    this.lacked = lacked;
    this.onRead = onRead;
    this.ahead = new LineReader(input.chunks, onRead);
  }

  get isReading(): boolean {
    if (this.ahead.isReading) return true;
    for (const { reader } of this.behind.values()) if (reader.isReading) return true;
    return false;
  }

  /** Every line was taken. */
  get isExhausted(): boolean {
    if (!this.ahead.isExhausted) return false;
    return this.nextLineNo === this.ahead.nextLineNo;
  }

  /** No line before this one is still to be taken. */
  get nextLineNo(): number {
    let first = this.ahead.nextLineNo;
    for (const model of this.waiting) first = Math.min(first, this.nextBehind(model));
    return first;
  }

  /** The next line; undefined: none now. Where that is for want of lines, more are being read. */
  take(of: Openable): Line | undefined {
    return this.takeBehind() ?? this.takeAhead(of);
  }

  async close(): Promise<void> {
    const readers = [this.ahead, ...[...this.behind.values()].map(({ reader }) => reader)];
    await Promise.all(readers.map((reader) => reader.close()));
  }

  private takeAhead(of: Openable): Line | undefined {
    const { lacked, waiting, ahead } = this;
    for (;;) {
      const model = ahead.next?.model;
      const isBehind = model !== undefined && waiting.has(model) && !this.catchUp(model);
      if ((of !== 'any' || isBehind) && !lacked.lacksAny(waiting)) return undefined;
      const line = ahead.take();
      if (line === undefined) return undefined;
      if (!isBehind && this.mayOpen(of, line.model)) return line;
      this.passOver(line);
    }
  }

  private mayOpen(of: Openable, model: string): boolean {
    if (of === 'lacking') return this.lacked.lacksLines(model);
    return of === 'any' || !this.lacked.hasPlenty(model);
  }

  private takeBehind(): Line | undefined {
    for (const model of this.waiting) {
      if (!this.lacked.lacksLines(model)) continue;
      const line = this.takeOf(model);
      if (line !== undefined) return line;
    }
    return undefined;
  }

  /** The next line of a model out of those behind. */
  private takeOf(model: string): Line | undefined {
    const behind = this.behind.get(model);
    while (behind !== undefined && !this.catchUp(model)) {
      const line = behind.reader.take();
      // It had read further than was passed over since then.
      if (line === undefined || line.lineNo >= behind.fromLine) return line;
    }
    return undefined;
  }

  private passOver({ model, lineNo }: Line): void {
    const known = this.behind.get(model);
    if (known === undefined) {
      const behind: Behind<Line> = {
        reader: new LineReader(
          this.input.again(model, () => behind.fromLine),
          this.onRead,
        ),
        fromLine: lineNo,
        toLine: lineNo,
      };
      this.behind.set(model, behind);
    } else {
      if (!this.waiting.has(model)) known.fromLine = lineNo;
      known.toLine = lineNo;
    }
    this.waiting.add(model);
  }

  /** Whether the reader of a model has brought all that was passed over: what follows is the first one's again. */
  private catchUp(model: string): boolean {
    if (this.nextBehind(model) < Infinity) return false;
    this.waiting.delete(model);
    return true;
  }

  /** No line of a model that was passed over and is still to be taken stands before this one. Infinity: there is none. */
  private nextBehind(model: string): number {
    const behind = this.behind.get(model);
    if (behind === undefined) return Infinity;
    const { reader, fromLine, toLine } = behind;
    const next = Math.max(fromLine, reader.nextLineNo);
    return next > toLine ? Infinity : next;
  }
}
