import { describe, expect, test } from 'vitest';
import { renameSync } from 'node:fs';
import { listJobs } from '../../src/ledger/jobs.ts';
import { lookIntoLedger } from '../../src/ledger/read-ledger.ts';
import { openBench } from '../helpers/bench.ts';
import { BAD_REQUEST } from '../helpers/cli-job.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { jsonl, nativeLine, promptLine } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

/** Nobody listens there: nothing leaves this machine. */
const NO_PROXY_THERE = {
  HTTPS_PROXY: 'http://127.0.0.1:1',
  DASHSCOPE_API_KEY: 'sk-0123456789abcdef',
};
const UNREACHED = ['--max-unreachable', '1s'];

function twoLines() {
  const bench = openBench();
  const bad = '[[simulate: error=DataInspectionFailed]] 敏感';
  bench.write('a.jsonl', jsonl([promptLine('一', { prompt: bad }), promptLine('二')]));
  return bench;
}

describe('a known job', () => {
  test.each([
    ['resume', ['resume', 'a']],
    ['retry', ['retry', 'a']],
  ])('%s --dry-run: the survey, and nothing is sent', async (_name, command) => {
    const bench = twoLines();
    const run = ['run', 'a.jsonl', '--simulate', '--model', 'qwen-plus', '-c', '1'];
    await runHere(bench, [...run, '--max-failures', '1']);
    const before = (await runHere(bench, ['status', 'a', '--json'])).json();
    const dry = await runHere(bench, [...command, '--dry-run', '--json']);
    expect(dry).toMatchObject({ status: 0 });
    expect(dry.json()).toMatchObject({
      lines: { total: 2, valid: 2 },
      models: [{ model: 'qwen-plus' }],
    });
    expect((await runHere(bench, ['status', 'a', '--json'])).json()).toEqual(before);
  });

  test('retry --dry-run, resume --dry-run: tokens and cost of what it would send', async () => {
    const bench = openBench();
    const failing = (code: string) => `[[simulate: error=${code}]] 敏感`;
    const prompts = [
      failing('DataInspectionFailed'),
      failing('InvalidParameter'),
      '好',
      '好',
      '好',
    ];
    const lines = prompts.map((prompt, index) => promptLine(`line ${index}`, { prompt }));
    bench.write('a.jsonl', jsonl(lines));
    bench.write('first.jsonl', jsonl(lines.slice(0, 1)));
    bench.write('failed.jsonl', jsonl(lines.slice(0, 2)));
    const settings = ['--simulate', '--model', 'qwen-plus'];
    expect(await runHere(bench, ['run', 'a.jsonl', ...settings])).toMatchObject({ status: 1 });
    const estimate = async (args: string[]): Promise<unknown> => {
      const { tokens, cost, models } = (await runHere(bench, [...args, '--json'])).json() as Record<
        string,
        unknown
      >;
      return { tokens, cost, models };
    };
    const retry = ['retry', 'a', '--dry-run'];
    expect(await estimate(retry)).toEqual(await estimate(['check', 'failed.jsonl', ...settings]));
    expect(await estimate([...retry, '--code', 'DataInspectionFailed'])).toEqual(
      await estimate(['check', 'first.jsonl', ...settings]),
    );
    const told = await runHere(bench, retry);
    expect(told.stdout).toMatch(
      /a\.jsonl: 5 lines, 5 valid, .*\nretry would send 2 of 5 valid lines; tokens and cost are of what it would send\n$/,
    );
    const none = await runHere(bench, [...retry, '--code', 'DataInspection']);
    expect(none.stdout).toContain('retry would send 0 of 5 valid lines');
    expect(none.stderr).toContain('warning: job a has no failed lines with DataInspection;');

    const rest = ['run', 'a.jsonl', ...settings, '--fresh', '-y', '-c', '1', '--max-failures', '2'];
    expect(await runHere(bench, rest)).toMatchObject({ status: 3 });
    expect(await estimate(['resume', 'a', '--dry-run'])).toMatchObject({ models: [{ lines: 3 }] });
    expect(await estimate(retry)).toMatchObject({ models: [{ lines: 5 }] });
  });

  test('a dry run of a known job that starts over or has changed: all lines; in another currency: 65', async () => {
    const bench = openBench();
    const lines = ['一', '二', '三'].map((id) => promptLine(id));
    bench.write('a.jsonl', jsonl(lines));
    const settings = ['--simulate', '--model', 'qwen-plus'];
    expect(await runHere(bench, ['run', 'a.jsonl', ...settings])).toMatchObject({ status: 0 });
    const resume = async (...flags: string[]) => {
      const args = ['resume', 'a', '--dry-run', ...flags];
      const [json, text] = [await runHere(bench, [...args, '--json']), await runHere(bench, args)];
      const { models } = json.json() as { models: readonly { readonly lines: number }[] };
      const sent = models.reduce((sum, model) => sum + model.lines, 0);
      return { sent, status: text.status, isTold: text.stdout.includes('would send') };
    };
    expect(await resume()).toEqual({ sent: 0, status: 0, isTold: true });
    for (const flags of [['--fresh', '-y'], ['--accept-changed-input'], ['--set', 'seed=1']])
      expect(await resume(...flags)).toEqual({ sent: 3, status: 0, isTold: false });
    expect(await runHere(bench, ['resume', 'a', '-n', '--currency', 'USD'])).toMatchObject({
      status: 65,
    });
    const quiet = await runHere(bench, ['retry', 'a', '-n', '-q']);
    expect(quiet.stderr).toBe('');
    bench.write('a.jsonl', jsonl([...lines, promptLine('四')]));
    expect(await resume()).toEqual({ sent: 4, status: 0, isTold: false });
  });

  test('resume in another region: its prices', async () => {
    const priced = async (again: string[]): Promise<unknown> => {
      const bench = openBench();
      const prompt = '[[simulate: output=500]] 你好';
      bench.write('a.jsonl', jsonl(['一', '二'].map((id) => promptLine(id, { prompt }))));
      const first = ['run', 'a.jsonl', '--simulate', '--model', 'qwen-plus', '-c', '1'];
      expect(await runHere(bench, [...first, '--max-cost', '0.002'])).toMatchObject({ status: 3 });
      const run = await runHere(bench, [...again, '--region', 'singapore', '--json']);
      expect(run).toMatchObject({ status: 0 });
      return (run.json() as { cost: unknown }).cost;
    };
    const resumed = await priced(['resume', 'a']);
    expect(resumed).toEqual(await priced(['run', 'a.jsonl', '--simulate', '--model', 'qwen-plus']));
    expect(resumed).toMatchObject({ currency: 'CNY' });
  });

  test('what a file or the environment says does not outrank the last run, a flag does', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const other = await startCountingServer();
    bench.write('a.jsonl', jsonl(['一', '二', '三'].map((id) => nativeLine(id))));
    const config = {
      baseUrl: other.origin,
      output: 'cfg.jsonl',
      errors: 'cfg.e',
      ledger: 'all.db',
      order: 'settled',
    };
    bench.write('qbatch.config.json', JSON.stringify(config));
    const first = [
      ...['run', 'a.jsonl', ...server.flags, '--ledger', 'mine.qbatch.db', '--order', 'input'],
      ...['-o', 'mine.jsonl', '--errors', 'mine.e', '-c', '1', '--max-failures', '1'],
    ];
    server.script = () => BAD_REQUEST;
    const begun = await runHere(bench, first);
    expect(begun).toMatchObject({ status: 3 });
    const next = /next: +qbatch (resume .*)\n/.exec(begun.stderr)?.[1]?.split(' ') ?? [];
    server.script = () => ({ kind: 'answer' });
    expect(await runHere(bench, ['resume', 'mine.qbatch.db', '--job', 'a'])).toMatchObject({
      status: 1,
    });
    expect(next.slice(0, 2)).toEqual(['resume', bench.path('mine.qbatch.db')]);
    expect(bench.lines('mine.jsonl')).toHaveLength(2);
    expect(server.calls).toHaveLength(3);
    expect(other.calls).toHaveLength(0);
    expect(bench.names()).not.toContain('cfg.jsonl');
    expect(bench.names()).not.toContain('all.db');
    const moved = ['retry', 'mine.qbatch.db', '--base-url', other.origin, '-o', 'there.jsonl'];
    expect(await runHere(bench, moved)).toMatchObject({ status: 0 });
    expect(other.calls).toHaveLength(1);
    expect(bench.lines('there.jsonl')).toHaveLength(3);
  });

  test('status names the limits of the last run in the command that goes on, also after a kill', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl(['一', '二', '三'].map((id) => nativeLine(id))));
    server.script = () => ({ kind: 'hang' });
    const limits = ['--max-cost', '2.5', '--max-failures', '50%'];
    const run = startCli(bench, ['run', 'a.jsonl', ...server.flags, ...limits]);
    await run.before(server.seen(1));
    run.signal('SIGKILL');
    await run.finished;
    const next = async (): Promise<string | undefined> =>
      /next: +qbatch (resume .*)\n/.exec((await runCli(bench, ['status'])).stdout)?.[1];
    const ledger = bench.path('a.qbatch.db');
    expect(await next()).toBe(`resume ${ledger} --max-cost 2.5 --max-failures 50%`);
    server.script = () => BAD_REQUEST;
    const other = ['resume', ...server.flags, '-c', '1', '--max-failures', '1'];
    expect(await runHere(bench, other)).toMatchObject({ status: 3 });
    // The cap that stopped it is to be raised.
    expect(await next()).toBe(`resume ${ledger} --max-failures NUMBER`);
    // A run that is refused has not been: its flags are not kept.
    const refused = ['resume', ...server.flags, '--max-cost', '99', '--confirm-cost', '0'];
    expect(await runHere(bench, refused)).toMatchObject({ status: 3 });
    expect(await next()).toBe(`resume ${ledger} --max-failures NUMBER`);
  });

  test('a rehearsal that the environment asks for never goes to the service', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl(['一', '二', '三'].map((id) => nativeLine(id))));
    server.script = () => BAD_REQUEST;
    const run = ['run', 'a.jsonl', ...server.flags, '-c', '1', '--max-failures', '1'];
    expect(await runHere(bench, run)).toMatchObject({ status: 3 });
    const calls = server.calls.length;
    const resumed = await runHere(bench, ['resume', 'a'], { env: { QBATCH_SIMULATE: '1' } });
    expect(resumed).toMatchObject({ status: 65 });
    expect(server.calls).toHaveLength(calls);
  });

  test('a job by its name, in the ledger that a file names', async () => {
    const bench = openBench();
    bench.write('qbatch.config.json', JSON.stringify({ ledger: 'ledgers/all.db' }));
    bench.write('ledgers/.keep', '');
    bench.write('a.jsonl', jsonl([promptLine('一', { model: 'qwen-plus' })]));
    expect(await runHere(bench, ['run', 'a.jsonl', '--simulate'])).toMatchObject({ status: 0 });
    for (const args of [['resume', 'a'], ['retry', 'a'], ['resume', 'a.jsonl'], ['resume']])
      expect([args, (await runHere(bench, args)).status]).toEqual([args, 0]);
  });

  test('a job that is named is the one, whatever a file or the environment names', async () => {
    const bench = openBench();
    const bad = '[[simulate: error=DataInspectionFailed]] 敏感';
    for (const [name, count] of [
      ['a', 2],
      ['b', 1],
    ] as const) {
      const ids = Array.from({ length: count }, (_, index) => `${name}${index}`);
      bench.write(`${name}.jsonl`, jsonl(ids.map((id) => promptLine(id, { prompt: bad }))));
      const run = [
        'run',
        `${name}.jsonl`,
        '--ledger',
        'all.db',
        '--simulate',
        '--model',
        'qwen-plus',
      ];
      expect(await runHere(bench, run)).toMatchObject({ status: 1 });
    }
    const env = { QBATCH_JOB: 'b', QBATCH_LEDGER: 'all.db' };
    for (const args of [
      ['retry', 'a', '--ledger', 'all.db'],
      ['retry', 'a'],
    ]) {
      const retry = await runHere(bench, [...args, '--json'], { env });
      expect(retry.json()).toMatchObject({ job: 'a', lines: { total: 2 } });
    }
    // A ledger that a file names hides none that lies beside the input; a rehearsal stays one.
    bench.write('c.jsonl', jsonl([promptLine('c', { prompt: bad })]));
    const own = ['run', 'c.jsonl', '--simulate', '--model', 'qwen-plus', '--job', 'nightly'];
    expect(await runHere(bench, own)).toMatchObject({ status: 1 });
    bench.write('qbatch.config.json', JSON.stringify({ ledger: 'all.db', job: 'nightly' }));
    for (const name of ['nightly', 'c.jsonl']) {
      const retry = await runHere(bench, ['retry', name, '--json'], {
        env: { QBATCH_SIMULATE: 'false' },
      });
      expect(retry.json()).toMatchObject({ job: 'nightly', lines: { failed: 1 } });
    }
  });

  test('retry never forgets what is answered, whoever says --fresh: 64', async () => {
    const bench = twoLines();
    const run = ['run', 'a.jsonl', '--simulate', '--model', 'qwen-plus'];
    expect(await runHere(bench, run)).toMatchObject({ status: 1 });
    const before = bench.read('a.results.jsonl');
    for (const [args, env] of [
      [['--fresh', '-y'], {}],
      [['-y'], { QBATCH_FRESH: '1' }],
    ] as const) {
      const retry = await runHere(bench, ['retry', 'a', ...args], { env });
      expect(retry).toMatchObject({ status: 64 });
      expect(retry.stderr).toContain('qbatch resume --fresh');
    }
    expect(bench.read('a.results.jsonl')).toBe(before);
    const status = (await runHere(bench, ['status', 'a', '--json'])).json();
    expect(status).toMatchObject({ attempts: 2, lines: { answered: 1, failed: 1 } });
  });

  test('a retry that is refused leaves the failed lines as they were', async () => {
    const bench = twoLines();
    const run = ['run', 'a.jsonl', '--simulate', '--model', 'qwen-plus'];
    expect(await runHere(bench, run)).toMatchObject({ status: 1 });
    const before = (await runHere(bench, ['status', 'a', '--json'])).json();
    const retry = await runHere(bench, ['retry', 'a', '--confirm-cost', '0']);
    expect(retry).toMatchObject({ status: 3 });
    expect((await runHere(bench, ['status', 'a', '--json'])).json()).toMatchObject({
      state: 'finished',
      lines: before['lines'],
      failures: before['failures'],
    });
  });

  test('a changed input that cannot be priced is refused before it is taken', async () => {
    const bench = openBench();
    const answered = ['一', '二'].map((id) => promptLine(id, { model: 'qwen-plus' }));
    bench.write('a.jsonl', jsonl(answered));
    expect(await runHere(bench, ['run', 'a.jsonl', '--simulate'])).toMatchObject({ status: 0 });
    const before = (await runHere(bench, ['status', 'a', '--json'])).json();
    bench.write('a.jsonl', jsonl([...answered, promptLine('三', { model: 'unpriced-9' })]));
    const again = ['run', 'a.jsonl', '--simulate', '--accept-changed-input', '--max-cost', '5'];
    const run = await runHere(bench, again);
    expect(run).toMatchObject({ status: 78 });
    expect((await runHere(bench, ['status', 'a', '--json'])).json()).toMatchObject({
      state: 'finished',
      lines: before['lines'],
    });
  });

  test('a rehearsal that was killed is no money of the real job', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl(['一', '二'].map((id) => promptLine(id, { model: 'qwen-plus' }))));
    const rehearsal = startCli(bench, [
      'run',
      'a.jsonl',
      '--simulate=latency=60s',
      '--progress',
      'json',
    ]);
    await rehearsal.tells(/"in_flight":2/);
    rehearsal.signal('SIGKILL');
    await rehearsal.finished;
    const run = await runCli(bench, ['run', 'a.jsonl', '--json', ...server.flags]);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({ attempts: 2, possibly_billed: { attempts: 0 } });
  });

  test('a folder moved after a retry was broken off: it goes on in its files', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('one/a.jsonl', jsonl(['一', '二', '三'].map((id) => nativeLine(id))));
    server.script = () => BAD_REQUEST;
    expect(await runHere(bench, ['run', 'one/a.jsonl', ...server.flags])).toMatchObject({
      status: 1,
    });
    const broken = ['retry', 'one/a.qbatch.db', '-c', '1', '--max-failures', '1'];
    expect(await runHere(bench, broken)).toMatchObject({ status: 3 });
    renameSync(bench.path('one'), bench.path('two'));
    server.script = () => ({ kind: 'answer' });
    const run = await runHere(bench, ['run', 'two/a.jsonl', ...server.flags]);
    expect(run).toMatchObject({ status: 1 });
    expect(bench.lines('two/a.results.jsonl')).toHaveLength(2);
    expect(bench.lines('two/a.errors.jsonl')).toHaveLength(1);
  });

  test('another workspace: its hosts; else those of the last run', async () => {
    const bench = twoLines();
    const goes = async (args: string[]): Promise<unknown> => {
      const run = await runHere(bench, [...args, ...UNREACHED], { env: NO_PROXY_THERE });
      expect(run).toMatchObject({ status: 69 });
      return /calls go to https:\/\/([^/]*)/.exec(run.stderr)?.[1];
    };
    const host = (name: string): string => `${name}.ap-southeast-1.maas.aliyuncs.com`;
    const run = ['run', 'a.jsonl', '--model', 'qwen-plus', '--region', 'singapore'];
    expect(await goes([...run, '--workspace', 'ws-one'])).toBe(host('ws-one'));
    expect(await goes(['resume', 'a'])).toBe(host('ws-one'));
    expect(await goes(['resume', 'a', '--workspace', 'ws-two'])).toBe(host('ws-two'));
  });
});

