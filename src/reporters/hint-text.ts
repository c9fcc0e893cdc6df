import type { QbatchError } from '../errors.ts';

/** A folder called `~`, which nobody has. */
const HOME_UNEXPANDED = /(?:^|[\s/"'])~\//;

/** What to do next, if anything is known. */
export function hintText({ message, hint }: QbatchError): string | undefined {
  if (!HOME_UNEXPANDED.test(message)) return hint;
  const home =
    'the shell leaves ~ as it is inside quotes and behind an = sign: write $HOME instead';
  return hint === undefined ? home : `${hint}; ${home}`;
}
