import { canonicalModel } from './canonical-model.ts';

/** Maximum tokens of a model: input, output, and chain of thought. */
export type ModelMaxima = {
  readonly input: number;
  readonly output: number;
  readonly thought: number;
};

type Row = readonly [model: RegExp, most: number];

/** Above every model's own maximum: for models not in the tables. */
const UNKNOWN = 1_048_576;
const UNKNOWN_INPUT = 10_000_000;

/** First match wins. Source: model list (Feb 2026), Beijing's, as far as the families agree. */
const INPUT: readonly Row[] = [
  [/^qwen(2\.5)?-math/, 3072],
  [/^qwen-audio|^qwen-max-2024-04-28/, 6000],
  [/^qwen-mt/, 8192],
  [/^qwen-vl-ocr/, 30_000],
  [/^qwen-max(-2024-09-19)?$|^qwen-omni-turbo/, 30_720],
  [/^qwen3-omni-flash/, 49_152],
  [/^qwen-max-(latest|2025-01-25)$|^qwen-plus-(2024|2025-0(1|4-28|7-14))/, 129_024],
  [/^qwen3-max/, 258_048],
  [/^qwen-(plus|flash)(-latest)?$/, 997_952],
];

/** First match wins. Source: model list (Feb 2026), as far as the families agree. */
const OUTPUT: readonly Row[] = [
  [/^qwen-(plus|turbo)-(2024|2025-0[12])/, 8192],
  [/^qwen-plus-2025-0(4-28|7-14)/, 16_384],
  [/-character/, UNKNOWN],
  [/^qwen-(plus|flash|long)/, 32_768],
  [/^qwen-deep-research$/, 32_768],
  [/^qwen-turbo/, 16_384],
  [/^qwen-max-2024-04-28/, 2000],
  [/^qwen-max/, 8192],
  [/^qwen3-(max|coder)/, 65_536],
  [/^qwen3\.[567]-(plus|flash|max)(?!-(preview|2026-05-17)$)/, 65_536],
  [/^qwen3-(vl|next)|^qwen3-.*-2507$/, 32_768],
  [/^qwen3-\d+(\.\d+)?b/, 8192],
  [/^qwen3-omni-flash/, 16_384],
  [/^qwen-vl-(max|plus)(-latest)?$|^qwen-vl-ocr(-latest)?$/, 8192],
  [/^(qvq-(max|plus)|qwq-plus|qwen-mt)/, 8192],
  [/^qwen-audio/, 1500],
  [/^qwen(2\.5)?-math/, 3072],
  [/^deepseek-(r1|v3$)|^glm-(4\.|5$)|^kimi-k2-thinking/, 16_384],
  [/^deepseek-v3\.[12]/, 65_536],
];

/** First match wins. Source: deep thinking and model list pages (Feb and Aug 2026). */
const THOUGHT: readonly Row[] = [
  [/^qwen-(turbo|plus-2025-0(4-28|7-14))/, 38_912],
  [/^qwen-(plus|flash)|^qwen3-(max|vl-(plus|flash))|^qwen3\.[56]-(plus|flash)/, 81_920],
  [/^qwen3\.7-(max|plus)/, 262_144],
  [/^qvq-(max|plus)/, 16_384],
  [/^deepseek-r1-distill/, 16_384],
  [/^qwq-plus|^qwen3-omni-flash|^deepseek-(r1|v3\.)|^glm-(4\.|5$)|^kimi-k2(-thinking|\.5)/, 32_768],
];

/** Deviations while thinking. Source: model list (Feb 2026). */
const INPUT_THINKING: readonly Row[] = [
  [/^qwen3-omni-flash/, 16_384],
  [/^qwen-turbo(-latest|-2025-0(4-28|7-15))?$|^qwen-plus-2025-0(4-28|7-14)|^qwq-plus/, 98_304],
  [/^qvq-(max|plus)/, 106_496],
  [/^qwen-(plus|flash)(-latest)?$/, 995_904],
];
const OUTPUT_THINKING: readonly Row[] = [[/^qwen3-max/, 32_768]];

function first(rows: readonly Row[], model: string, unknown: number): number {
  return rows.find(([pattern]) => pattern.test(model))?.[1] ?? unknown;
}

/** A model's documented maxima in its mode; above all models' if unknown. */
export function maximaOf(asked: string, thinking: boolean): ModelMaxima {
  const model = canonicalModel(asked);
  const input = first(INPUT, model, UNKNOWN_INPUT);
  const output = first(OUTPUT, model, UNKNOWN);
  return {
    input: thinking ? first(INPUT_THINKING, model, input) : input,
    output: thinking ? first(OUTPUT_THINKING, model, output) : output,
    thought: first(THOUGHT, model, UNKNOWN),
  };
}
