import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { simulateCommand } from '../../src/commands/simulate.ts';
import { DEFAULT_SIMULATOR_SPEC } from '../../src/simulator/spec.ts';
import { DISPLAY, recordingIo, type RecordingIo } from './recording-io.ts';

const SIMULATE = {
  command: 'simulate',
  host: '127.0.0.1',
  port: 0,
  spec: { ...DEFAULT_SIMULATOR_SPEC, latencyMs: 0 },
  ...DISPLAY,
} as const;

/** Starts the command and waits until it has printed where it listens. */
async function start(
  host = '127.0.0.1',
): Promise<{ io: RecordingIo; ended: Promise<number>; baseUrl: string }> {
  const io = recordingIo('/');
  let printed: () => void;
  const ready = new Promise<void>((resolve) => {
    printed = resolve;
  });
  const ended = simulateCommand(
    { ...SIMULATE, host },
    {
      ...io,
      writeOut: async (text) => {
        await io.writeOut(text);
        printed();
      },
    },
  );
  await Promise.race([ready, ended]);
  return { io, ended, baseUrl: /--base-url (\S+)/.exec(io.out())?.[1] ?? '' };
}

/** The status of a call with that prompt. */
async function ask(baseUrl: string, content: string): Promise<number> {
  const reply = await fetch(`${baseUrl}/services/aigc/text-generation/generation`, {
    method: 'POST',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'qwen-plus', input: { messages: [{ role: 'user', content }] } }),
  });
  await reply.text();
  return reply.status;
}

test('simulateCommand: answers until it is interrupted, then tells what it saw', async () => {
  const { io, ended, baseUrl } = await start();
  expect(io.out()).toMatch(
    /DASHSCOPE_API_KEY=any qbatch run requests\.jsonl --base-url http:\/\/127\.0\.0\.1:\d+\/api\/v1 --compatible-base-url http:\/\/127\.0\.0\.1:\d+\/compatible-mode\/v1\n/,
  );
  expect(io.out()).not.toContain('--allow-http');
  expect(await ask(baseUrl, '《赤壁赋》的作者是谁？')).toBe(200);
  io.interrupt();
  expect(await ended).toBe(0);
  expect(io.out()).toMatch(
    /1 call, 1 answered, at most 1 at one time\nwould have been billed: [1-9]\d* tokens in, [1-9]\d* out\n$/,
  );
  await expect(fetch(baseUrl)).rejects.toThrow();
});

test('simulateCommand: codes that a caller made up, printed on one line each, and not all of them', async () => {
  const { io, ended, baseUrl } = await start();
  await ask(baseUrl, '[[simulate: error=\u001B[31mEVIL\u0007]]');
  await ask(baseUrl, '[[simulate: error="made\nup\n9 calls, 9 answered"]]');
  for (let code = 0; code < 200; code += 1) await ask(baseUrl, `[[simulate: error=Code.${code}]]`);
  for (let time = 0; time < 3; time += 1) await ask(baseUrl, '[[simulate: error=SystemError]]');
  await ask(baseUrl, `[[simulate: error=${'long'.repeat(1000)}]]`);
  io.interrupt();
  await ended;
  const lines = io.out().split('would have been billed')[1]?.trimEnd().split('\n').slice(1) ?? [];
  expect(lines.filter((line) => !/^\d+ x [\x20-\x7E]{1,80}$/.test(line))).toEqual([]);
  expect(lines).toContain('3 x SystemError');
  expect(lines).toContain('1 x EVIL');
  expect(lines).toContain('1 x made up 9 calls, 9 answered');
  expect(lines.length).toBeLessThanOrEqual(51);
  const told = lines.map((line) => Number(line.split(' ')[0])).reduce((sum, one) => sum + one, 0);
  expect(told).toBe(206);
});

test('simulateCommand: beyond loopback, says so and names --allow-http', async () => {
  const { io, ended } = await start('0.0.0.0');
  io.interrupt();
  await ended;
  expect(io.out()).toContain('--allow-http');
  expect(io.out()).toContain('other machines');
});

test('simulateCommand: interrupted before it began, ends at once', async () => {
  const io = recordingIo('/');
  io.interrupt();
  expect(await simulateCommand(SIMULATE, io)).toBe(0);
});

test.each(['192.0.2.1', '2001:db8::1', 'no such host'])(
  'simulateCommand: %s, which is no address of this machine, 69 and a hint about addresses',
  async (host) => {
    await expect(simulateCommand({ ...SIMULATE, host }, recordingIo('/'))).rejects.toThrow(
      expect.objectContaining({
        exitCode: 69,
        hint: expect.stringContaining('an address of this machine'),
      }),
    );
  },
);

test('simulateCommand: a port in use, 69 and a hint about ports', async () => {
  const { io, ended, baseUrl } = await start();
  const port = Number(new URL(baseUrl).port);
  await expect(simulateCommand({ ...SIMULATE, port }, recordingIo('/'))).rejects.toThrow(
    expect.objectContaining({ exitCode: 69, hint: expect.stringContaining('another port') }),
  );
  io.interrupt();
  await ended;
});

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1');

test.skipIf(!hasIpv6)(
  `simulateCommand: brackets about an address, as in a URL, are no part of it${hasIpv6 ? '' : ' (no IPv6 here)'}`,
  async () => {
    const { io, ended } = await start('[::1]');
    io.interrupt();
    await ended;
    expect(io.out()).toMatch(/native protocol +http:\/\/\[::1\]:\d+\/api\/v1\n/);
    expect(io.out()).not.toContain('other machines');
  },
);
