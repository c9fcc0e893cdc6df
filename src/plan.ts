import { encodeRequest } from './encode.ts';
import type { PriorAttempts } from './ledger/lines.ts';
import {
  estimateOutputTokens,
  estimateTokens,
  type InputManner,
  type OutputEstimate,
  requestTexts,
  type TokenEstimate,
} from './models/tokens.ts';
import { ownText } from './input/own-text.ts';
import { isObject } from './json/is-object.ts';
import type { Extras } from './models/extras.ts';
import type { Request } from './parse.ts';
import type { Pricing } from './pricing.ts';
import type { HttpCall } from './protocols/protocol.ts';

/** A line ready to be sent: everything `settle.ts` needs and nothing of the input. */
export type PlannedLine = {
  readonly lineNo: number;
  readonly customId: string;
  readonly model: string;
  readonly call: HttpCall;
  /** Whether stream frames are appended, as far as the request says (`Asked`); null: it does not say. */
  readonly incremental: boolean | null;
  /** The number of choices requested. */
  readonly choices: number;
  /** Whether the call may be repeated as a stream after an unstreamed one was too slow. */
  readonly mayStream: boolean;
  /** Bytes of the request body, for the bound on bodies held. */
  readonly bodyBytes: number;
  readonly inputTokens: number;
  readonly outputExpectedTokens: number;
  /** The most output possible; null if a limit is unknown. */
  readonly outputMaxTokens: number | null;
  /** Whether the answer is priced as thinking. */
  readonly thinking: boolean;
  /** Input plus expected output, in the job's currency; null: unpriced. */
  readonly estimatedPico: number | null;
  /** The non-text parts of the call; null: none. */
  readonly extras: Extras | null;
  readonly metadata: string | null;
  readonly prior: PriorAttempts | null;
};

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/**
 * The number of choices to expect. With tools the service makes one whatever `n` says.
 * Source: help.aliyun.com/zh/model-studio, DashScope API reference, `n` (2025-11).
 */
function choicesAsked({ n, tools }: Request['view']['parameters']): number {
  if (Array.isArray(tools) && tools.length > 0) return 1;
  return typeof n === 'number' && Number.isSafeInteger(n) && n > 1 ? n : 1;
}

function estimateInput(
  { view }: Request,
  outputSeen: OutputSeen,
): Parameters<typeof estimateTokens>[0] {
  const { parameters } = view;
  return {
    messages: view.messages ?? view.input['prompt'],
    tools: parameters['tools'],
    maxTokens: numberOf(parameters['max_tokens']),
    maxCompletionTokens: numberOf(parameters['max_completion_tokens']),
    thinking: view.thinking,
    thinkingBudget: numberOf(parameters['thinking_budget']),
    n: choicesAsked(parameters),
    highResolution: parameters['vl_high_resolution_images'] === true,
    profile: view.profile,
    outputSeen: outputSeen(view.model, view.thinking === true),
  };
}

/** Mean output tokens per answer of a model, thinking or not; null: too few seen. */
export type OutputSeen = (model: string, thinking: boolean) => number | null;

/** Before anything was seen. */
export const nothingSeen: OutputSeen = () => null;

/** Token estimate of a request: input, expected output, and maximum output. */
export function estimateRequest(
  request: Request,
  outputSeen: OutputSeen,
  manner?: InputManner,
): TokenEstimate {
  return estimateTokens(estimateInput(request, outputSeen), manner);
}

/** The texts of a request that its estimate counts. */
export function textsOf(request: Request): readonly string[] {
  return requestTexts(estimateInput(request, nothingSeen));
}

/** Only the output part of the estimate, which does not read the texts. */
export function estimateOutput(request: Request, outputSeen: OutputSeen): OutputEstimate {
  return estimateOutputTokens(estimateInput(request, outputSeen));
}

/** The search strategy that a request asks for, empty if unnamed; null: no search. */
export function searchAsked({ view }: Request): string | null {
  if (view.parameters['enable_search'] !== true) return null;
  const options = view.parameters['search_options'];
  const strategy = isObject(options) ? options['search_strategy'] : undefined;
  return typeof strategy === 'string' ? strategy : '';
}

/** The non-text parts of a request's price; null for nearly all. */
export function extrasOf(
  request: Request,
  { audioTokens, visualTokens }: Pick<TokenEstimate, 'audioTokens' | 'visualTokens'>,
): Extras | null {
  const search = searchAsked(request);
  const modalities = request.view.parameters['modalities'];
  const audioOut = Array.isArray(modalities) && modalities.includes('audio');
  if (search === null && !audioOut && audioTokens + visualTokens === 0) return null;
  return { audioIn: audioTokens, visualIn: visualTokens, audioOut, search };
}

/** Plans one request: the call to make, and its expected usage. Pure. */
export function planLine(
  request: Request,
  prior: PriorAttempts | null,
  at: {
    readonly pricing: Pricing;
    readonly outputSeen: OutputSeen;
    /** Exact ÷ fast token count of the job's texts for this model, if known. */
    readonly textScale?: number | undefined;
  },
): PlannedLine {
  const call = encodeRequest(request);
  const estimate = estimateRequest(request, at.outputSeen, { textScale: at.textScale });
  const { inputTokens, outputExpectedTokens, outputMaxTokens } = estimate;
  const thinking = request.view.thinking === true;
  const extras = extrasOf(request, estimate);
  const asked = request.view.parameters['incremental_output'];
  return {
    lineNo: request.lineNo,
    customId: request.customId,
    model: request.view.model,
    call,
    // If a native thinking request does not say, `encode.ts` asks for it; the other protocol appends anyway.
    incremental: typeof asked === 'boolean' ? asked : thinking ? true : null,
    choices: choicesAsked(request.view.parameters),
    // An explicit refusal of streaming, or of incremental output, is respected.
    mayStream: request.view.streamAsked !== false && asked !== false,
    bodyBytes: call.body.length,
    inputTokens,
    outputExpectedTokens,
    outputMaxTokens,
    thinking,
    estimatedPico: at.pricing.estimatePico(request.view.model, {
      input: inputTokens,
      output: outputExpectedTokens,
      thinking,
      extras,
    }),
    extras,
    // Copied: a substring would keep the whole line in memory.
    metadata: request.metadata === null ? null : ownText(request.metadata),
    prior,
  };
}
