import { bundledCatalog, type LimitsRecord } from './model-record.ts';
import { USER_SOURCE } from './offer.ts';

/** The catalog's remarks on guessed values: an ambiguous table row, or inferred from the family. */
const GUESSED = /ambiguous|family value/;

/**
 * Whether limits come from a page of the vendor, or from the user: `source` is a key into the catalog's sources, possibly
 * with a remark (`LOBE (DIFY says 16384 output)`). Other lists contradict each other.
 */
export function areSure({ source, unsure }: LimitsRecord): boolean {
  if (source === undefined || unsure === true || GUESSED.test(source)) return false;
  if (source === USER_SOURCE) return true;
  const key = /^[A-Z]+(?:-[A-Z]+)*/.exec(source)?.[0] ?? '';
  return bundledCatalog().sources[key]?.kind === 'official';
}

/** Limits for which a line can be refused. */
const REFUSING = ['max_output', 'max_output_thinking', 'max_thinking'] as const;

/** Whether limits stay uncertain despite the user's overrides, because none of these concerns a refusing limit. */
export function stayUnsure(base: LimitsRecord | undefined, said: LimitsRecord): boolean {
  return base !== undefined && !areSure(base) && REFUSING.every((name) => said[name] === undefined);
}
