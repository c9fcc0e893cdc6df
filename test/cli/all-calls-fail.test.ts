import { expect, test } from 'vitest';
import type { Reaction } from '../helpers/counting-server.ts';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { UNCOUNTED } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

/** What a model's service says, each code with what is to be read of it in the last lines of a run. */
const CASES: readonly (readonly [string, Reaction])[] = [
  [
    'InternalError: An internal error has occured.;',
    {
      kind: 'error',
      status: 500,
      code: 'InternalError',
      message: 'An internal error has occured.',
    },
  ],
  [
    'model_not_found: No available channel for model qwen-plus under group default',
    {
      kind: 'error',
      status: 503,
      code: 'model_not_found',
      message: 'No available channel for model qwen-plus under group default (distributor)',
    },
  ],
  ['qbatch_connection_error: ', { kind: 'reset' }],
];

test.each(CASES)(
  'every call fails for longer than --max-unreachable, %s: 69, lines stay open, the next run finishes them',
  async (said, reaction) => {
    const { bench, server, args } = await prepareCliJob(400, UNCOUNTED);
    server.script = () => reaction;
    const slow = args.map((arg, index) => (args[index - 1] === '--rpm' ? '900' : arg));
    const run = await runCli(bench, [...slow, '--max-unreachable', '3s', '--json']);
    expect(run).toMatchObject({ status: 69 });
    const summary = run.json() as { lines: { answered: number; open: number } };
    expect(summary.lines.answered).toBe(0);
    expect(summary.lines.open).toBeGreaterThan(200);
    const { host } = new URL(server.origin);
    expect(run.stderr).toContain(
      `stopped: every call to ${host} failed for 3 s (--max-unreachable), last: ${said}`,
    );
    expect(run.stderr).toContain('the lines stay open: run again when the service is back, or');
    server.script = () => ({ kind: 'answer' });
    const next = await runCli(bench, [...args, '--json']);
    const { lines } = next.json() as { lines: { answered: number; failed: number; open: number } };
    expect(lines.open).toBe(0);
    expect(lines.answered).toBeGreaterThanOrEqual(summary.lines.open);
  },
);

test('every call is refused for its rate for longer than --max-unreachable: 69, what the service said is told, in one line and cut', async () => {
  const { bench, server, args } = await prepareCliJob(4);
  const message = `\u001b[31mToo many\nrequests\u0007 ${'x'.repeat(2000)}`;
  server.script = () => ({ kind: 'error', status: 429, code: 'Throttling.RateQuota', message });
  const run = await runCli(bench, [...args, '--max-unreachable', '2s', '--json']);
  expect(run).toMatchObject({ status: 69 });
  expect(run.json()).toMatchObject({ lines: { open: 4 }, stopped: { code: 69 } });
  expect(run.stderr).toMatch(
    /stopped: qwen-plus admitted no call for 2 s \(--max-unreachable\), last: Throttling\.RateQuota: \S*Too many requests\S* x{300,400}\.\.\.; its lines stay open: run again later/,
  );
});

test('200 without an answer to every call: 78 after some twenty, --base-url is named, hardly a line fails, the next run finishes the others', async () => {
  const { bench, server, args } = await prepareCliJob(400, UNCOUNTED);
  server.script = () => ({
    kind: 'raw',
    status: 200,
    body: '{"status":"ok","portal":"sign in first"}',
    headers: { 'content-type': 'application/json' },
  });
  const slow = args.map((arg, index) => (args[index - 1] === '--rpm' ? '900' : arg));
  const run = await runCli(bench, [...slow, '--json']);
  expect(run).toMatchObject({ status: 78 });
  expect(run.json()).toMatchObject({ lines: { answered: 0 }, stopped: { reason: 'endpoint' } });
  // Only a line whose second call went out before the third such reply came.
  const { lines } = run.json() as { lines: { failed: number; open: number } };
  expect(lines.failed).toBeLessThan(3);
  expect(server.calls.length).toBeGreaterThanOrEqual(20);
  expect(server.calls.length).toBeLessThan(100);
  expect(run.stderr).toContain('sign in first');
  expect(run.stderr).toContain('--base-url');
  server.script = () => ({ kind: 'answer' });
  const next = await runCli(bench, [...args, '--json']);
  expect(next.json()).toMatchObject({ lines: { ...lines, answered: lines.open, open: 0 } });
});

/** A reply of somebody on the way who compresses whatever passes, with a coding that Node.js 20 has not. */
const ZSTD: Reaction = {
  kind: 'raw',
  status: 200,
  body: Buffer.from('28b52ffd04005900007b226f7574707574223a7b7d7d', 'hex'),
  headers: { 'content-type': 'application/json', 'content-encoding': 'zstd' },
};

test('every reply is compressed with zstd: 78 after some twenty, hardly a line fails; what to do about it is told, and no other address', async () => {
  const { bench, server, args } = await prepareCliJob(400, UNCOUNTED);
  server.script = () => ZSTD;
  const slow = args.map((arg, index) => (args[index - 1] === '--rpm' ? '900' : arg));
  const run = await runCli(bench, [...slow, '--json']);
  expect(run).toMatchObject({ status: 78 });
  const { lines } = run.json() as { lines: { failed: number } };
  expect(lines.failed).toBeLessThan(3);
  expect(server.calls.length).toBeLessThan(100);
  expect(run.stderr).toMatch(
    /stopped: none of the first replies from \S+ .* could be read, and each may be billed: .*content-encoding: zstd.*switch compression off.*; open lines stay open: then run again/,
  );
  expect(run.stderr).not.toContain('check --base-url');
});

test.each([0, 15])(
  'one reply in zstd, to line %i: its line is sent again, the job goes on',
  async (nth) => {
    const { bench, server, args, ids } = await prepareCliJob(30);
    server.script = (call) => (call.id === ids[nth] && call.nth === 1 ? ZSTD : { kind: 'answer' });
    const run = await runCli(bench, [...args, '--json']);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({
      lines: { answered: 30, failed: 0 },
      possibly_billed: { attempts: 1 },
    });
  },
);

test("another API's frames to every streamed call: 78 after some twenty, too", async () => {
  const { bench, server, args } = await prepareCliJob(200, UNCOUNTED);
  server.script = () => ({
    kind: 'raw',
    status: 200,
    body: 'event: ready\ndata: {"portal":"sign in first"}\n\n',
    headers: { 'content-type': 'text/event-stream' },
  });
  const slow = args.map((arg, index) => (args[index - 1] === '--rpm' ? '900' : arg));
  const run = await runCli(bench, [...slow, '--set', 'stream=true', '--json']);
  expect(run).toMatchObject({ status: 78 });
  expect(run.json()).toMatchObject({ lines: { answered: 0 }, stopped: { reason: 'endpoint' } });
  expect(server.calls.length).toBeLessThan(100);
  expect(run.stderr).toContain('sign in first');
});

test('200 without an answer to all lines but one: no stop, they fail one by one', async () => {
  const { bench, server, args, ids } = await prepareCliJob(25);
  server.script = ({ id }) =>
    id === ids[0]
      ? { kind: 'answer' }
      : {
          kind: 'raw',
          status: 200,
          body: '{"status":"ok"}',
          headers: { 'content-type': 'application/json' },
        };
  const run = await runCli(bench, [...args, '-c', '1', '--json']);
  expect(run).toMatchObject({ status: 1 });
  expect(run.json()).toMatchObject({ lines: { answered: 1, failed: 24, open: 0 } });
});
