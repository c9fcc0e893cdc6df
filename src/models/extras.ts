/** Non-text inputs and outputs of a call, as far as they affect its price. */
export type Extras = {
  /** Input tokens of audio, and of images or video. */
  readonly audioIn: number;
  readonly visualIn: number;
  /** The answer is requested as audio too (`modalities`). */
  readonly audioOut: boolean;
  /** The requested web search strategy, empty if unnamed; null: no search. */
  readonly search: string | null;
};
