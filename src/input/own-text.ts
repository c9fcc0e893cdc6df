/** A copy of a text: V8 keeps a part of a text as a window on all of it, which stays in memory as long as the part does. */
export function ownText(text: string): string {
  // Not UTF-8, which has no room for half a pair.
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
