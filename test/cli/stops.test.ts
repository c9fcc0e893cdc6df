import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { type Bench } from '../helpers/bench.ts';
import { type Reaction } from '../helpers/counting-server.ts';
import { jsonl, nativeLine } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

/** What something on the way sends with 403, in place of the service. */
const BLOCKED = '<html>blocked</html>';

const refusal = (status: number, code: string, message: string): Reaction => ({
  kind: 'error',
  status,
  code,
  message,
});

/** Runs the same command with a willing service until the job is done; every line is there, once. */
async function finishAndCheck(
  bench: Bench,
  args: readonly string[],
  ids: readonly string[],
): Promise<void> {
  expect(await runHere(bench, args)).toMatchObject({ status: 0 });
  expect(bench.lines('a.results.jsonl').map(({ custom_id: customId }) => customId)).toEqual(ids);
  expect(bench.read('a.errors.jsonl')).toBe('');
}

function linesOf(
  summary: Record<string, unknown>,
): Record<'total' | 'answered' | 'failed' | 'rejected' | 'open', number> {
  return summary['lines'] as ReturnType<typeof linesOf>;
}

describe('signals', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s: waits for the calls in flight, saves them, ends with %i; the next run pays for nothing twice',
    async (signal, status) => {
      const { bench, server, args, ids } = await prepareCliJob(8, { mixed: true });
      server.hold();
      const run = startCli(bench, [...args, '-c', '3', '--json']);
      await run.before(server.seen(3));
      run.signal(signal);
      await run.says('stopping');
      server.release();
      const ended = await run.finished;
      expect(ended).toMatchObject({ status, signal: null });
      expect(linesOf(ended.json())).toEqual({
        total: 8,
        answered: 3,
        failed: 0,
        rejected: 0,
        open: 5,
      });
      expect(ended.json()).toMatchObject({
        stopped: { code: status },
        possibly_billed: { attempts: 0 },
      });
      expect(ended.stderr).toContain('next: qbatch resume');
      expect(server.calls).toHaveLength(3);
      await finishAndCheck(bench, args, ids);
      expect([...server.counts().values()]).toEqual(ids.map(() => 1));
    },
  );

  test('a second signal drops the calls in flight: they are reported as possibly billed and sent again', async () => {
    const { bench, server, args, ids } = await prepareCliJob(6, { mixed: true });
    server.script = ({ nth, id }) =>
      nth === 1 && id !== ids[0] ? { kind: 'hang' } : { kind: 'answer' };
    const run = startCli(bench, [...args, '-c', '3', '--json']);
    // A fourth call means that the first line is settled: its slot was given back.
    await run.before(server.seen(4));
    run.signal('SIGINT');
    await run.says('stopping');
    run.signal('SIGTERM');
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 130 });
    expect(linesOf(ended.json())).toMatchObject({ answered: 1, open: 5 });
    expect(ended.json()).toMatchObject({ attempts: 4, possibly_billed: { lines: 3, attempts: 3 } });
    server.script = () => ({ kind: 'answer' });
    await finishAndCheck(bench, args, ids);
    expect(server.counts().get(ids[0] ?? '')).toBe(1);
  });

  test.each(['a second signal', 'kill -9'])(
    '--on-ambiguous fail and %s: no call that may have been billed is made again, until retry',
    async (how) => {
      const { bench, server, args, ids } = await prepareCliJob(5, { mixed: true });
      server.script = ({ id }) => (id === ids[0] ? { kind: 'answer' } : { kind: 'hang' });
      const all = [...args, '-c', '2', '--on-ambiguous', 'fail'];
      const run = startCli(bench, all);
      await run.before(server.seen(3));
      if (how === 'kill -9') run.signal('SIGKILL');
      else {
        run.signal('SIGINT');
        await run.says('stopping');
        run.signal('SIGINT');
      }
      await run.finished;
      server.script = () => ({ kind: 'answer' });
      const again = await runCli(bench, [...all, '--json']);
      expect(again).toMatchObject({ status: 1 });
      expect(again.json()).toMatchObject({
        lines: { answered: 3, failed: 2, open: 0 },
        possibly_billed: { lines: 2, attempts: 2 },
      });
      expect([...server.counts().values()]).toEqual([1, 1, 1, 1, 1]);
      expect(bench.lines('a.errors.jsonl')).toMatchObject(
        [1, 2].map((index) => ({
          custom_id: ids[index],
          response: null,
          error: { code: 'qbatch_interrupted' },
        })),
      );
      const verified = await runHere(bench, ['status', '--verify', '--json']);
      expect(verified.json()).toMatchObject({ verify: { ok: true } });
      const retry = await runHere(bench, ['retry', '--on-ambiguous', 'fail', '--json']);
      expect(retry.json()).toMatchObject({ lines: { answered: 5, failed: 0 } });
    },
  );

  // Its time limit is less than the wait: only a wait that the signal ends comes in below it.
  test(
    'a signal while a retry is waited for: ends at once, the line stays open with its attempt on record',
    { timeout: 45_000 },
    async () => {
      const { bench, server, args, ids } = await prepareCliJob(1, { mixed: true });
      server.script = () => ({
        kind: 'error',
        status: 500,
        code: 'InternalError',
        message: 'busy',
        headers: { 'retry-after': '60' },
      });
      const run = startCli(bench, [...args, '--json', '--progress', 'json']);
      await run.before(server.seen(1));
      await run.says('"in_flight":0');
      run.signal('SIGTERM');
      const ended = await run.finished;
      expect(ended).toMatchObject({ status: 143 });
      expect(ended.json()).toMatchObject({ attempts: 1, lines: { failed: 0, open: 1 } });
      server.script = () => ({ kind: 'answer' });
      await finishAndCheck(bench, args, ids);
    },
  );

  test('a job whose earlier input was empty, interrupted: 130 with open lines, not 0', async () => {
    const { bench, server, args } = await prepareCliJob(4, { mixed: true });
    const input = bench.read('a.jsonl');
    bench.write('a.jsonl', '');
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    bench.write('a.jsonl', input);
    server.hold();
    const run = startCli(bench, [...args, '-c', '1', '--json']);
    await run.before(server.seen(1));
    run.signal('SIGINT');
    await run.says('stopping');
    server.release();
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 130 });
    expect(linesOf(ended.json())).toMatchObject({ answered: 1, open: 3 });
  });
});

