import { expect, test } from 'vitest';
import { proxyOf } from '../../src/config/proxy.ts';

const https = 'http://127.0.0.1:3128';

test('proxyOf: addresses of IPv6 in NO_PROXY are known with and without brackets', () => {
  const no = '::1, fd00::7,[fd00::8],a.example,10.0.0.1:8080';
  expect(proxyOf({ HTTPS_PROXY: https, NO_PROXY: no })).toEqual({
    https,
    no: '[::1], [fd00::7],[fd00::8],a.example,10.0.0.1:8080',
  });
});
