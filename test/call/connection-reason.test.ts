import { expect, test } from 'vitest';
import { connectionReason } from '../../src/call/connection-reason.ts';
import { unreachable } from '../../src/job/stop-reasons.ts';

const coded = (message: string, code: string): Error => Object.assign(new Error(message), { code });

test('several addresses, none of which answers: what each came to, where Node says nothing but a code', () => {
  const both = new AggregateError(
    [
      coded('connect ECONNREFUSED ::1:8000', 'ECONNREFUSED'),
      coded('connect ECONNREFUSED 127.0.0.1:8000', 'ECONNREFUSED'),
    ],
    '',
  );
  expect(connectionReason(Object.assign(both, { code: 'ECONNREFUSED' }))).toBe(
    'connect ECONNREFUSED ::1:8000, connect ECONNREFUSED 127.0.0.1:8000',
  );
});

test('an alert of TLS: its words and its code, not where in OpenSSL it was met', () => {
  const text =
    '801CCD31187F0000:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1601:SSL alert number 40';
  expect(connectionReason(coded(text, 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'))).toBe(
    'sslv3 alert handshake failure (ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE)',
  );
});

test('a name that does not resolve: what to look at', () => {
  expect(connectionReason(coded('getaddrinfo ENOTFOUND a.example', 'ENOTFOUND'))).toMatch(
    /^getaddrinfo ENOTFOUND a\.example: .*--base-url, --workspace/,
  );
});

test('a certificate of many names: what to do is read behind a few of them', () => {
  const names = Array.from({ length: 60 }, (_, at) => `DNS:*.region-${at}.aliyuncs.com`).join(', ');
  const text = `Hostname/IP does not match certificate's altnames: Host: a.example. is not in the cert's altnames: ${names}`;
  const reason = connectionReason(coded(text, 'ERR_TLS_CERT_ALTNAME_INVALID'));
  const { message } = unreachable(null, `no connection: ${reason}`, { maxUnreachableMs: 1000 });
  expect(message).toContain('DNS:*.region-0.aliyuncs.com');
  expect(message).toMatch(/\(ERR_TLS_CERT_ALTNAME_INVALID\): with --base-url .* for the service;/);
});

test('a proxy with a certificate for another host: which, and that it is the proxy', () => {
  const text =
    "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: ";
  const cause = coded(text, 'ERR_TLS_CERT_ALTNAME_INVALID');
  const error = Object.assign(coded('Secure Proxy Connection failed', 'UND_ERR_PRX_TLS'), {
    cause,
  });
  expect(connectionReason(error)).toMatch(
    /127\.0\.0\.1 .*\(UND_ERR_PRX_TLS\): it is the certificate of the proxy: .*HTTPS_PROXY/,
  );
});

test('what is not known is told as it came', () => {
  expect(connectionReason(new Error('odd'))).toBe('odd');
  expect(connectionReason('odd')).toBe('odd');
});
