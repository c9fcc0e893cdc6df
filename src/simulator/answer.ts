import type { Answer, AnswerChoice } from './answer-shape.ts';
import { stripDirectives } from './directives.ts';
import type { Directives } from './directives.ts';
import { hashText, pickFrom, randomFrom } from './randomness.ts';
import { recognize } from './ocr.ts';
import { asArray, asObject } from './request.ts';
import type { SimulatedRequest } from './request.ts';
import { plausibleValue } from './schema-values.ts';
import type { ValueContext } from './schema-values.ts';
import { languageOf, PHRASES, quoteFrom } from './sentences.ts';
import { splitTokens } from './tokens.ts';
import { chooseToolCalls } from './tool-calls.ts';
import { countUsage } from './usage-count.ts';

const piecesOfSentence = new Map<string, readonly string[]>();

function sentencePieces(sentence: string): readonly string[] {
  let pieces = piecesOfSentence.get(sentence);
  if (pieces === undefined) {
    pieces = splitTokens(sentence);
    piecesOfSentence.set(sentence, pieces);
  }
  return pieces;
}

/** Text of whole sentences; truncated to `exactTokens` if given. */
function writeText(
  opening: string,
  sentences: readonly string[],
  random: () => number,
  length: { readonly sentences: number; readonly exactTokens: number | null },
): readonly string[] {
  const pieces: string[] = [...splitTokens(opening)];
  const start = Math.floor(random() * sentences.length);
  for (let count = 0; ; count += 1) {
    const enough =
      length.exactTokens === null ? count >= length.sentences : pieces.length >= length.exactTokens;
    if (enough) break;
    // Steps of five visit a dozen sentences before any repeats.
    const sentence = sentences[(start + count * 5) % sentences.length] ?? '';
    for (const piece of sentencePieces(pieces.length === 0 ? sentence.trimStart() : sentence))
      pieces.push(piece);
  }
  return length.exactTokens === null ? pieces : pieces.slice(0, length.exactTokens);
}

function fill(template: string, quote: string): string {
  return template.replace('{quote}', () => quote);
}

function writeReasoning(
  request: SimulatedRequest,
  context: ValueContext,
  quote: string,
): readonly string[] {
  if (!request.thinking) return [];
  const { thoughtOpenings, thoughts } = PHRASES[context.language];
  const sentences = 2 + Math.floor(context.random() * 3);
  const opening = quote === '' ? '' : fill(pickFrom(thoughtOpenings, context.random), quote);
  const pieces = writeText(opening, thoughts, context.random, { sentences, exactTokens: null });
  const budget = request.parameters['thinking_budget'];
  return typeof budget === 'number' ? pieces.slice(0, budget) : pieces;
}

function writeJson(request: SimulatedRequest, context: ValueContext): string | null {
  const format = asObject(request.parameters['response_format']);
  const schema = asObject(format?.['json_schema'])?.['schema'];
  if (format?.['type'] === 'json_schema')
    return JSON.stringify(plausibleValue(schema, 'result', context));
  if (format?.['type'] !== 'json_object') return null;
  const answer = pickFrom(PHRASES[context.language].sentences, context.random).trim();
  const confidence = Math.round((0.7 + context.random() * 0.29) * 100) / 100;
  return JSON.stringify({ question: quoteFrom(context.text, 24), answer, confidence }, null, 2);
}

/** The citation of the answer's first source, if requested. */
function citation({ parameters }: SimulatedRequest): string {
  const options = asObject(parameters['search_options']);
  if (parameters['enable_search'] !== true || options?.['enable_citation'] !== true) return '';
  return options['citation_format'] === '[ref_<number>]' ? '[ref_1]' : '[1]';
}

function openingOf(request: SimulatedRequest, context: ValueContext, quote: string): string {
  const { openings, afterTool } = PHRASES[context.language];
  const last = request.messages.at(-1);
  // A prefix is continued, not repeated (recorded), and a translation does not comment on its text.
  if (last?.partial === true || request.traits.family === 'translation') return '';
  if (last?.role === 'tool') return fill(afterTool, quoteFrom(last.text, 40));
  return quote === '' ? '' : fill(pickFrom(openings, context.random), quote);
}

