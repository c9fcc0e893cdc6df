import type { Format } from './format.ts';

/** What the reader chose, kept while the page is drawn anew. */
export type Choices = {
  readonly sorts: Map<string, { column: number; descending: boolean }>;
  /** Ids of details that are open. */
  readonly open: Set<string>;
  /** What each select stands at. */
  readonly selected: Map<string, string>;
};

/** What every part of the page is drawn from. */
export type View = {
  readonly format: Format;
  readonly choices: Choices;
  /** Draws the page anew. */
  redraw(): void;
};
