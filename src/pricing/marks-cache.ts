import { isObject } from '../json/is-object.ts';

function hasMark(message: unknown): boolean {
  const content = isObject(message) ? message['content'] : undefined;
  return (
    Array.isArray(content) &&
    content.some((part) => isObject(part) && isObject(part['cache_control']))
  );
}

/**
 * Whether the body of an OpenAI-compatible request marks a part for the explicit cache: shows which cache was hit if the
 * reply's usage does not.
 */
export function marksCache(body: Buffer): boolean {
  // Nearly no request has such a member; only those are parsed.
  if (!body.includes('"cache_control"')) return false;
  const { messages } = JSON.parse(body.toString('utf8')) as { readonly messages?: unknown };
  return Array.isArray(messages) && messages.some(hasMark);
}
