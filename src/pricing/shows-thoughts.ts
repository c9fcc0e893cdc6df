const THOUGHT = /"reasoning_content":\s*"[^"]/u;

/**
 * Whether a reply (raw JSON text) holds a chain of thought: some models think without counting it in
 * `reasoning_tokens`. Inside of any text such a member's quotes would be escaped.
 */
export function showsThoughts(body: string): boolean {
  return THOUGHT.test(body);
}
