import type { StreamFold } from '../protocols/protocol.ts';

/**
 * The same fold, which tells once that a part of the answer has come. That a stream began says nothing: the
 * service tells its refusals in streams too, behind status 200.
 */
export function tellBegun(fold: StreamFold, onBegun: () => void): StreamFold {
  let told = false;
  return {
    ...fold,
    push(chunk) {
      const wantsMore = fold.push(chunk);
      if (!told && fold.hasBegun()) {
        told = true;
        onBegun();
      }
      return wantsMore;
    },
  };
}
