import { saysUnfinished } from './finish-reason.ts';
import { addMessage, messageText, newMessage } from './message-fold.ts';
import type { MessageFold } from './message-fold.ts';
import {
  keepMember,
  objectText,
  ownText,
  rawIndex,
  rawItems,
  rawMembers,
  rawString,
} from './raw-json.ts';
import type { RawObject } from './raw-json.ts';
import { addPiece, finishedText, newTrack } from './text-track.ts';
import type { StreamEvidence, TextTrack } from './text-track.ts';

/** One choice of a streamed answer being received; the same for both protocols. */
export type ChoiceFold = {
  readonly message: MessageFold;
  /** Raw elements of `logprobs.content`, each followed by a comma. */
  readonly logprobs: TextTrack;
  /**
   * How logprobs arrive. They may cover only new tokens although the text is cumulative, so they say nothing about the
   * text.
   */
  readonly logprobsEvidence: StreamEvidence;
  logprobsSeen: boolean;
  /** Raw text of the real finish reason; null while unfinished. */
  finishReason: string | null;
  readonly members: Map<string, string>;
};

/** The choices of one stream by index. */
export type ChoicesFold = Map<number, ChoiceFold>;

const FOLDED_MEMBERS: ReadonlySet<string> = new Set([
  'message',
  'delta',
  'logprobs',
  'finish_reason',
]);

/** Adds the raw `choices` array of one frame. */
export function addChoices(fold: ChoicesFold, raw: string, evidence: StreamEvidence): void {
  for (const [position, item] of rawItems(raw).entries()) {
    const members = rawMembers(item);
    const index = rawIndex(members.get('index')) ?? position;
    let choice = fold.get(index);
    if (choice === undefined) {
      choice = newChoice(evidence);
      fold.set(index, choice);
    }
    addChoice(choice, members, evidence);
  }
}

/** True once at least `choices` choices (at least one) have come, each with a real finish reason. */
export function choicesFinished(fold: ChoicesFold, choices: number): boolean {
  return (
    fold.size >= Math.max(1, choices) &&
    [...fold.values()].every((choice) => choice.finishReason !== null)
  );
}

/**
 * A finish reason as raw text, or null if there is none yet: absent, null, empty, or one that means that the answer is
 * incomplete.
 */
export function realFinishReason(raw: string | undefined): string | null {
  const reason = rawString(raw);
  if (raw === undefined || reason === null || reason === '') return null;
  return saysUnfinished(reason) ? null : ownText(raw);
}

/** The complete choices as the JSON text of an array, in the native or the compatible shape. */
export function choicesText(
  fold: ChoicesFold,
  evidence: StreamEvidence,
  shape: 'native' | 'compatible',
): string {
  const choices = [...fold].sort(([first], [second]) => first - second);
  const texts = choices.map(([index, choice]) => {
    const noContent = shape === 'native' ? '""' : 'null';
    const own = new Map<string, string | null>();
    if (shape === 'compatible') own.set('index', String(index));
    own.set('finish_reason', choice.finishReason ?? 'null');
    if (shape === 'native') own.set('index', choice.members.get('index') ?? null);
    own.set('logprobs', logprobsText(choice, evidence, shape));
    own.set('message', messageText(choice.message, evidence, noContent));
    for (const [key, raw] of choice.members) {
      if (!own.has(key)) own.set(key, raw);
    }
    return objectText(own);
  });
  return `[${texts.join(',')}]`;
}

function newChoice({ mode, appended }: StreamEvidence): ChoiceFold {
  return {
    message: newMessage(),
    logprobs: newTrack(),
    logprobsEvidence: {
      mode: mode === 'append' ? 'append' : 'detect',
      incremental: false,
      appended,
    },
    logprobsSeen: false,
    finishReason: null,
    members: new Map(),
  };
}

function addChoice(choice: ChoiceFold, members: RawObject, evidence: StreamEvidence): void {
  const message = members.get('delta') ?? members.get('message');
  addMessage(choice.message, rawMembers(message), evidence);
  const logprobs = members.get('logprobs');
  if (logprobs?.startsWith('{') === true) {
    choice.logprobsSeen = true;
    const items = rawItems(rawMembers(logprobs).get('content'));
    const piece = items.map((item) => `${item},`).join('');
    addPiece(choice.logprobs, piece, choice.logprobsEvidence, false);
  }
  choice.finishReason = realFinishReason(members.get('finish_reason')) ?? choice.finishReason;
  for (const [key, raw] of members) {
    if (!FOLDED_MEMBERS.has(key)) keepMember(choice.members, key, raw);
  }
}

function logprobsText(
  choice: ChoiceFold,
  evidence: StreamEvidence,
  shape: 'native' | 'compatible',
): string | null {
  if (!choice.logprobsSeen) return shape === 'compatible' ? 'null' : null;
  const own = choice.logprobsEvidence;
  // If the text came in increments, so did the logprobs.
  const known = { ...own, incremental: own.incremental || evidence.incremental };
  const items = finishedText(choice.logprobs, known);
  return `{"content":[${items.slice(0, -1)}]}`;
}
