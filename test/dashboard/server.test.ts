import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DashboardServer, type Resource, serveDashboard } from '../../src/dashboard/server.ts';

const TOKEN = 'c0ffee00c0ffee00';
const RESOURCES = new Map<string, Resource>([
  ['', { type: 'text/html', policy: "default-src 'none'", text: () => '<p>你好</p>' }],
  ['live.json', { type: 'application/json', text: () => '{"a":1}' }],
  ['report.json', { type: 'application/json', text: () => null }],
]);

type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
};

let server: DashboardServer;
beforeEach(async () => {
  server = await serveDashboard(TOKEN, RESOURCES);
});
afterEach(() => server.close());

function ask(
  path: string,
  options: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Reply> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body });
      });
    });
    call.on('error', reject);
    call.end();
  });
}

test('serveDashboard: on loopback, below the token, with a policy, never stored or framed', async () => {
  expect(server.url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/${TOKEN}/$`));
  expect(await ask(`/${TOKEN}/`)).toMatchObject({
    status: 200,
    body: '<p>你好</p>',
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    },
  });
  expect(await ask(`/${TOKEN}/live.json?x=1`)).toMatchObject({ status: 200, body: '{"a":1}' });
  expect(await ask(`/${TOKEN}/live.json`, { method: 'HEAD' })).toMatchObject({
    status: 200,
    body: '',
  });
});

test('serveDashboard: what is not there yet, 404', async () => {
  expect(await ask(`/${TOKEN}/report.json`)).toMatchObject({ status: 404, body: '' });
});

test.each([
  '/',
  '//',
  `/${TOKEN}`,
  `/${TOKEN.slice(1)}/`,
  `/${TOKEN}0/`,
  `/${TOKEN.toUpperCase()}/`,
  '/live.json',
  `/${TOKEN}/../${TOKEN}/`,
  `/${TOKEN}/package.json`,
  `/${TOKEN}/live.json/`,
  `/${TOKEN}/__proto__`,
  `/x/${TOKEN}/`,
])('serveDashboard: %s, 404 and nothing told', async (path) => {
  expect(await ask(path)).toMatchObject({ status: 404, body: '' });
});

test('serveDashboard: another name for this machine, as a rebound one would be, 403', async () => {
  const { port } = new URL(server.url);
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.2:${port}`])
    expect(await ask(`/${TOKEN}/`, { headers: { host } })).toMatchObject({ status: 403, body: '' });
  expect(await ask(`/${TOKEN}/`, { headers: { host: `localhost:${port}` } })).toMatchObject({
    status: 200,
  });
});

test("serveDashboard: another site's page, 403", async () => {
  const { port, origin } = new URL(server.url);
  for (const foreign of [
    'null',
    'http://evil.example',
    `http://localhost:${port}`,
    `https://127.0.0.1:${port}`,
  ])
    expect(await ask(`/${TOKEN}/live.json`, { headers: { origin: foreign } })).toMatchObject({
      status: 403,
      body: '',
    });
  for (const site of ['cross-site', 'same-site'])
    expect(await ask(`/${TOKEN}/`, { headers: { 'sec-fetch-site': site } })).toMatchObject({
      status: 403,
    });
  expect(await ask(`/${TOKEN}/live.json`, { headers: { origin } })).toMatchObject({ status: 200 });
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
  'serveDashboard: %s, 405',
  async (method) => {
    expect(await ask(`/${TOKEN}/live.json`, { method })).toMatchObject({ status: 405, body: '' });
  },
);
