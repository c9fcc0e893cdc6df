type Left = { readonly openLines: number; readonly linesPerSecond: number };

/** What is left of one model, how fast it goes (0: none has settled yet), and whether that is as fast as its own pace. */
export type ModelLeft = Left & { readonly isPaced: boolean };

/**
 * How long the rest of a job takes at the speed that it has now, in milliseconds; null: nothing tells. Each model
 * has a quota of its own, so that the job takes as long as the one that takes longest; but where calls wait for slots, which
 * all models share, those that are below their pace go faster once another is done. A model of which nothing has settled yet says nothing. Pure.
 */
export function remainingMs(
  models: readonly ModelLeft[],
  all: Left & { readonly waitForSlots: boolean },
): number | null {
  const { openLines, linesPerSecond, waitForSlots } = all;
  if (linesPerSecond === 0) return null;
  const each = models.filter(
    (model) => model.linesPerSecond > 0 && (model.isPaced || !waitForSlots),
  );
  const seconds = each.map((model) => model.openLines / model.linesPerSecond);
  return Math.round(Math.max(openLines / linesPerSecond, ...seconds) * 1000);
}
