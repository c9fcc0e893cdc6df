import { BlockList, isIP, isIPv6 } from 'node:net';
import { ConfigError } from '../errors.ts';

/** Proxies in undici's form: URLs, and the hosts to reach directly. */
export type Proxy = { readonly http?: string; readonly https?: string; readonly no?: string };

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;

/** A proxy's URL; bare `127.0.0.1:3128` means http, as in curl. Never shown: it may hold a password. */
function proxyUrl(name: string, value: string): string {
  const text = SCHEME.test(value) ? value : `http://${value}`;
  try {
    const { protocol, hostname, username, password } = new URL(text);
    // undici decodes them, and fails on what is not encoded.
    decodeURIComponent(username + password);
    if ((protocol === 'http:' || protocol === 'https:') && hostname !== '') return text;
  } catch {
    // Reported below.
  }
  throw new ConfigError(
    `${name} is not the URL of an http or https proxy`,
    'such as http://127.0.0.1:3128; in user name and password, %, @, : and / are written as %25, %40, %3A and %2F',
  );
}

/** An IPv6 address as in URLs: shortest form, in brackets. */
function inBrackets(address: string): string {
  return new URL(`http://[${address}]`).hostname;
}

/** Hosts to reach directly; undici matches IPv6 addresses only in URL form, curl in any. */
function noProxyHosts(value: string): string {
  return value.replaceAll(/[^\s,]+/g, (host) => {
    const bare = host.replace(/^\[(.*)\]$/, '$1');
    return isIPv6(bare) && !bare.includes('%') ? inBrackets(bare) : host;
  });
}

/** `10.0.0.0/8` and the like. */
const RANGE = /^\[?([\d.a-f:]+)\]?\/(\d{1,3})$/i;

/**
 * Whether a host is an address in one of the CIDR ranges of NO_PROXY (as in curl since 7.86), which undici does not
 * support.
 */
export function isInNoProxyRange(hostname: string, { no = '' }: Proxy): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  if (family === 0) return false;
  const ranges = new BlockList();
  for (const entry of no.split(/[\s,]+/)) {
    const [, net = '', bits = ''] = RANGE.exec(entry) ?? [];
    const most = isIP(net) === 6 ? 128 : 32;
    if (isIP(net) === family && Number(bits) <= most)
      ranges.addSubnet(net, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  }
  return ranges.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The proxy credentials if its URL has a user without a password, or vice versa: undici then sends neither and is refused
 * (407); curl sends an empty one. Undefined: none, or undici sends them.
 */
export function tokenOf(proxyUrl: string | undefined): string | undefined {
  if (proxyUrl === undefined) return undefined;
  const { username, password } = new URL(proxyUrl);
  if ((username === '') === (password === '')) return undefined;
  const both = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(both).toString('base64')}`;
}

/**
 * The proxy variables (lower case first, as in curl); null if none is set. Throws ConfigError (78) for one that is no proxy
 * URL.
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