describe('the region of a known job', () => {
  /** A job of Singapore at a gateway, with its one line failed. */
  async function atGateway() {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl([nativeLine('一')]));
    server.script = () => BAD_REQUEST;
    const run = ['run', 'a.jsonl', '--region', 'singapore', ...server.flags];
    expect(await runHere(bench, run)).toMatchObject({ status: 1 });
    server.script = () => ({ kind: 'answer' });
    return { bench, server };
  }

  test.each(['--base-url', '--compatible-base-url'])(
    'retry with %s alone: the region stays, so the job has prices in its currency',
    async (flag) => {
      const { bench, server } = await atGateway();
      const retry = ['retry', 'a', flag, server.origin, '--max-cost', '1', '--json'];
      // What the environment says of the region does not outrank the last run.
      const retried = await runHere(bench, retry, { env: { QBATCH_REGION: 'tokyo' } });
      expect(retried).toMatchObject({ status: 0 });
      expect(retried.json()).toMatchObject({ cost: { currency: 'USD', unpriced_lines: 0 } });
      expect(regionIn(bench)).toMatchObject({ region: 'singapore', scope: 'intl' });
    },
  );

  test('retry with --region too: that one', async () => {
    const { bench, server } = await atGateway();
    const retry = ['retry', 'a', '--base-url', server.origin, '--region', 'virginia'];
    expect(await runHere(bench, retry)).toMatchObject({ status: 0 });
    expect(regionIn(bench)).toMatchObject({ region: 'virginia', scope: 'global' });
  });

  test("retry with a base URL of the service's own: its region", async () => {
    const { bench } = await atGateway();
    const url = 'https://dashscope.aliyuncs.com/api/v1';
    const retry = ['retry', 'a', '--base-url', url, ...UNREACHED];
    expect(await runHere(bench, retry, { env: NO_PROXY_THERE })).toMatchObject({ status: 69 });
    expect(regionIn(bench)).toMatchObject({ region: 'beijing', scope: 'cn' });
  });
});

