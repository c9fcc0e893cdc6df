import { isIPv6 } from 'node:net';
import { ConfigError } from '../errors.ts';

/** Proxies as undici wants them: URLs, and the hosts that are reached without one. */
export type Proxy = { readonly http?: string; readonly https?: string; readonly no?: string };

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;

/** A proxy's URL; `127.0.0.1:3128` alone is one of http, as curl takes it. Never repeated: it may hold a password. */
function proxyUrl(name: string, value: string): string {
  const text = SCHEME.test(value) ? value : `http://${value}`;
  try {
    const { protocol, hostname, username, password } = new URL(text);
    // undici decodes them, and fails on what is not encoded.
    decodeURIComponent(username + password);
    if ((protocol === 'http:' || protocol === 'https:') && hostname !== '') return text;
  } catch {
    // Told below.
  }
  throw new ConfigError(
    `${name} is not the URL of an http or https proxy`,
    'such as http://127.0.0.1:3128; in user name and password, %, @, : and / are written as %25, %40, %3A and %2F',
  );
}

/** Hosts that are reached directly; undici knows addresses of IPv6 in brackets alone, curl without. */
function noProxyHosts(value: string): string {
  return value.replaceAll(/[^\s,]+/g, (host) => (isIPv6(host) ? `[${host}]` : host));
}

/**
 * What the proxy variables say (lower case first, as in curl); null where none is set. Throws ConfigError (78) for one
 * that names no proxy.
 */
export function proxyOf(env: Readonly<Record<string, string | undefined>>): Proxy | null {
  const read = (name: string): { name: string; value: string } | null => {
    const found = [name.toLowerCase(), name].find((one) => env[one] !== undefined);
    const value = found === undefined ? undefined : env[found];
    return found === undefined || value === undefined || value === ''
      ? null
      : { name: found, value };
  };
  const [http, https, no] = [read('HTTP_PROXY'), read('HTTPS_PROXY'), read('NO_PROXY')];
  if (http === null && https === null) return null;
  return {
    ...(http !== null && { http: proxyUrl(http.name, http.value) }),
    ...(https !== null && { https: proxyUrl(https.name, https.value) }),
    ...(no !== null && { no: noProxyHosts(no.value) }),
  };
}
