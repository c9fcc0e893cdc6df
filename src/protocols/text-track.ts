/**
 * How a stream brings a text: `append`, each piece is what is new; `replace`, each piece is the
 * whole text so far; `detect`, unknown.
 */
export type TextMode = 'append' | 'replace' | 'detect';

/** What the tracks of one stream have found out together; shared because one stream has one mode. */
export type StreamEvidence = {
  readonly mode: TextMode;
  /** A piece has come that cannot be the whole text so far. */
  incremental: boolean;
};

/**
 * One text of a stream while it grows.
 *
 * As long as every piece begins with the one before, both readings are possible; then only the
 * latest piece and the lengths of all pieces are held, from which the appended text can be had.
 * `lengths` is null once this text is known to be appended.
 */
export type TextTrack = {
  text: string;
  lengths: number[] | null;
  /** A piece has continued the (non-empty) one before: what a repeated whole text looks like. */
  grown: boolean;
};

/** A text of which nothing has come yet. */
export function newTrack(): TextTrack {
  return { text: '', lengths: [], grown: false };
}

/**
 * Takes the next piece. `emptyProves` says that an empty piece after text is evidence of appending:
 * true of the answer's content, which no whole-text stream ever takes back; false of a text such
 * as the reasoning, which some frames merely leave out.
 *
 * In `replace` mode a piece that does not continue the text is a rewritten text (translations are
 * revised) if the text had grown before; if it never had, the stream is appended after all.
 */
export function addPiece(
  track: TextTrack,
  piece: string,
  evidence: StreamEvidence,
  emptyProves: boolean,
): void {
  if (evidence.mode === 'detect' && evidence.incremental) becomeAppended(track, evidence);
  if (evidence.mode === 'append' || track.lengths === null) {
    track.lengths = null;
    track.text += piece;
    return;
  }
  if (piece === '') {
    if (emptyProves && evidence.mode === 'detect' && track.text !== '')
      becomeAppended(track, evidence);
    return;
  }
  if (piece.startsWith(track.text)) {
    if (track.text !== '' && piece.length > track.text.length) track.grown = true;
    track.text = piece;
    track.lengths.push(piece.length);
    return;
  }
  if (evidence.mode === 'replace' && track.grown) {
    track.text = piece;
    track.lengths = [piece.length];
    return;
  }
  becomeAppended(track, evidence);
  track.text += piece;
}

/** The whole text, once the stream has ended. */
export function finishedText(track: TextTrack, evidence: StreamEvidence): string {
  return evidence.mode === 'detect' && evidence.incremental ? appended(track) : track.text;
}

function becomeAppended(track: TextTrack, evidence: StreamEvidence): void {
  track.text = appended(track);
  track.lengths = null;
  evidence.incremental = true;
}

function appended(track: TextTrack): string {
  if (track.lengths === null) return track.text;
  return track.lengths.map((length) => track.text.slice(0, length)).join('');
}
