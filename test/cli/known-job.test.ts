import { describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { jsonl, promptLine } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

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
    await runCli(bench, [...run, '--max-failures', '1']);
    const before = (await runCli(bench, ['status', 'a', '--json'])).json();
    const dry = await runCli(bench, [...command, '--dry-run', '--json']);
    expect(dry).toMatchObject({ status: 0 });
    expect(dry.json()).toMatchObject({
      lines: { total: 2, valid: 2 },
      models: [{ model: 'qwen-plus' }],
    });
    expect((await runCli(bench, ['status', 'a', '--json'])).json()).toEqual(before);
  });

  test('resume in another region: its prices', async () => {
    const priced = async (again: string[]): Promise<unknown> => {
      const bench = openBench();
      const prompt = '[[simulate: output=500]] 你好';
      bench.write('a.jsonl', jsonl(['一', '二'].map((id) => promptLine(id, { prompt }))));
      const first = ['run', 'a.jsonl', '--simulate', '--model', 'qwen-plus', '-c', '1'];
      expect(await runCli(bench, [...first, '--max-cost', '0.002'])).toMatchObject({ status: 3 });
      const run = await runCli(bench, [...again, '--region', 'singapore', '--json']);
      expect(run).toMatchObject({ status: 0 });
      return (run.json() as { cost: unknown }).cost;
    };
    const resumed = await priced(['resume', 'a']);
    expect(resumed).toEqual(await priced(['run', 'a.jsonl', '--simulate', '--model', 'qwen-plus']));
    expect(resumed).toMatchObject({ currency: 'CNY' });
  });

  test('another workspace: its hosts; else those of the last run', async () => {
    const bench = twoLines();
    const goes = async (args: string[]): Promise<unknown> => {
      const run = await runCli(bench, [...args, ...UNREACHED], { env: NO_PROXY_THERE });
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

describe('the program as it is built', () => {
  test('a proxy that does not answer: 69, and the process ends', async () => {
    const bench = twoLines();
    const run = ['run', 'a.jsonl', '--model', 'qwen-plus', ...UNREACHED];
    const met = await runCli(bench, run, { env: NO_PROXY_THERE });
    expect(met).toMatchObject({ status: 69 });
    expect(met.stderr).toContain('ECONNREFUSED 127.0.0.1:1');
    expect(met.stderr).not.toContain('this is a bug');
  });
});
