import { keepMember, objectText, rawMembers, rawString } from './raw-json.ts';
import { addPiece, finishedText, newTrack } from './text-track.ts';
import type { StreamEvidence, TextTrack } from './text-track.ts';

/**
 * The answer of a deep research stream, which has no choices: `output.message` with a phase. Only the phase `answer` is the
 * answer; planning, web research and keep-alive frames precede it.
 * Source: recorded frames of 2025, service contract section 4.6.
 */
export type ResearchFold = {
  readonly content: TextTrack;
  readonly members: Map<string, string>;
  /** Members of `extra.deep_research` (`references`). */
  readonly deepResearch: Map<string, string>;
  /** A frame with phase `answer` and status `finished` has come. */
  finished: boolean;
};

/** An empty deep research answer. */
export function newResearch(): ResearchFold {
  return { content: newTrack(), members: new Map(), deepResearch: new Map(), finished: false };
}

/** Adds the raw `output.message` of one frame. */
export function addResearch(fold: ResearchFold, raw: string, evidence: StreamEvidence): void {
  const message = rawMembers(raw);
  if (rawString(message.get('phase')) !== 'answer') return;
  if (rawString(message.get('status')) === 'finished') fold.finished = true;
  for (const [key, value] of message) {
    if (key === 'content') addPiece(fold.content, rawString(value) ?? '', evidence, true);
    else if (key === 'extra') {
      for (const [name, inner] of rawMembers(rawMembers(value).get('deep_research'))) {
        keepMember(fold.deepResearch, name, inner);
      }
    } else keepMember(fold.members, key, value);
  }
}

/** The complete message as JSON text. */
export function researchText(fold: ResearchFold, evidence: StreamEvidence): string {
  return objectText([
    ['role', fold.members.get('role') ?? '"assistant"'],
    ...[...fold.members].filter(([key]) => key !== 'role'),
    ['content', JSON.stringify(finishedText(fold.content, evidence))],
    ['extra', `{"deep_research":${objectText(fold.deepResearch)}}`],
  ]);
}
