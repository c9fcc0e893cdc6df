/** What is left of one model, and how fast it goes; 0: none has settled yet. */
export type ModelLeft = { readonly openLines: number; readonly linesPerSecond: number };

/**
 * How long the rest of a job takes at the speed that it has now, in milliseconds; null: nothing tells. Each model
 * has a quota of its own, so that the job takes as long as the one that takes longest; but where calls wait for slots, which
 * all models share, the others go faster once one is done. A model of which nothing has settled yet says nothing. Pure.
 */
export function remainingMs(
  models: readonly ModelLeft[],
  all: ModelLeft & { readonly waitForSlots: boolean },
): number | null {
  const { openLines, linesPerSecond, waitForSlots } = all;
  if (linesPerSecond === 0) return null;
  const each = waitForSlots ? [] : models.filter((model) => model.linesPerSecond > 0);
  const seconds = each.map((model) => model.openLines / model.linesPerSecond);
  return Math.round(Math.max(openLines / linesPerSecond, ...seconds) * 1000);
}
