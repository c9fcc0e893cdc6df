/**
 * A copy of a text: V8 keeps a substring as a view of the whole text, which then stays in memory as long as the substring
 * does.
 */
export function ownText(text: string): string {
  // Not UTF-8, which cannot hold half a surrogate pair.
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
