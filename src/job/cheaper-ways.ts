import type { Catalog } from '../models/catalog.ts';
import type { Scope } from '../models/scope.ts';
import type { Pricing } from '../pricing.ts';
import type { ModelSurvey } from './survey-tally.ts';

/** Another way to have the lines of a model answered, and what they would then cost. */
export type CheaperWay = {
  readonly model: string;
  /** `batch-chat`, `batch-file`: the service's half-price offers; `snapshot`: another version of the model. */
  readonly way: 'batch-chat' | 'batch-file' | 'snapshot';
  /** The version to name instead; null if the model stays. */
  readonly instead: string | null;
  readonly expectedPico: number;
};

/** Smaller savings are not worth mentioning. */
const SAVES_LEAST = 0.05;
/** `qwen-plus-2025-07-28`, `qwen-plus-0112`, `qwen-plus-latest`. */
const VERSION = /-(?:\d{4}(?:-\d{2}-\d{2})?|latest)$/;

/** The half-price offers for a model: Batch Chat and Batch File in Beijing, Batch File elsewhere. */
function batchWays(catalog: Catalog, model: string, scope: Scope): CheaperWay['way'][] {
  const offers = catalog.record(model)?.batch ?? [];
  const ways: CheaperWay['way'][] = [];
  if (scope === 'cn' && offers.includes('cn-chat')) ways.push('batch-chat');
  if (scope === 'cn' && offers.includes('cn-file')) ways.push('batch-file');
  if (scope === 'intl' && offers.includes('intl-file')) ways.push('batch-file');
  return ways;
}

/** Whether a version is known to be able to think. */
function thinks(catalog: Catalog, id: string): boolean {
  const { thinking } = catalog.profile(id);
  return thinking === 'hybrid' || thinking === 'only';
}

/** The version of the same model with the lowest cost for these lines; null: none is cheaper. */
function cheapestVersion(
  model: string,
  entry: ModelSurvey,
  { catalog, pricing }: { readonly catalog: Catalog; readonly pricing: Pricing },
): CheaperWay | null {
  const family = model.replace(VERSION, '');
  const input = entry.inputTokens / entry.lines;
  const output = entry.outputExpectedTokens / entry.lines;
  const picoOf = (id: string): number | null =>
    pricing.estimatePico(id, { input, output, thinking: entry.thinkingLines * 2 > entry.lines });
  const own = picoOf(model);
  if (own === null || own === 0) return null;
  let best: { readonly id: string; readonly pico: number } | null = null;
  for (const id of catalog.ids()) {
    if (id === model || id.replace(VERSION, '') !== family) continue;
    if (entry.thinkingLines > 0 && !thinks(catalog, id)) continue;
    const pico = picoOf(id);
    if (pico !== null && pico < (best?.pico ?? own * (1 - SAVES_LEAST))) best = { id, pico };
  }
  if (best === null) return null;
  const expectedPico = entry.expectedPico * (best.pico / own);
  return { model, way: 'snapshot', instead: best.id, expectedPico };
}

/**
 * Cheaper ways to have the same lines answered, by list price. Batch Chat and Batch File cost half for input and output; a
 * file's answers may take a day or more, and not every version may accept images or tools: the user decides. Empty if calls
 * go to another host, or to Batch Chat already. Pure.
 *
 * Source: help.aliyun.com/zh/model-studio/batch-inference and openai-compatible-batch-chat, mid-2026.
 */
export function cheaperWays(
  models: ReadonlyMap<string, ModelSurvey>,
  at: {
    readonly catalog: Catalog;
    readonly pricing: Pricing;
    /** Calls go to the service's usual hosts, where these offers exist. */
    readonly usualHost: boolean;
  },
): CheaperWay[] {
  if (!at.usualHost) return [];
  return [...models].flatMap(([model, entry]): CheaperWay[] => {
    if (!entry.priced || entry.expectedPico === 0 || entry.lines === 0) return [];
    const halves = batchWays(at.catalog, model, at.pricing.scope).map((way) => ({
      model,
      way,
      instead: null,
      // Half price on tokens; search fees stay (service facts, billing 2).
      expectedPico: (entry.expectedPico - entry.searchPico) / 2 + entry.searchPico,
    }));
    const version = cheapestVersion(model, entry, at);
    return version === null ? halves : [...halves, version];
  });
}
