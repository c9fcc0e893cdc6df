/** What a line source knows of each line: its number, and the model whose lane it will wait in. */
export type SourceLine = { readonly lineNo: number; readonly model: string };

/** The open lines of a stretch of input, in input order, and the first line after the stretch. */
export type LineChunk<Line extends SourceLine> = {
  readonly lines: readonly Line[];
  readonly nextLineNo: number;
};
