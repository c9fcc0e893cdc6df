/** What a source of lines knows of each: its number, and whose turn it waits for. */
export type SourceLine = { readonly lineNo: number; readonly model: string };

/** Open lines of a stretch of the input, in its order, and the first line after the stretch. */
export type LineChunk<Line extends SourceLine> = {
  readonly lines: readonly Line[];
  readonly nextLineNo: number;
};
