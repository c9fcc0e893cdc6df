import { setTimeout } from 'node:timers/promises';
import {
  ANSWER_USAGE,
  type CountingServer,
  type Reaction,
  type SeenCall,
} from './counting-server.ts';
import type { Random } from './random.ts';
import { envelopeLine, flatLine, jsonl, nativeLine, placeIds, UNCOUNTED } from './request-lines.ts';

/** Every so many lines are of a kind; the rest is answered at once. */
const LINES_OF_KIND = {
  openai: 3,
  streamed: 2,
  second: 13,
  invalid: 97,
  refused: 19,
  fails500: 23,
  fails429: 4,
  resets: 41,
  cuts: 47,
} as const;

/** Of most lines `UNCOUNTED`, and one more that is none of those which are counted. */
const SECOND_MODEL = { model: 'deepseek-v3.2' };

const STREAMED = { 'X-DashScope-SSE': 'enable' };

/** An input of `count` lines for both protocols and two models, half of them streamed, with some that can never be sent. */
export function crashInput(count: number): { text: string; ids: string[]; invalid: number } {
  const ids = placeIds(count);
  let invalid = 0;
  const lines = ids.map((id, index) => {
    if ((index + 1) % LINES_OF_KIND.invalid === 0) {
      invalid += 1;
      return flatLine(id, { ...UNCOUNTED, temperature: 'hot' });
    }
    const model = isOfSecondModel(index) ? SECOND_MODEL : UNCOUNTED;
    const streamed = index % LINES_OF_KIND.streamed === 0;
    if (index % LINES_OF_KIND.openai === 0)
      return envelopeLine(id, streamed ? { ...model, stream: true } : model);
    return nativeLine(id, streamed ? { ...model, headers: STREAMED } : model);
  });
  return { text: jsonl(lines), ids, invalid };
}

function isOfSecondModel(index: number): boolean {
  return index % LINES_OF_KIND.second === 5;
}

/**
 * What the service does about each call: decided by its id and number alone, so that an interrupted
 * and an uninterrupted job get the same answers. Throttles are on the second model only: they slow
 * down all that follow.
 */
export function crashScript(
  ids: readonly string[],
  options: { refuses: boolean },
): (call: SeenCall) => Reaction {
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  return ({ id, nth }) => {
    const index = indexOf.get(id) ?? 0;
    const first = nth === 1;
    if (options.refuses && index % LINES_OF_KIND.refused === 7) {
      return { kind: 'error', status: 400, code: 'InvalidParameter', message: `参数错误：${id}` };
    }
    if (
      isOfSecondModel(index) &&
      Math.floor(index / LINES_OF_KIND.second) % LINES_OF_KIND.fails429 === 1 &&
      first
    ) {
      return {
        kind: 'error',
        status: 429,
        code: 'Throttling.RateQuota',
        message: 'Requests rate limit exceeded.',
      };
    }
    if (first && index % LINES_OF_KIND.fails500 === 11) {
      return { kind: 'error', status: 500, code: 'InternalError', message: 'try again' };
    }
    if (first && index % LINES_OF_KIND.resets === 17) return { kind: 'reset' };
    if (first && index % LINES_OF_KIND.cuts === 23) return { kind: 'cut' };
    return { kind: 'answer' };
  };
}

/** Replies after a few turns of the event loop, now and then after some milliseconds. */
export function jitter(random: Random): CountingServer['beforeReply'] {
  return () => {
    const turns = random.between(0, 6);
    if (turns === 0) return setTimeout(random.between(1, 8));
    return turnsOf(turns);
  };
}

async function turnsOf(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

type Summary = {
  lines: { answered: number };
  usage: { input_tokens: number; output_tokens: number };
  cost: { amount: string };
  possibly_billed: { attempts: number; tokens: number; amount: string };
};

/** CNY a million tokens in Beijing, as the catalog of 2026-08 has them. */
const PRICES: Readonly<Record<string, { input: number; output: number }>> = {
  'qwen-plus': { input: 0.8, output: 2 },
  'deepseek-v3': { input: 2, output: 8 },
  'deepseek-v3.2': { input: 2, output: 3 },
};
/** Amounts are printed with six decimals. */
const ROUNDING = 0.000001;

export type CostBounds = {
  readonly what: string;
  readonly certain: number;
  readonly billed: number;
  readonly most: number;
};

/** What the program says it cost, and what the service asks for: certain <= billed <= most. */
export function costBounds(json: Record<string, unknown>, server: CountingServer): CostBounds[] {
  const summary = json as unknown as Summary;
  const { input, output } = ANSWER_USAGE;
  let calls = 0;
  let yuan = 0;
  for (const [model, count] of server.billed) {
    const price = PRICES[model] ?? { input: Number.NaN, output: Number.NaN };
    calls += count;
    yuan += (count * (input * price.input + output * price.output)) / 1e6;
  }
  const { lines, usage, cost, possibly_billed: possible } = summary;
  const tokens = usage.input_tokens + usage.output_tokens;
  const amount = Number(cost.amount);
  return [
    {
      what: 'calls',
      certain: lines.answered,
      billed: calls,
      most: lines.answered + possible.attempts,
    },
    {
      what: 'tokens',
      certain: tokens,
      billed: calls * (input + output),
      most: tokens + possible.tokens,
    },
    {
      what: 'yuan',
      certain: amount - ROUNDING,
      billed: yuan,
      most: amount + Number(possible.amount) + ROUNDING,
    },
  ];
}
