import { describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { jsonl, promptLine } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const RUN = ['run', 'a.jsonl', '--simulate', '--region', 'singapore', '--model', 'qwen-plus'];

function job() {
  const bench = openBench();
  const prompt = '[[simulate: output=500]] 你好';
  bench.write('a.jsonl', jsonl(['一', '二', '三'].map((id) => promptLine(id, { prompt }))));
  return bench;
}

describe('the currency of a job', () => {
  test('another one on the command line after calls were made: 65, nothing sent; without it the job goes on', async () => {
    const bench = job();
    const first = await runCli(bench, [...RUN, '-c', '1', '--max-cost', '0.001', '--json']);
    expect(first).toMatchObject({ status: 3 });
    const { attempts } = first.json() as { attempts: number };
    expect(attempts).toBeGreaterThan(0);
    const other = await runCli(bench, [...RUN, '--currency', 'CNY', '--max-cost', '0.02']);
    expect(other).toMatchObject({ status: 65 });
    expect(other.stderr).toContain('has calls whose cost is in USD');
    expect((await runCli(bench, ['status', 'a', '--json'])).json()).toMatchObject({ attempts });
    const own = await runCli(bench, [...RUN, '--currency', 'USD', '--json']);
    expect(own).toMatchObject({ status: 0 });
    expect(own.json()).toMatchObject({ lines: { answered: 3 }, cost: { currency: 'USD' } });
  });

  test('another one while no call was made: taken', async () => {
    const bench = job();
    expect(await runHere(bench, [...RUN, '--max-cost', '0.0000001'])).toMatchObject({ status: 3 });
    const run = await runHere(bench, [...RUN, '--currency', 'CNY', '--max-cost', '1', '--json']);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({ lines: { answered: 3 }, cost: { currency: 'CNY' } });
  });
});

describe('a model without a price in the currency of its job, under --max-cost: 78', () => {
  const refusal = async (...flags: string[]): Promise<string> => {
    const run = [...['run', 'a.jsonl', '--simulate', '--region', 'virginia'], '--max-cost', '1'];
    const refused = await runHere(job(), [...run, ...flags]);
    expect(refused).toMatchObject({ status: 78 });
    return refused.stderr;
  };

  test('listed in the other: that one is named, and a run in it is capped', async () => {
    const told = await refusal('--model', 'qwen-plus');
    expect(told).toContain('qwen-plus has no price in USD, so --max-cost cannot be enforced');
    expect(told).toContain(
      'use CNY, in which it has a price (--currency CNY, and --max-cost in CNY)',
    );
    const flags = ['--region', 'virginia', '--currency', 'CNY', '--max-cost', '1', '--json'];
    const run = await runHere(job(), [
      'run',
      'a.jsonl',
      '--simulate',
      '--model',
      'qwen-plus',
      ...flags,
    ]);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({ cost: { currency: 'CNY', unpriced_lines: 0 } });
  });

  test('listed in neither: only a catalog file helps', async () => {
    const told = await refusal('--model', 'my-own-model');
    expect(told).toContain('my-own-model has no price in USD, so --max-cost cannot be enforced');
    expect(told).not.toContain('--currency');
  });
});

describe('a model without a price in the currency of its job, without a cap', () => {
  const flags = ['--region', 'virginia'];
  const mixed = (...models: string[]) => {
    const bench = openBench();
    const lines = models.map((model, at) => promptLine(`line-${at}`, { model }));
    bench.write('a.jsonl', jsonl(lines));
    return bench;
  };

  test.each([
    [['qwen-plus'], 'no price in USD for 1 line; with --currency CNY it has one'],
    [['qwen-plus', 'qwen-plus'], 'no price in USD for 2 lines; with --currency CNY they have one'],
    [
      ['qwen-plus', 'my-own-model', 'my-own-model'],
      'no price in USD for 3 lines; with --currency CNY 1 of them has one',
    ],
  ])(
    '%j: check names the other currency, and so does run before its first call',
    async (models, said) => {
      const bench = mixed(...models);
      const checked = await runHere(bench, ['check', 'a.jsonl', ...flags]);
      expect(checked).toMatchObject({ status: 0 });
      expect(checked.stdout).toContain(`; ${said}\n`);
      const run = ['run', 'a.jsonl', '--simulate', ...flags];
      const told = await runHere(bench, run);
      expect(told).toMatchObject({ status: 0 });
      expect(told.stderr).toMatch(new RegExp(`^${said}\\njob a `, 'u'));
      // Calls were made: its currency is settled.
      bench.write(
        'a.jsonl',
        bench.read('a.jsonl') + jsonl([promptLine('more', { model: 'qwen-plus' })]),
      );
      expect((await runHere(bench, [...run, '--accept-changed-input'])).stderr).not.toContain(
        '--currency',
      );
    },
  );

  test('check --json: how many lines, and which currency', async () => {
    const costOf = async (bench: ReturnType<typeof mixed>, ...more: string[]): Promise<unknown> =>
      (await runHere(bench, ['check', 'a.jsonl', ...flags, '--json', ...more])).json()['cost'];
    const bench = mixed('qwen-plus', 'my-own-model');
    const pricedIn = { currency: 'CNY', lines: 1 };
    expect(await costOf(bench)).toMatchObject({ unpriced_lines: 2, priced_in: pricedIn });
    expect(await costOf(bench, '--currency', 'CNY')).toMatchObject({
      unpriced_lines: 1,
      priced_in: null,
    });
  });

  test('listed in neither: no currency is named, and -q tells nothing', async () => {
    const bench = mixed('my-own-model');
    const checked = await runHere(bench, ['check', 'a.jsonl', ...flags]);
    expect(checked.stdout).toContain('; no price for 1 line\n');
    const run = ['run', 'a.jsonl', '--simulate', ...flags];
    expect((await runHere(bench, run)).stderr).not.toContain('--currency');
    expect((await runHere(mixed('qwen-plus'), [...run, '-q'])).stderr).toBe('');
  });
});

describe('the region of a base URL', () => {
  const ABROAD = 'https://dashscope-intl.aliyuncs.com/api/v1';
  const cost = (checked: { json(): unknown }): unknown =>
    (checked.json() as { cost: unknown }).cost;

  test('its prices, as where the region is named', async () => {
    const bench = job();
    const check = ['check', 'a.jsonl', '--model', 'qwen-plus', '--json'];
    const named = cost(await runHere(bench, [...check, '--region', 'singapore']));
    expect(named).toMatchObject({ currency: 'USD' });
    expect(cost(await runHere(bench, [...check, '--base-url', ABROAD]))).toEqual(named);
    const env = { DASHSCOPE_HTTP_BASE_URL: ABROAD };
    expect(cost(await runHere(bench, check, { env }))).toEqual(named);
  });

  test('another region is named: 78, which of them is meant nobody knows', async () => {
    const bench = job();
    const flags = ['--base-url', ABROAD, '--region', 'beijing'];
    const refused = await runHere(bench, ['check', 'a.jsonl', '--model', 'qwen-plus', ...flags]);
    expect(refused).toMatchObject({ status: 78 });
    expect(refused.stderr).toContain('singapore');
  });
});
