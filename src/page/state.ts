import type { Format } from './format.ts';

/** The reader's choices, preserved across redraws. */
export type Choices = {
  readonly sorts: Map<string, { column: number; descending: boolean }>;
  /** Ids of open details elements. */
  readonly open: Set<string>;
  /** The value of each select. */
  readonly selected: Map<string, string>;
};

/** The inputs of every part of the page. */
export type View = {
  readonly format: Format;
  readonly choices: Choices;
  /** Redraws the page. */
  redraw(): void;
};
