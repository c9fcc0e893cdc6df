import type { LineChunk, SourceLine } from './line-chunk.ts';
import { LineReader } from './line-reader.ts';

/** The source of lines. */
export type LineInput<Line extends SourceLine> = {
  /** All open lines, in input order. */
  readonly chunks: AsyncIterator<LineChunk<Line>>;
  /**
   * Re-reads the input for the lines of one model. Each chunk reports how far it got, with or without lines. Lines before
   * `fromLine()`, as it stands when asked, are skipped.
   */
  again(this: void, model: string, fromLine: () => number): AsyncIterator<LineChunk<Line>>;
};

/** Which models need lines. */
export type LineDemand = {
  /** Whether a model has too little to send. */
  lacksLines(this: void, model: string): boolean;
  /** Whether another line of a model should wait. */
  hasPlenty(this: void, model: string): boolean;
  /**
   * Whether a model needs lines that may be further on in the input; for the models in `excluded` it is known that they do
   * not.
   */
  lacksAny(this: void, excluded: { has(model: string): boolean }): boolean;
};

/** Of which models lines may be opened: any, those without plenty, or only those that need some. */
export type Openable = 'any' | 'not plenty' | 'lacking';

/** A model's lines left behind in the input until it needs some. */
type Behind<Line extends SourceLine> = {
  readonly reader: LineReader<Line>;
  /** The first line passed over after nothing was left behind, and the last. */
  fromLine: number;
  toLine: number;
};

/**
 * A job's open lines in the order in which they are opened: input order, except that lines that would wait anyway do not
 * hold up others.
 *
 * If only needed lines may be opened, the input is read on for them. A line of another model met on the way is *passed
 * over*, and so is every later one of that model: they are not kept in memory, but re-read by a reader for that model when
 * the model needs lines. Once that reader has delivered the last of them, nothing is left behind, and the model's lines are
 * opened as they come again: re-reading what follows would be wasted, and with a hundred models most of the work. So each
 * line is opened once, lines of a model in order, and waiting lines take no memory: a block of a million lines of a model
 * limited to one call a second holds up nobody. The input is re-read at most once per such model.
 */
export class LineSource<Line extends SourceLine> {
  private readonly input: LineInput<Line>;
  private readonly demand: LineDemand;
  private readonly onRead: (failure: { readonly error: unknown } | null) => void;
  private readonly ahead: LineReader<Line>;
  private readonly behind: Map<string, Behind<Line>> = new Map();
  /** Models with lines left behind. */
  private readonly waiting: Set<string> = new Set();

  /** `onRead` is called when lines, the end of the input, or a failure have come. */
  constructor(
    input: LineInput<Line>,
    demand: LineDemand,
    onRead: (failure: { readonly error: unknown } | null) => void,
  ) {
    this.input = input;
    this.demand = demand;
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

  /** The next line; undefined: none now. If lines are missing, more are being read. */
  take(of: Openable): Line | undefined {
    return this.takeBehind() ?? this.takeAhead(of);
  }

  async close(): Promise<void> {
    const readers = [this.ahead, ...[...this.behind.values()].map(({ reader }) => reader)];
    await Promise.all(readers.map((reader) => reader.close()));
  }

  private takeAhead(of: Openable): Line | undefined {
    const { demand, waiting, ahead } = this;
    for (;;) {
      const model = ahead.next?.model;
      const isBehind = model !== undefined && waiting.has(model) && !this.catchUp(model);
      if ((of !== 'any' || isBehind) && !demand.lacksAny(waiting)) return undefined;
      const line = ahead.take();
      if (line === undefined) return undefined;
      if (!isBehind && this.mayOpen(of, line.model)) return line;
      this.passOver(line);
    }
  }

  private mayOpen(of: Openable, model: string): boolean {
    if (of === 'lacking') return this.demand.lacksLines(model);
    return of === 'any' || !this.demand.hasPlenty(model);
  }

  private takeBehind(): Line | undefined {
    for (const model of this.waiting) {
      if (!this.demand.lacksLines(model)) continue;
      const line = this.takeOf(model);
      if (line !== undefined) return line;
    }
    return undefined;
  }

  /** The next line left behind of a model. */
  private takeOf(model: string): Line | undefined {
    const behind = this.behind.get(model);
    while (behind !== undefined && !this.catchUp(model)) {
      const line = behind.reader.take();
      // The reader had already read past what was passed over since.
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

  /** Whether a model's reader has delivered all that was passed over: later lines come from the main reader again. */
  private catchUp(model: string): boolean {
    if (this.nextBehind(model) < Infinity) return false;
    this.waiting.delete(model);
    return true;
  }

  /** No line left behind of this model is before this one. Infinity: there is none. */
  private nextBehind(model: string): number {
    const behind = this.behind.get(model);
    if (behind === undefined) return Infinity;
    const { reader, fromLine, toLine } = behind;
    const next = Math.max(fromLine, reader.nextLineNo);
    return next > toLine ? Infinity : next;
  }
}
