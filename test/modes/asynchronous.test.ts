import { expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { exampleText, refusedNames } from './examples.ts';

test('asynchronous.invalid: task mode is refused with the reason, and nothing is sent', async () => {
  expect(refusedNames()).toEqual(['asynchronous']);
  const bench = openBench();
  const server = await startCountingServer();
  bench.write('a.jsonl', exampleText('asynchronous.invalid'));
  const run = await runCli(bench, ['run', 'a.jsonl', ...server.flags, '--json']);
  expect(run).toMatchObject({ status: 65 });
  expect(server.calls).toEqual([]);
  const { problems } = run.json() as { problems: { severity: string }[] };
  const errors = problems.filter(({ severity }) => severity === 'error');
  expect(errors).toMatchObject([
    { line: 1, custom_id: 'asynchronous-native', path: 'headers.X-DashScope-Async' },
    { line: 2, custom_id: 'asynchronous-stream', path: 'headers.x-dashscope-async' },
    { line: 3, custom_id: 'asynchronous-chat', path: 'headers.X-DashScope-Async' },
  ]);
  for (const error of errors) {
    expect(error).toMatchObject({
      message: expect.stringContaining('language models have no task mode'),
    });
  }

  // The same request without the header is an ordinary call.
  const args = ['run', 'a.jsonl', ...server.flags, '--skip-invalid', '--json'];
  const others = await runCli(bench, args);
  expect(others).toMatchObject({ status: 1 });
  expect(others.json()).toMatchObject({ lines: { answered: 1, rejected: 3 } });
  expect(server.calls).toHaveLength(1);
  expect(server.calls[0]?.headers).not.toHaveProperty('x-dashscope-async');
});
