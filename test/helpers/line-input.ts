import type { LineChunk } from '../../src/execute/line-chunk.ts';
import type { LineInput } from '../../src/execute/line-source.ts';
import type { LineRoom } from '../../src/execute/may-open.ts';
import type { PlannedLine } from '../../src/plan.ts';

/** Chunks of lines, each up to its last line. */
export async function* lineChunks(
  chunks: AsyncIterable<readonly PlannedLine[]>,
): AsyncGenerator<LineChunk<PlannedLine>> {
  for await (const lines of chunks) yield { lines, nextLineNo: (lines.at(-1)?.lineNo ?? 0) + 1 };
}

/** Lines of which none waits behind others. */
export function lineInput(chunks: AsyncIterable<readonly PlannedLine[]>): LineInput<PlannedLine> {
  return { chunks: lineChunks(chunks), again: notAgain };
}

/** Lines that were to be read once are read again. */
export function notAgain(model: string): never {
  throw new Error(`lines of ${model} were passed over`);
}

/** So many lines at a time, whatever their models. */
export function windowOf(lines: number): LineRoom {
  return {
    windowLines: () => lines,
    beyondLines: 8192,
    lacksLines: () => true,
    hasPlenty: () => false,
    lacksAny: () => false,
  };
}
