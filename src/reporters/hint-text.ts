import type { QbatchError } from '../errors.ts';

/** A folder named `~`: an unexpanded home folder. */
const HOME_UNEXPANDED = /(?:^|[\s/"'])~\//;

/** What to do next, if anything is known. */
export function hintText({ message, hint }: QbatchError): string | undefined {
  if (!HOME_UNEXPANDED.test(message)) return hint;
  const home = '~ is not expanded inside quotes, after an = sign or in a file: write the full path';
  return hint === undefined ? home : `${hint}; ${home}`;
}
