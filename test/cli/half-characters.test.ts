import { readFileSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { jsonl } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const line = (id: string, prompt: string, model = 'qwen-plus'): string =>
  `{"custom_id":"${id}","model":"${model}","prompt":"[#${prompt}]","parameters":{"result_format":"message"}}`;

const answer = JSON.stringify({
  output: { choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: '好' } }] },
  usage: { input_tokens: 24, output_tokens: 12, total_tokens: 36 },
}).slice(1);

test('half a surrogate pair in ids, models and replies: U+FFFD in ledger and files alike', async () => {
  const bench = openBench();
  const server = await startCountingServer();
  server.script = ({ id }) =>
    id === 'refused'
      ? {
          kind: 'raw',
          status: 400,
          body: '{"request_id":"r\\udc00","code":"Bad\\ud800","message":"half \\ud83d of one"}',
        }
      : { kind: 'raw', status: 200, body: `{"request_id":"r\\ud800x",${answer}`, billed: true };
  bench.write(
    'a.jsonl',
    jsonl([line('one\\ud800', 'a'), line('two', 'refused'), line('三', 'c', 'm\\udfff')]),
  );
  const args = ['run', 'a.jsonl', ...server.flags];
  expect(await runCli(bench, args)).toMatchObject({ status: 1 });
  const files = (): string[] =>
    ['results', 'errors'].map((name) => readFileSync(bench.path(`a.${name}.jsonl`), 'utf8'));
  const written = files();
  expect(bench.lines('a.results.jsonl')).toMatchObject([
    { custom_id: 'one�', response: { request_id: 'r�x' } },
    { custom_id: '三' },
  ]);
  expect(bench.lines('a.errors.jsonl')).toMatchObject([
    {
      response: { request_id: 'r�' },
      error: { code: 'Bad�', message: 'half � of one' },
    },
  ]);
  expect(await runCli(bench, ['status', '--verify'])).toMatchObject({ status: 0 });
  for (const [index, what] of ['results', 'errors'].entries())
    expect((await runCli(bench, ['export', '--what', what, '-q'])).stdout).toBe(written[index]);
  for (const name of ['results', 'errors']) rmSync(bench.path(`a.${name}.jsonl`));
  await runCli(bench, args);
  expect(files()).toEqual(written);
  // What was sent is what stands in the line.
  expect(server.calls.find(({ id }) => id === 'c')?.body).toContain('"model":"m\\udfff"');
});

test('two ids that differ in half a character alone are one', async () => {
  const bench = openBench();
  bench.write('a.jsonl', jsonl([line('x\\ud800', 'a'), line('x\\udbff', 'b')]));
  const run = await runCli(bench, ['check', 'a.jsonl']);
  expect(run).toMatchObject({ status: 65 });
  expect(run.stdout).toContain('custom_id "x�" was already given on line 1');
});
