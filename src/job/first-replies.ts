import type { ApiFailure } from '../failure.ts';
import { looksForeign, looksVoid } from './foreign-reply.ts';

/** So many foreign replies, and no other, say that calls go to the wrong place. */
const FOREIGN_REPLIES = 3;
/** So many, where each says that all is well and holds no answer: a model service may send a few of them. */
const VOID_REPLIES = 20;

/** Whether only a model service fails so: by a code of its own (a gateway has statuses too), with tokens, or with part of an answer. */
function isOfService({ kind, code, usage }: ApiFailure): boolean {
  const hasCode = kind === 'http' && !code.startsWith('qbatch_');
  return hasCode || usage !== null || code === 'qbatch_partial_response';
}

/**
 * What the first replies of a run say about where its calls go. Until one shows a model service,
 * foreign ones are no verdict on a line, and void ones (a 200 without an answer) prove nothing.
 *
 * States: *open* (nothing seen, or foreign and void replies only), *proven* (something else came: from then on
 * every reply is the service's), *wrong* (three foreign ones, or twenty void ones, and nothing else).
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

  /** An answer came, or what proves as much. */
  answered(): void {
    if (this.state === 'open') this.state = 'proven';
  }

  /**
   * Whether such a failure is likely to come again, to whatever line: void replies are all that came, several of them. A
   * line that is tried again soon would use up what it may be billed in vain before enough others have shown it.
   */
  isLikelyAgain(failure: ApiFailure): boolean {
    return this.state !== 'proven' && this.void >= FOREIGN_REPLIES && looksVoid(failure);
  }

  /** Whether this failure says nothing about its line, because nobody knows yet who replies. */
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
