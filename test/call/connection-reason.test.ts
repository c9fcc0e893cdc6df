import { expect, test } from 'vitest';
import { connectionReason } from '../../src/call/connection-reason.ts';

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
    /^getaddrinfo ENOTFOUND a\.example: .*--base-url/,
  );
});

test('what is not known is told as it came', () => {
  expect(connectionReason(new Error('odd'))).toBe('odd');
  expect(connectionReason('odd')).toBe('odd');
});
