import type { StreamFold } from '../protocols/protocol.ts';

/**
 * Wraps a fold so that `onBegun` is called once part of the answer has come. The start of a stream means nothing: the
 * service also sends refusals as streams, with status 200.
 */
export function notifyBegun(fold: StreamFold, onBegun: () => void): StreamFold {
  let isNotified = false;
  return {
    ...fold,
    push(chunk) {
      const wantsMore = fold.push(chunk);
      if (!isNotified && fold.hasBegun()) {
        isNotified = true;
        onBegun();
      }
      return wantsMore;
    },
  };
}
