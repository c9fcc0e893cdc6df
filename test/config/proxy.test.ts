import { expect, test } from 'vitest';
import { isInNoProxyRange, proxyOf, tokenOf } from '../../src/config/proxy.ts';

const https = 'http://127.0.0.1:3128';

test('proxyOf: addresses of IPv6 in NO_PROXY are known with and without brackets', () => {
  const no = '::1, fd00::7,[fd00::8],a.example,10.0.0.1:8080,0:0:0:0:0:0:0:1,[FD00:0::9]';
  expect(proxyOf({ HTTPS_PROXY: https, NO_PROXY: no })).toEqual({
    https,
    no: '[::1], [fd00::7],[fd00::8],a.example,10.0.0.1:8080,[::1],[fd00::9]',
  });
});

test.each([
  ['10.0.0.0/8', '10.200.3.4', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['a.example, 192.168.4.0/22', '192.168.7.255', true],
  ['192.168.4.0/22', '192.168.8.0', false],
  ['fd00::/8', '[fd12::1]', true],
  ['[fd00::]/8', '[fd12::1]', true],
  ['fd00::/8', '[fe80::1]', false],
  ['10.0.0.0/8', 'ten.example', false],
  ['10.0.0.0/33', '10.0.0.0', false],
  ['0.0.0.0/0', '[::1]', false],
])('isInNoProxyRange, NO_PROXY=%s: %s %s', (no, hostname, expected) => {
  expect(isInNoProxyRange(hostname, { https, no })).toBe(expected);
});

test('tokenOf: a user without a password has an empty one, and the other way round; what undici does itself is left to it', () => {
  const decoded = (url: string): string | undefined =>
    tokenOf(url)?.replace(/^Basic (.*)$/, (_all, code: string) =>
      Buffer.from(code, 'base64').toString(),
    );
  expect(decoded('http://us%40er@127.0.0.1:3128')).toBe('us@er:');
  expect(decoded('http://user:@127.0.0.1:3128')).toBe('user:');
  const alone = Buffer.from(':pass word').toString('base64');
  expect(tokenOf('http://:pass%20word@127.0.0.1:3128')).toBe(`Basic ${alone}`);
  expect(tokenOf('http://user:pass@127.0.0.1:3128')).toBeUndefined();
  expect(tokenOf(https)).toBeUndefined();
});
