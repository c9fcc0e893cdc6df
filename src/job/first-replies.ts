import type { ApiFailure } from '../failure.ts';
import { looksForeign, looksVoid } from './foreign-reply.ts';

/** This many foreign replies, and no others, show that calls go to the wrong place. */
const FOREIGN_REPLIES = 3;
/** The same for replies that claim success without an answer: a model service may send a few of them. */
const VOID_REPLIES = 20;

/**
 * Whether only a model service fails like this: with a code of its own (gateways have statuses too), with tokens, or with
 * part of an answer.
 */
function isOfService({ kind, code, usage }: ApiFailure): boolean {
  const hasCode = kind === 'http' && !code.startsWith('qbatch_');
  return hasCode || usage !== null || code === 'qbatch_partial_response';
}

/**
 * What the first replies of a run show about where its calls go. Until one shows a model service, foreign replies are no
 * verdict on a line, and void ones (a 200 without an answer) prove nothing.
 *
 * States: *open* (nothing seen, or only foreign and void replies), *proven* (something else came: from now on every reply
 * is the service's), *wrong* (three foreign or twenty void replies, and nothing else).
 */
export class FirstReplies {
  private state: 'open' | 'proven' | 'wrong' = 'open';
  private foreign = 0;
  private void = 0;
  private readonly onWrong: (failure: ApiFailure) => void;

  /** `onWrong` is called once. */
  constructor(onWrong: (failure: ApiFailure) => void) {
    this.onWrong = onWrong;
  }

  /** An answer came, or equivalent proof. */
  answered(): void {
    if (this.state === 'open') this.state = 'proven';
  }

  /**
   * Whether such a failure is likely to repeat for any line: several void replies, and nothing else, have come. A quick
   * retry would use up the line's billable attempts before enough other lines have shown it.
   */
  isLikelyAgain(failure: ApiFailure): boolean {
    return this.state !== 'proven' && this.void >= FOREIGN_REPLIES && looksVoid(failure);
  }

  /** Whether this failure says nothing about its line, since it is unknown who replies. */
  isDoubtful(failure: ApiFailure): boolean {
    if (this.state === 'proven') return false;
    if (looksForeign(failure)) {
      this.foreign += 1;
      if (this.foreign >= FOREIGN_REPLIES) this.isWrong(failure);
      return true;
    }
    if (looksVoid(failure)) {
      this.void += 1;
      if (this.void >= VOID_REPLIES) this.isWrong(failure);
      return false;
    }
    if (isOfService(failure)) this.answered();
    return false;
  }

  private isWrong(failure: ApiFailure): void {
    if (this.state !== 'open') return;
    this.state = 'wrong';
    this.onWrong(failure);
  }
}
