/** What is known of a line when it is opened. */
type Opened = { readonly lineNo: number; readonly model: string; readonly bodyBytes: number };

/** The open lines, the bytes of their bodies, and the first of them in input order. */
export class OpenedLines {
  /** Body sizes by line, each map in input order: lines after all opened before, and the others by model. */
  private readonly ahead: Map<number, number> = new Map();
  private readonly behind: Map<string, Map<number, number>> = new Map();
  private last = 0;
  private lines = 0;
  private bytes = 0;
  /** The first line closed without being settled: output in input order stops there. */
  private firstLeft = Infinity;

  get size(): number {
    return this.lines;
  }

  get bodyBytes(): number {
    return this.bytes;
  }

  /** No line before this one is open, or was left open. Infinity: there is none. */
  get first(): number {
    let first = Math.min(this.firstLeft, firstOf(this.ahead));
    for (const lines of this.behind.values()) first = Math.min(first, firstOf(lines));
    return first;
  }

  /** Lines of a model must be opened in order. */
  open({ lineNo, model, bodyBytes }: Opened): void {
    this.mapFor(lineNo, model).set(lineNo, bodyBytes);
    this.last = Math.max(this.last, lineNo);
    this.lines += 1;
    this.bytes += bodyBytes;
  }

  /** A line is settled. Returns false if it is not open (any more). */
  close(lineNo: number): boolean {
    const lines = this.ahead.has(lineNo) ? this.ahead : this.mapBehind(lineNo);
    const bytes = lines?.get(lineNo);
    if (lines === undefined || bytes === undefined) return false;
    lines.delete(lineNo);
    this.lines -= 1;
    this.bytes -= bytes;
    return true;
  }

  /** A line's processing has ended. If it is still open, it was not settled and is left open. */
  leave(lineNo: number): void {
    if (this.close(lineNo)) this.firstLeft = Math.min(this.firstLeft, lineNo);
  }

  private mapFor(lineNo: number, model: string): Map<number, number> {
    if (lineNo > this.last) return this.ahead;
    const known = this.behind.get(model);
    if (known !== undefined) return known;
    const lines = new Map<number, number>();
    this.behind.set(model, lines);
    return lines;
  }

  private mapBehind(lineNo: number): Map<number, number> | undefined {
    for (const lines of this.behind.values()) if (lines.has(lineNo)) return lines;
    return undefined;
  }
}

function firstOf(lines: ReadonlyMap<number, number>): number {
  const first = lines.keys().next();
  return first.done === true ? Infinity : first.value;
}
