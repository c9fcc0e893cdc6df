import { describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { jsonl, promptLine } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

describe('the file of --catalog', () => {
  test.each([
    ['no list', { models: {} }],
    ['an alias of nothing', { models: [{ id: 'ours', alias_of: 'nobody' }] }],
    ['a circle', { models: [{ id: 'ours', alias_of: 'ours' }] }],
  ])('%s: 78, and the file is named, wherever its name came from', async (_what, content) => {
    const bench = openBench();
    bench.write('a.jsonl', jsonl([promptLine('一', { model: 'qwen-plus' })]));
    bench.write('our prices.json', JSON.stringify(content));
    bench.write('qbatch.config.json', JSON.stringify({ catalog: 'our prices.json' }));
    const check = await runCli(bench, ['check', 'a.jsonl']);
    expect(check.status).toBe(78);
    expect(check.stderr).toContain(`catalog file ${bench.path('our prices.json')}: `);
  });

  test('a byte order mark in front, as editors leave it: read', async () => {
    const bench = openBench();
    bench.write('prices.json', `\uFEFF${JSON.stringify({ models: [{ id: 'ours' }] })}`);
    const models = await runCli(bench, ['models', 'ours', '--catalog', 'prices.json']);
    expect(models).toMatchObject({ status: 0, stderr: '' });
  });
});
