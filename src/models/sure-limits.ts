import { bundledCatalog, type LimitsRecord } from './model-record.ts';
import { USER_SOURCE } from './offer.ts';

/** What the catalog adds to a source where it had to guess: which row of a table is meant, or from the family. */
const GUESSED = /ambiguous|family value/;

/**
 * Whether limits are what a page of the vendor's says, or the user: `source` is a key into the catalog's sources, and
 * what is to be said of it (`LOBE (DIFY says 16384 output)`). Other lists contradict each other.
 */
export function areSure({ source, unsure }: LimitsRecord): boolean {
  if (source === undefined || unsure === true || GUESSED.test(source)) return false;
  if (source === USER_SOURCE) return true;
  const key = /^[A-Z]+(?:-[A-Z]+)*/.exec(source)?.[0] ?? '';
  return bundledCatalog().sources[key]?.kind === 'official';
}

/** Limits that a line can be refused for. */
const REFUSING = ['max_output', 'max_output_thinking', 'max_thinking'] as const;

/** Whether limits stay unsure with what the user says of some: nothing of those that a line can be refused for. */
export function stayUnsure(base: LimitsRecord | undefined, said: LimitsRecord): boolean {
  return base !== undefined && !areSure(base) && REFUSING.every((name) => said[name] === undefined);
}
