/** What to do about an error, by its code; those not listed speak for themselves. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ...[
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ].map((code): [string, string] => [
    code,
    'if an authority of your own signs it (a gateway, a proxy that looks into TLS), name its certificate file in NODE_EXTRA_CA_CERTS',
  ]),
  ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'].map((code): [string, string] => [
    code,
    'check the clock of this machine, else the server needs a new certificate',
  ]),
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'with --base-url name a host of the certificate, else something on the way answers for the service',
  ],
  [
    'UND_ERR_PRX_TLS',
    'it is the certificate of the proxy: name a host of it in HTTPS_PROXY or HTTP_PROXY',
  ],
  ...['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'].map(
    (code): [string, string] => [
      code,
      'what answers there speaks no TLS: check https:// and the port in --base-url, and the proxy',
    ],
  ),
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'the server takes none of TLS 1.2 and 1.3'],
  ['ENOTFOUND', 'check the host name (--base-url, --workspace, the proxy) and DNS'],
  ['EAI_AGAIN', 'DNS does not answer'],
]);

/** Limit for the error text, so that the advice after it is not cut off: a certificate may have hundreds of names. */
const TEXT_CHARS_MAX = 150;

/** OpenSSL's lines: thread, number, library, function, then the reason, then the place in its source. */
const OPENSSL = /^[\dA-F]+:error:[\dA-F]+:[^:]*:[^:]*:([^:]+):/i;
/** Undici's message for a tunnel that was not opened. */
const NO_TUNNEL = /^Proxy response \((\d{3})\)/;

/** How a TLS alert begins: a server's answer to an unencrypted request. */
const TLS_ALERT = '\u0015\u0003';

/** Whether a TLS alert came instead of a reply: the request was taken for a broken handshake and never read. */
export function isTlsAlert(error: unknown): boolean {
  const data = (error as { data?: unknown } | null)?.data;
  return typeof data === 'string' && data.startsWith(TLS_ALERT);
}

/** Node's or undici's code of an error; empty if it has none. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/**
 * Why a connection failed or broke, in one line: the error, its code, and advice if there is any. Contains no secret from a
 * proxy URL.
 */
export function connectionReason(error: unknown): string {
  if (isTlsAlert(error))
    return 'what answers there speaks TLS alone: write https:// in --base-url and --compatible-base-url';
  const code = errorCode(error);
  const whole = textOf(error);
  const advice = ADVICE.get(code);
  const isLong = advice !== undefined && whole.length > TEXT_CHARS_MAX;
  const text = isLong ? `${whole.slice(0, TEXT_CHARS_MAX)}...` : whole;
  const status = NO_TUNNEL.exec(text)?.[1];
  if (status !== undefined) return tunnelReason(status);
  const named = code === '' || text.includes(code) ? text : `${text} (${code})`;
  return advice === undefined ? named : `${named}: ${advice}`;
}

/** Labels an error of the connection to a proxy as such: its address alone may mean nothing to the reader. */
export function proxyError(error: unknown): Error {
  const code = errorCode(error);
  const named = new Error(`the proxy (HTTPS_PROXY or HTTP_PROXY): ${textOf(error)}`, {
    cause: error,
  });
  return code === '' ? named : Object.assign(named, { code });
}

/** The error text. If several addresses were tried, the texts of all: the aggregate error has none of its own. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    const texts = (error.errors as readonly unknown[]).map(textOf);
    return [...new Set(texts)].join(', ');
  }
  // Undici's own message for a proxy's certificate says nothing about it.
  if (errorCode(error) === 'UND_ERR_PRX_TLS') return textOf((error as Error).cause);
  const text = error instanceof Error ? error.message : String(error);
  return OPENSSL.exec(text)?.[1] ?? text;
}

function tunnelReason(status: string): string {
  const advice =
    status === '407'
      ? 'it wants a user name and password, in its URL: http://USER:PASSWORD@HOST:PORT'
      : 'ask who runs it; hosts named in NO_PROXY are reached without it';
  return `the proxy opened no tunnel (HTTP ${status}): ${advice}`;
}
