import { keepMember, objectText, rawMembers, rawString } from './raw-json.ts';
import { addPiece, finishedText, newTrack } from './text-track.ts';
import type { StreamEvidence, TextTrack } from './text-track.ts';

/** An `audio` object being received: base64 audio and its transcript grow, the rest is kept. */
export type AudioFold = {
  readonly texts: Map<string, TextTrack>;
  readonly members: Map<string, string>;
};

/**
 * Members that arrive in pieces to be concatenated, base64 included.
 * Source: Model Studio, Qwen-Omni page (the samples concatenate `audio.data`), as of 2025.
 */
const PIECEWISE: ReadonlySet<string> = new Set(['data', 'transcript']);

/** An empty audio object. */
export function newAudio(): AudioFold {
  return { texts: new Map(), members: new Map() };
}

/** Adds the next raw `audio` object. */
export function addAudio(fold: AudioFold, raw: string, evidence: StreamEvidence): void {
  for (const [key, value] of rawMembers(raw)) {
    if (!PIECEWISE.has(key) || !value.startsWith('"')) {
      keepMember(fold.members, key, value);
      continue;
    }
    const track = fold.texts.get(key) ?? newTrack();
    fold.texts.set(key, track);
    addPiece(track, rawString(value) ?? '', evidence, false);
  }
}

/** The complete object as JSON text; null if none came. */
export function audioText(fold: AudioFold, evidence: StreamEvidence): string | null {
  if (fold.texts.size === 0 && fold.members.size === 0) return null;
  const whole = new Map(fold.members);
  for (const [key, track] of fold.texts) {
    whole.set(key, JSON.stringify(finishedText(track, evidence)));
  }
  return objectText(whole);
}
