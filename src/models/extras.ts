/** What a call takes beside text in and text out, as far as its price cares. */
export type Extras = {
  /** Tokens of the input that are audio, and those that are images or video. */
  readonly audioIn: number;
  readonly visualIn: number;
  /** The answer is asked for as audio too (`modalities`). */
  readonly audioOut: boolean;
  /** The strategy of the web search that is asked for, empty where none is named; null: no search. */
  readonly search: string | null;
};
