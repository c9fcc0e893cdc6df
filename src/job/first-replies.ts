import type { ApiFailure } from '../failure.ts';
import { looksForeign } from './foreign-reply.ts';

/** So many foreign replies, and no other, say that calls go to the wrong place. */
const FOREIGN_REPLIES = 3;

/**
 * What the first replies of a run say about where its calls go. Until one shows a model service,
 * foreign ones are no verdict on a line.
 *
 * States: *open* (nothing seen, or foreign replies only), *proven* (something else came: from then on
 * every reply is the service's), *wrong* (three foreign ones and nothing else).
 */
export class FirstReplies {
  private state: 'open' | 'proven' | 'wrong' = 'open';
  private foreign = 0;
  private readonly onWrong: (failure: ApiFailure) => void;

  /** `onWrong` is called once. */
  constructor(onWrong: (failure: ApiFailure) => void) {
    this.onWrong = onWrong;
  }

  /** An answer came. */
  answered(): void {
    if (this.state === 'open') this.state = 'proven';
  }

  /** Whether this failure says nothing about its line, because nobody knows yet who replies. */
  isDoubtful(failure: ApiFailure): boolean {
    if (this.state === 'proven') return false;
    if (looksForeign(failure)) {
      this.foreign += 1;
      if (this.state === 'open' && this.foreign >= FOREIGN_REPLIES) {
        this.state = 'wrong';
        this.onWrong(failure);
      }
      return true;
    }
    // Only a code of the service's own proves it: a gateway has statuses too.
    const hasCode = failure.kind === 'http' && !failure.code.startsWith('qbatch_');
    if (hasCode && this.state === 'open') this.state = 'proven';
    return false;
  }
}
