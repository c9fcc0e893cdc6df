import type { Answer, AnswerChoice, ToolCall } from './answer-shape.ts';
import { splitTokens } from './tokens.ts';
import { toolCallTokens } from './usage-count.ts';

/** One step of a streamed answer, before encoding in either protocol. */
export type Delta = {
  readonly choice: AnswerChoice;
  readonly reasoning: string;
  readonly content: string;
  /** The new tokens of this step. */
  readonly newPieces: readonly string[];
  /** A fragment of one tool call or, for a cumulative answer, all calls so far; `first` fragments carry id and name. */
  readonly toolCalls: readonly (ToolCall & { readonly first: boolean })[];
  /** Output and reasoning tokens so far, over all choices. */
  readonly output: number;
  readonly reasoningTokens: number;
  readonly finishReason: string | null;
};

const FRAMES_MAX = 2000;
const CUMULATIVE_FRAMES_MAX = 32;
const PIECES_LEAST = 6;

/** Tokens grouped by frame: first a single one, as in recorded streams, then several. */
function group(pieces: readonly string[], framesMax: number): readonly (readonly string[])[] {
  if (pieces.length === 0) return [];
  const size = Math.max(PIECES_LEAST, Math.ceil(pieces.length / framesMax));
  const groups = [pieces.slice(0, 1)];
  for (let at = 1; at < pieces.length; at += size) groups.push(pieces.slice(at, at + size));
  return groups;
}

function deltasOfChoice(
  choice: AnswerChoice,
  cumulative: boolean,
  last: Delta | undefined,
): readonly Delta[] {
  const deltas: Delta[] = [];
  const framesMax = cumulative ? CUMULATIVE_FRAMES_MAX : FRAMES_MAX;
  let output = last?.output ?? 0;
  let reasoningTokens = last?.reasoningTokens ?? 0;
  let reasoning = '';
  let content = '';
  const push = (fields: Partial<Delta>): void => {
    const blank = { reasoning: '', content: '', newPieces: [], toolCalls: [], finishReason: null };
    deltas.push({ choice, ...blank, output, reasoningTokens, ...fields });
  };
  for (const pieces of group(choice.reasoning, framesMax)) {
    const text = pieces.join('');
    reasoning += text;
    output += pieces.length;
    reasoningTokens += pieces.length;
    push({ reasoning: cumulative ? reasoning : text });
  }
  for (const pieces of group(choice.content, framesMax)) {
    const text = pieces.join('');
    content += text;
    output += pieces.length;
    push({
      content: cumulative ? content : text,
      reasoning: cumulative ? reasoning : '',
      newPieces: pieces,
    });
  }
  const said = cumulative ? { content, reasoning } : {};
  const before: Delta['toolCalls'][number][] = [];
  for (const call of choice.toolCalls) {
    const pieces = splitTokens(call.arguments);
    const half = Math.ceil(pieces.length / 2);
    const begun = { ...call, arguments: pieces.slice(0, half).join(''), first: true };
    const ended = { ...call, arguments: pieces.slice(half).join(''), first: false };
    push({ ...said, toolCalls: [...before, begun] });
    output += toolCallTokens(call);
    if (cumulative) before.push({ ...call, first: true });
    push({ ...said, toolCalls: cumulative ? [...before] : [ended] });
  }
  push({ ...said, toolCalls: before, finishReason: choice.finishReason });
  return deltas;
}

/**
 * An answer as the steps of a stream: per choice its reasoning, its content, its tool calls, then a last step with the
 * finish reason. `cumulative`: every step repeats the text so far.
 */
export function streamDeltas(answer: Answer, cumulative: boolean): readonly Delta[] {
  const deltas: Delta[] = [];
  for (const choice of answer.choices) {
    for (const delta of deltasOfChoice(choice, cumulative, deltas.at(-1))) deltas.push(delta);
  }
  return deltas;
}
