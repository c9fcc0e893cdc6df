import type { Endpoint } from '../protocols/protocol.ts';
import { shown } from '../schemas/findings.ts';

/** What the `url` of a batch line requests (cli.md section 9). */
export type UrlTarget =
  | { readonly kind: 'chat' }
  | { readonly kind: 'native'; readonly endpoint: Endpoint }
  | { readonly kind: 'refused'; readonly reason: string };

const CHAT_URLS: ReadonlySet<string> = new Set([
  '/v1/chat/completions',
  '/chat/completions',
  '/compatible-mode/v1/chat/completions',
]);
const NATIVE_URL =
  /^(?:\/api\/v1)?\/services\/aigc\/(text-generation|multimodal-generation)\/generation$/;

/** Other endpoints of batch files, and why they are refused. */
const REFUSED_URLS: readonly (readonly [RegExp, string])[] = [
  [
    /\/embeddings$/,
    'embeddings are not chat calls; qbatch runs chat completions and native generation',
  ],
  [/\/responses$/, 'the Responses API is not supported; write the line for /v1/chat/completions'],
  [
    /\/ds-test$/,
    'ds-test is a test endpoint of the vendor batch service; rehearse with --simulate instead',
  ],
];

/** Classifies a line's url: only its path is used, and only these paths are accepted. Pure. */
export function urlTarget(url: string): UrlTarget {
  if (CHAT_URLS.has(url)) return { kind: 'chat' };
  const native = NATIVE_URL.exec(url);
  if (native !== null) return { kind: 'native', endpoint: native[1] as Endpoint };
  return { kind: 'refused', reason: refusedUrl(url) };
}

function refusedUrl(url: string): string {
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(url)) {
    return `url names a host (${shown(url)}); give a path: the key only ever goes to the configured base URL`;
  }
  const reason = REFUSED_URLS.find(([pattern]) => pattern.test(url))?.[1];
  return reason ?? `url is ${shown(url)}; use "/v1/chat/completions" or a native generation path`;
}
