type Left = { readonly openLines: number; readonly linesPerSecond: number };

/** What is left of one model, its speed (0: none settled yet), and whether its own pace limits it. */
export type ModelLeft = Left & { readonly isPaced: boolean };

/**
 * How long the rest of a job takes at the current speed, in milliseconds; null: unknown. Each model has its own quota, so
 * the slowest one decides. But if calls wait for slots, which all models share, models below their pace speed up once
 * another is done, and are left out. So is a model of which nothing has settled yet. Pure.
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