describe('3: limits of the user', () => {
  test('--max-failures N stops, keeps what is settled, and the rest can be run later', async () => {
    const { bench, server, args, ids } = await prepareCliJob(12, { mixed: true });
    server.script = () => refusal(400, 'InvalidParameter', 'temperature is out of range');
    const run = await runCli(bench, [...args, '--max-failures', '2', '-c', '1', '--json']);
    expect(run).toMatchObject({ status: 3 });
    const lines = linesOf(run.json());
    expect(lines.failed).toBeGreaterThanOrEqual(2);
    expect(lines.failed).toBeLessThanOrEqual(3);
    expect(lines.open).toBe(12 - lines.failed);
    expect(run.json()).toMatchObject({ stopped: { reason: 'failures', code: 3 } });
    server.script = () => ({ kind: 'answer' });
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    expect(bench.lines('a.results.jsonl')).toHaveLength(12 - lines.failed);
    expect(await runCli(bench, ['retry', 'a.jsonl', ...server.flags])).toMatchObject({ status: 0 });
    expect(bench.lines('a.results.jsonl').map(({ custom_id: customId }) => customId)).toEqual(ids);
  });

  test('--max-duration stops and waits for the calls in flight', async () => {
    const { bench, server, args, ids } = await prepareCliJob(6, { mixed: true });
    server.hold();
    // Long enough for the first calls to be on their way even where much else runs.
    const run = startCli(bench, [...args, '--max-duration', '5s', '-c', '2', '--json']);
    await run.before(server.seen(2));
    await run.says('stopping');
    server.release();
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 3 });
    expect(ended.json()).toMatchObject({ stopped: { reason: 'duration', code: 3 } });
    expect(linesOf(ended.json())).toMatchObject({ answered: 2, open: 4 });
    expect(server.calls).toHaveLength(2);
    await finishAndCheck(bench, args, ids);
    expect([...server.counts().values()]).toEqual(ids.map(() => 1));
  });

  test('calls that have no connection yet are not waited for: nothing of them was sent', async () => {
    const { bench, server, args } = await prepareCliJob(3);
    // Takes connections, and never says a word of TLS.
    let taken = (): void => undefined;
    const isTaken = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const open = new Set<Socket>();
    const mute = createServer((socket) => {
      open.add(socket.on('error', () => undefined));
      taken();
    });
    await new Promise<void>((resolve) => {
      mute.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      for (const socket of open) socket.destroy();
      mute.close();
    });
    const { port } = mute.address() as AddressInfo;
    const there = `https://127.0.0.1:${port}`;
    const elsewhere = args.map((arg) => arg.replace(server.origin, there));
    const run = startCli(bench, [...elsewhere, '--connect-timeout', '10m', '--json']);
    await run.before(isTaken);
    run.signal('SIGTERM');
    await run.says('no new calls, no calls in flight');
    // The connections that are being made do not keep the process either.
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 143 });
    expect(ended.json()).toMatchObject({ lines: { open: 3 }, possibly_billed: { attempts: 0 } });
  });

  test.each([
    ['Ctrl-C drops the calls in flight, as is told', 'SIGINT', 2],
    ['SIGTERM does not: they are waited for', 'SIGTERM', 0],
  ] as const)('a run that a limit is stopping: a first %s', async (_, signal, dropped) => {
    const { bench, server, args, ids } = await prepareCliJob(6, { mixed: true });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.script = ({ id }) =>
      id === ids[0] ? refusal(400, 'InvalidParameter', 'no') : { kind: 'answer' };
    // The failure that stops it comes when two others are in flight.
    server.beforeReply = ({ id }) => (id === ids[0] ? server.seen(3) : released);
    const run = startCli(bench, [...args, '--max-failures', '1', '-c', '3', '--json']);
    await run.says('waiting for 2 in flight (already paid for); Ctrl-C now drops them');
    run.signal(signal);
    if (dropped > 0) await run.before(server.idle());
    release();
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 3 });
    expect(ended.json()).toMatchObject({
      lines: { answered: 2 - dropped, failed: 1 },
      possibly_billed: { attempts: dropped },
      stopped: { reason: 'failures' },
    });
  });

  test('--max-cost stops before the job costs more, over all its runs', async () => {
    const { bench, server, args, ids } = await prepareCliJob(10, { mixed: true });
    // One line is expected to cost about 0.001 CNY (512 tokens out at 2 CNY a million).
    const run = await runHere(bench, [...args, '--max-cost', '0.0012', '-c', '1', '--json']);
    expect(run).toMatchObject({ status: 3 });
    const { cost, stopped } = run.json() as { cost: { amount: string }; stopped: object };
    expect(stopped).toMatchObject({ reason: 'cost', code: 3 });
    expect(Number(cost.amount)).toBeLessThanOrEqual(0.0012);
    const calls = server.calls.length;
    expect(calls).toBeGreaterThan(0);
    expect(calls).toBeLessThan(10);
    expect(await runHere(bench, [...args, '--max-cost', '0.0012', '-c', '1'])).toMatchObject({
      status: 3,
    });
    await finishAndCheck(bench, args, ids);
  });

  test('--max-cost counts calls that may have been billed, over all runs, and their repetitions', async () => {
    const { bench, server, args } = await prepareCliJob(10, { mixed: true });
    server.script = ({ nth }) => (nth % 2 === 1 ? { kind: 'reset' } : { kind: 'answer' });
    // An answer takes less than a twentieth of what a call is expected to: the lost ones fill the cap.
    const cap = ['--max-cost', '0.0035', '-c', '1', '--json'];
    const first = await runHere(bench, [...args, ...cap]);
    expect(first).toMatchObject({ status: 3 });
    type Money = {
      cost: { amount: string };
      possibly_billed: { attempts: number; amount: string };
    };
    const {
      cost,
      possibly_billed: possible,
      stopped,
    } = first.json() as Money & { stopped: object };
    expect(stopped).toMatchObject({ reason: 'cost' });
    expect(possible.attempts).toBeGreaterThan(1);
    const spent = Number(cost.amount) + Number(possible.amount);
    expect(spent).toBeLessThanOrEqual(0.0035);
    // No further call fits, although the certain part alone would leave room for two more.
    expect(Number(cost.amount)).toBeLessThan(0.0035 - 2 * 0.00104);
    const calls = server.calls.length;
    expect(await runHere(bench, [...args, ...cap])).toMatchObject({ status: 3 });
    expect(server.calls).toHaveLength(calls);
  });

  test('--sample with --confirm-cost: what the open lines will cost by what the sample took', async () => {
    const { bench, server, args, ids } = await prepareCliJob(30, { mixed: true });
    const sampled = [...args, '--sample', '10'];
    const early = await runHere(bench, [...sampled, '--confirm-cost', '0.001']);
    expect(early).toMatchObject({ status: 3 });
    expect(early.stderr).toContain('the sample of 10 lines will cost about 0.01');
    expect(server.calls).toHaveLength(0);
    // Ten answers of 0.0000432 CNY where 0.00104 was expected: some 0.0027 for the other 20.
    const run = await runHere(bench, [...sampled, '--confirm-cost', '0.0125']);
    expect(run).toMatchObject({ status: 0 });
    const said = /the 20 open lines will cost about (0\.\d+) CNY/.exec(run.stderr)?.[1];
    expect(Number(said)).toBeGreaterThan(20 * 0.0000432);
    expect(Number(said)).toBeLessThan(20 * 0.0002);
    expect([...server.counts().values()]).toEqual(ids.map(() => 1));
  });

  test('--sample whose answers are too few to tell much: asked all the same', async () => {
    const { bench, server, args } = await prepareCliJob(30, { mixed: true });
    const run = await runHere(bench, [
      ...args,
      '--sample',
      '3',
      '--confirm-cost',
      '0.004',
      '-c',
      '1',
    ]);
    expect(run).toMatchObject({ status: 3 });
    expect(run.stderr).toMatch(
      /the 27 open lines will cost about 0\.\d+ CNY, more than --confirm-cost/,
    );
    expect(server.calls).toHaveLength(3);
  });

  test('--confirm-cost without a terminal: 3 before anything is sent; -y agrees', async () => {
    const { bench, server, args, ids } = await prepareCliJob(3, { mixed: true });
    const run = await runHere(bench, [...args, '--confirm-cost', '0.000001']);
    expect(run).toMatchObject({ status: 3 });
    expect(run.stderr).toContain('--yes');
    expect(server.calls).toHaveLength(0);
    expect(bench.names()).toEqual(['a.jsonl']);
    await finishAndCheck(bench, [...args, '--confirm-cost', '0.000001', '-y'], ids);
  });
});