/** What the ledger says of the last run. */
function regionIn(bench: ReturnType<typeof openBench>): unknown {
  const jobs = lookIntoLedger(bench.path('a.qbatch.db'), listJobs);
  return jobs[0]?.endpoint;
}

describe('the program as it is built', () => {
  test.each(['foo bar', 'http://', ':::// ', 'socks5://127.0.0.1:1', 'http://u:p%zz@host'])(
    'a proxy that is none, %j: 78, naming the variable and nothing of it',
    async (proxy) => {
      const bench = twoLines();
      const env = { ...NO_PROXY_THERE, HTTPS_PROXY: proxy };
      const run = await runHere(bench, ['run', 'a.jsonl', '--model', 'qwen-plus'], { env });
      expect(run).toMatchObject({ status: 78 });
      expect(run.stderr).toMatch(/^qbatch: HTTPS_PROXY is not the URL of an http or https proxy\n/);
      expect(run.stderr).not.toContain('%zz');
      expect(bench.names()).toEqual(['a.jsonl']);
    },
  );

  test('a proxy as host and port alone is one of http', async () => {
    const bench = twoLines();
    const env = { ...NO_PROXY_THERE, HTTPS_PROXY: '127.0.0.1:1' };
    const run = await runHere(bench, ['run', 'a.jsonl', '--model', 'qwen-plus', ...UNREACHED], {
      env,
    });
    expect(run).toMatchObject({ status: 69 });
    expect(run.stderr).toContain('ECONNREFUSED 127.0.0.1:1');
  });

  test('a proxy that does not answer: 69, and the process ends', async () => {
    const bench = twoLines();
    const run = ['run', 'a.jsonl', '--model', 'qwen-plus', ...UNREACHED];
    const met = await runCli(bench, run, { env: NO_PROXY_THERE });
    expect(met).toMatchObject({ status: 69 });
    expect(met.stderr).toContain('ECONNREFUSED 127.0.0.1:1');
    expect(met.stderr).not.toContain('this is a bug');
  });
});