function applyStop(pieces: readonly string[], stop: unknown): readonly string[] {
  const words = (typeof stop === 'string' ? [stop] : asArray(stop)).filter(
    (word): word is string => typeof word === 'string' && word !== '',
  );
  if (words.length === 0) return pieces;
  const text = pieces.join('');
  const at = Math.min(...words.map((word) => text.indexOf(word)).filter((found) => found >= 0));
  return Number.isFinite(at) ? splitTokens(text.slice(0, at)) : pieces;
}

type Limits = { readonly answer: number; readonly whole: number };

function readLimits({ parameters }: SimulatedRequest): Limits {
  const limit = (name: string): number =>
    typeof parameters[name] === 'number' ? parameters[name] : Infinity;
  // max_tokens does not limit the chain of thought, max_completion_tokens does.
  return { answer: limit('max_tokens'), whole: limit('max_completion_tokens') };
}

function cutToLimits(choice: AnswerChoice, limits: Limits): AnswerChoice {
  const reasoning = choice.reasoning.slice(0, limits.whole);
  const most = Math.min(limits.answer, limits.whole - reasoning.length);
  if (reasoning.length === choice.reasoning.length && choice.content.length <= most) return choice;
  return { ...choice, reasoning, content: choice.content.slice(0, most), finishReason: 'length' };
}

function writeChoice(
  request: SimulatedRequest,
  context: ValueContext,
  index: number,
  exactTokens: number | null,
): AnswerChoice {
  const { random, language } = context;
  const quote = quoteFrom(context.text, language === 'zh' ? 20 : 48);
  const reasoning = writeReasoning(request, context, quote);
  const { calls, forced } = chooseToolCalls(request, context);
  if (calls.length > 0) {
    // A forced call was recorded with finish_reason "stop" although tool_calls are present.
    const finishReason = forced ? 'stop' : 'tool_calls';
    return { index, reasoning, content: [], toolCalls: calls, finishReason, ocrResult: null };
  }
  const ocr = recognize(request, context);
  const fixed = ocr?.text ?? writeJson(request, context);
  const written =
    fixed === null
      ? writeText(openingOf(request, context, quote), PHRASES[language].sentences, random, {
          sentences: 2 + Math.floor(random() * 4),
          exactTokens,
        })
      : splitTokens(fixed);
  const cited = [...written, ...splitTokens(citation(request))];
  const content = applyStop(cited, request.parameters['stop']);
  return {
    index,
    reasoning,
    content,
    toolCalls: [],
    finishReason: 'stop',
    ocrResult: ocr?.result ?? null,
  };
}

function languageFor(request: SimulatedRequest, text: string): 'zh' | 'en' {
  const target = asObject(request.parameters['translation_options'])?.['target_lang'];
  if (request.traits.family !== 'translation' || typeof target !== 'string')
    return languageOf(text);
  return /^(zh|chinese|中文)/i.test(target) ? 'zh' : 'en';
}

/** A number derived from the conversation and the `seed` parameter, the same in both protocols. */
function conversationSeed(request: SimulatedRequest, seed: number): number {
  const given = request.parameters['seed'];
  return request.messages.reduce(
    (hash, { role, text }) => hashText(role, hashText(text, hash)),
    hashText(request.model, seed + (typeof given === 'number' ? given : 0)),
  );
}

/** The text of the last user message, without directives. */
export function promptOf(request: SimulatedRequest): string {
  return stripDirectives(request.messages.findLast(({ role }) => role === 'user')?.text ?? '');
}

/**
 * The answer to a request that is not refused: determined by seed and conversation, whatever the order, concurrency or
 * protocol. It is in the language of the last user message and quotes its beginning. `outputTokens` sets the answer's
 * length, `cachedTokens` how much of the input counts as cached.
 */
export function composeAnswer(
  request: SimulatedRequest,
  seed: number,
  { outputTokens, cachedTokens }: Pick<Directives, 'outputTokens' | 'cachedTokens'>,
): Answer {
  const text = promptOf(request);
  const base = { text, language: languageFor(request, text) };
  const start = conversationSeed(request, seed);
  const asked = request.parameters['n'];
  const withTools = asArray(request.parameters['tools']).length > 0;
  const count = typeof asked === 'number' && !withTools ? asked : 1;
  const limits = readLimits(request);
  const choices: AnswerChoice[] = [];
  for (let index = 0; index < count; index += 1) {
    const context = { ...base, random: randomFrom(start + index) };
    choices.push(cutToLimits(writeChoice(request, context, index, outputTokens), limits));
  }
  return { choices, usage: countUsage(request, choices, cachedTokens ?? 0) };
}
