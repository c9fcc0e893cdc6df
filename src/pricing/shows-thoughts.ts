const THOUGHT = /"reasoning_content":\s*"[^"]/u;

/**
 * Whether a reply (raw JSON text) holds a chain of thought: some models think without counting it in `reasoning_tokens`.
 * Inside any string the quotes of such a member would be escaped.
 */
export function showsThoughts(body: string): boolean {
  return THOUGHT.test(body);
}
