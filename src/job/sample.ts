import type { LineChunk } from '../execute/line-chunk.ts';
import type { PlannedLine } from '../plan.ts';

/**
 * The pilot of a run (`--sample`): lets the first lines through, and asks the caller whether to continue once all of them
 * have ended. One per run; a stop ends the wait, and nothing more is let through.
 */
export class Sample {
  private readonly size: number;
  private readonly stop: AbortSignal;
  private readonly goOn: (lines: number) => Promise<boolean>;
  private open = 0;
  private wake: (() => void) | null = null;

  /** `goOn` receives the number of lines in the sample; false: the other lines stay open. */
  constructor(
    size: number,
    at: { readonly stop: AbortSignal; goOn(this: void, lines: number): Promise<boolean> },
  ) {
    this.size = size;
    this.stop = at.stop;
    this.goOn = at.goOn;
  }

  /** The same lines, held back after the first `size` until those have ended and `goOn` agrees. */
  async *through(
    chunks: AsyncIterable<LineChunk<PlannedLine>>,
  ): AsyncGenerator<LineChunk<PlannedLine>> {
    let left = this.size;
    for await (const chunk of chunks) {
      if (left === 0) {
        yield chunk;
        continue;
      }
      const { lines, nextLineNo } = chunk;
      const first = lines.slice(0, left);
      const rest = lines.slice(left);
      left -= first.length;
      this.open += first.length;
      yield { lines: first, nextLineNo: rest[0]?.lineNo ?? nextLineNo };
      if (left > 0) continue;
      await this.ended();
      if (this.stop.aborted || !(await this.goOn(this.size))) return;
      if (rest.length > 0) yield { lines: rest, nextLineNo };
    }
  }

  /** A line that was let through has ended: settled, or left open. */
  lineEnded(): void {
    this.open -= 1;
    if (this.open === 0) this.wake?.();
  }

  private async ended(): Promise<void> {
    if (this.open === 0 || this.stop.aborted) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      this.stop.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
    });
    this.wake = null;
  }
}
