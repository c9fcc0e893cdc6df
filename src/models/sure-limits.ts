import { bundledCatalog } from './model-record.ts';
import { USER_SOURCE } from './offer.ts';

/** What the catalog adds to a source where it had to guess: which row of a table is meant, or from the family. */
const GUESSED = /ambiguous|family value/;

/**
 * Whether limits are what a page of the vendor's says, or the user: `source` is a key into the catalog's sources, and
 * what is to be said of it (`LOBE (DIFY says 16384 output)`). Other lists contradict each other.
 */
export function areSure(source: string | undefined): boolean {
  if (source === undefined || GUESSED.test(source)) return false;
  if (source === USER_SOURCE) return true;
  const key = /^[A-Z]+(?:-[A-Z]+)*/.exec(source)?.[0] ?? '';
  return bundledCatalog().sources[key]?.kind === 'official';
}