describe('77: the account says no', () => {
  test.each([
    ['a refused key', 401, 'InvalidApiKey', 'Invalid API-key provided.'],
    [
      'an account in arrears',
      400,
      'Arrearage',
      'Access denied, please make sure your account is in good standing.',
    ],
  ])(
    '%s stops the job after the first call; its line stays open',
    async (_what, status, code, message) => {
      const { bench, server, args, ids } = await prepareCliJob(5, { mixed: true });
      server.script = () => refusal(status, code, message);
      const run = await runCli(bench, [...args, '-c', '1', '--json']);
      expect(run).toMatchObject({ status: 77 });
      expect(run.json()).toMatchObject({
        lines: { answered: 0, failed: 0, open: 5 },
        stopped: { code: 77, message: expect.stringContaining(code) as unknown },
      });
      expect(server.calls).toHaveLength(1);
      server.script = () => ({ kind: 'answer' });
      await finishAndCheck(bench, args, ids);
    },
  );

  test('a line that something on the way refuses, before any was answered: the stop says which one it is', async () => {
    const { bench, server, args } = await prepareCliJob(0);
    const name = '退款\u001B[2J\u202Eno. 7';
    bench.write('a.jsonl', jsonl([nativeLine(name), nativeLine('成都')]));
    server.script = ({ body }) =>
      body.includes('no. 7') ? { kind: 'raw', status: 403, body: BLOCKED } : { kind: 'answer' };
    const run = await runHere(bench, [...args, '-c', '1']);
    expect(run).toMatchObject({ status: 77 });
    expect(run.stderr).toContain(
      'stopped: qwen-plus, line 1 (退款no. 7): qbatch_http_403: <html>blocked</html>; what to do: ',
    );
    server.script = () => refusal(401, 'InvalidApiKey', 'Invalid API-key provided.');
    const refused = await runHere(bench, [...args, '-c', '1', '--json']);
    expect(refused.json()).toMatchObject({
      stopped: {
        message: expect.stringMatching(
          /^line 1 \(退款no. 7\): InvalidApiKey: Invalid API-key provided\.; what to do: .*DASHSCOPE_API_KEY/,
        ) as unknown,
      },
    });
    // The call that was refused is over, and was not paid for.
    expect(refused.stderr).toContain('then run again): no new calls, no calls in flight\n');
  });

  test('a line that something on the way refuses, while the model answers others: it alone fails', async () => {
    const { bench, server, args, ids } = await prepareCliJob(5);
    server.script = ({ id }) =>
      id === ids[2] ? { kind: 'raw', status: 403, body: BLOCKED } : { kind: 'answer' };
    const run = await runHere(bench, [...args, '-c', '1', '--json']);
    expect(run).toMatchObject({ status: 1 });
    expect(linesOf(run.json())).toMatchObject({ answered: 4, failed: 1, open: 0 });
    expect(server.calls).toHaveLength(5);
    expect(bench.read('a.errors.jsonl')).toContain('"code":"qbatch_http_403"');
  });

  test('many in a row are refused on the way: the model is, and lines stay open; the next run knows that it answers', async () => {
    const { bench, server, args, ids } = await prepareCliJob(20);
    let isBlocked = false;
    server.script = ({ id }) => {
      if (id === ids[1]) isBlocked = true;
      return isBlocked ? { kind: 'raw', status: 403, body: BLOCKED } : { kind: 'answer' };
    };
    const run = await runHere(bench, [...args, '-c', '1', '--json']);
    expect(run).toMatchObject({ status: 77 });
    expect(linesOf(run.json())).toMatchObject({ answered: 1, failed: 10, open: 9 });
    // The first of those that are open is the one that is refused for its text.
    server.script = ({ id }) =>
      id === ids[11] ? { kind: 'raw', status: 403, body: BLOCKED } : { kind: 'answer' };
    const next = await runHere(bench, [...args, '-c', '1', '--json']);
    expect(linesOf(next.json())).toMatchObject({ answered: 9, failed: 11, open: 0 });
  });

  test('a workspace that is refused: the line that asks for it fails; where all are to use it, the job stops', async () => {
    const { bench, server, args } = await prepareCliJob(0);
    const headers = { 'X-DashScope-WorkSpace': 'ws-closed' };
    bench.write('a.jsonl', jsonl([nativeLine('昆明', { headers }), nativeLine('成都')]));
    server.script = ({ headers: sent }) =>
      sent['x-dashscope-workspace'] === undefined
        ? { kind: 'answer' }
        : refusal(403, 'Workspace.AccessDenied', 'Workspace access denied.');
    const run = await runHere(bench, [...args, '-c', '1', '--json']);
    expect(run).toMatchObject({ status: 1 });
    expect(linesOf(run.json())).toMatchObject({ answered: 1, failed: 1, open: 0 });
    bench.write(
      'many.jsonl',
      jsonl(['一', '二', '三', '四'].map((id) => nativeLine(id, { headers }))),
    );
    const many = args.map((arg) => arg.replace('a.jsonl', 'many.jsonl'));
    const shared = await runHere(bench, [...many, '-c', '1', '--json']);
    expect(shared).toMatchObject({ status: 77 });
    expect(linesOf(shared.json())).toMatchObject({ failed: 1, open: 3 });
    const all = [...args, '-c', '1', '--json', '--workspace', 'ws-closed', '--fresh', '-y'];
    const stopped = await runHere(bench, all);
    expect(stopped).toMatchObject({ status: 77 });
    expect(linesOf(stopped.json())).toMatchObject({ failed: 0, open: 2 });
  });

  test('a model without access among others: its lines stay open, the others finish', async () => {
    const { bench, server, args } = await prepareCliJob(0, { mixed: true });
    bench.write(
      'a.jsonl',
      jsonl([
        nativeLine('杭州', { model: 'qwen-max' }),
        nativeLine('Suzhou'),
        nativeLine('成都', { model: 'qwen-max' }),
        nativeLine('昆明'),
      ]),
    );
    server.script = ({ json }) =>
      json['model'] === 'qwen-max'
        ? refusal(403, 'Model.AccessDenied', 'Model access denied.')
        : { kind: 'answer' };
    const run = await runHere(bench, [...args, '--json', '-c', '1']);
    expect(run).toMatchObject({ status: 77 });
    expect(run.json()).toMatchObject({
      lines: { answered: 2, failed: 0, open: 2 },
      stopped: { code: 77 },
    });
    expect(server.calls.filter(({ json }) => json['model'] === 'qwen-max')).toHaveLength(1);
    server.script = () => ({ kind: 'answer' });
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(bench.lines('a.results.jsonl').map(({ custom_id: customId }) => customId)).toEqual([
      '杭州',
      'Suzhou',
      '成都',
      '昆明',
    ]);
  });

  test('a model that does not exist among others: all its lines fail, the unsent ones without a response', async () => {
    const { bench, server, args } = await prepareCliJob(0, { mixed: true });
    bench.write(
      'a.jsonl',
      jsonl([
        nativeLine('杭州', { model: 'qwen-plux' }),
        nativeLine('Suzhou'),
        nativeLine('成都', { model: 'qwen-plux' }),
        nativeLine('昆明', { model: 'qwen-plux' }),
      ]),
    );
    server.script = ({ json }) =>
      json['model'] === 'qwen-plux'
        ? refusal(404, 'ModelNotFound', 'Model can not be found.')
        : { kind: 'answer' };
    const run = await runHere(bench, [...args, '--json', '-c', '1']);
    expect(run).toMatchObject({ status: 1 });
    expect(run.json()).toMatchObject({ lines: { answered: 1, failed: 3, open: 0 }, stopped: null });
    const errors = bench.lines('a.errors.jsonl') as {
      custom_id: string;
      response: object | null;
      error: { code: string };
    }[];
    expect(errors.map(({ custom_id: customId, error }) => [customId, error.code])).toEqual([
      ['杭州', 'ModelNotFound'],
      ['成都', 'ModelNotFound'],
      ['昆明', 'ModelNotFound'],
    ]);
    const sent = server.calls
      .filter(({ json }) => json['model'] === 'qwen-plux')
      .map(({ id }) => id);
    expect(sent).toHaveLength(1);
    expect(
      errors.filter(({ response }) => response !== null).map(({ custom_id: customId }) => customId),
    ).toEqual(sent);
  });

  test.each([
    ['does not exist, then denied', 'ModelNotFound', { status: 1, open: 0, failed: 2 }],
    ['denied, then does not exist', 'Model.AccessDenied', { status: 77, open: 2, failed: 0 }],
  ] as const)(
    'two calls of a model in flight, which %s: its lines end by the first verdict',
    async (_, first, { status, open, failed }) => {
      const { bench, server, args } = await prepareCliJob(0, { mixed: true });
      const models = ['qwen-plux', 'qwen-plux', 'qwen-plus'];
      const ids = ['杭州', '成都', 'Suzhou'];
      bench.write('a.jsonl', jsonl(ids.map((id, at) => nativeLine(id, { model: models[at] }))));
      const missing = refusal(404, 'ModelNotFound', 'Model can not be found.');
      const denied = refusal(403, 'Model.AccessDenied', 'Model access denied.');
      const [one, other] = first === 'ModelNotFound' ? [missing, denied] : [denied, missing];
      const replies: Record<string, Reaction> = { 杭州: one, 成都: other };
      server.script = ({ id }) => replies[id] ?? { kind: 'answer' };
      const run = startCli(bench, [...args, '-c', '3', '--progress', 'json']);
      const bothSeen = server.seen(3);
      const parked = run.says('"event":"model-parked"');
      server.beforeReply = ({ id }) => (id === '成都' ? parked.then(() => undefined) : bothSeen);
      const ended = await run.finished;
      expect(ended).toMatchObject({ status });
      expect(ended.stderr).toContain(`"answered":1,"failed":${failed},"rejected":0,"open":${open}`);
    },
  );

  test('a gateway that has no channel of the only model for a moment (503): each line is sent again and answered', async () => {
    const { bench, server, args, ids } = await prepareCliJob(4, { mixed: true });
    const down = refusal(503, 'model_not_found', 'No available channel for model qwen-plus');
    server.script = ({ nth }) => (nth === 1 ? down : { kind: 'answer' });
    const run = await runHere(bench, [...args, '--json']);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({ possibly_billed: { attempts: 0 } });
    expect([...server.counts().values()]).toEqual(ids.map(() => 2));
  });

  test('a model that does not exist and no other: 77, all lines open', async () => {
    const { bench, server, args } = await prepareCliJob(4, { mixed: true });
    server.script = () => refusal(404, 'ModelNotFound', 'Model can not be found.');
    const run = await runHere(bench, [...args, '--json', '-c', '1']);
    expect(run).toMatchObject({ status: 77 });
    expect(linesOf(run.json())).toMatchObject({ failed: 0, open: 4 });
  });
});

describe('69: nobody there', () => {
  test('an unreachable service: nothing counts against the lines, which stay open', async () => {
    const { bench, server, ids } = await prepareCliJob(3, { mixed: true });
    // Port 9 of loopback: nobody listens there, so the connection is refused at once.
    const run = await runCli(bench, [
      'run',
      'a.jsonl',
      '--base-url',
      'http://127.0.0.1:9',
      '--max-unreachable',
      '2s',
      '--max-attempts',
      '1',
      '--json',
    ]);
    expect(run).toMatchObject({ status: 69 });
    expect(run.json()).toMatchObject({
      lines: { answered: 0, failed: 0, open: 3 },
      stopped: { reason: 'unreachable', code: 69 },
      possibly_billed: { attempts: 0 },
    });
    await finishAndCheck(bench, ['run', 'a.jsonl', ...server.flags, '--max-attempts', '1'], ids);
  });
});
