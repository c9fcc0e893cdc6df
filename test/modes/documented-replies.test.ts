import { expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { type Reaction, startCountingServer } from '../helpers/counting-server.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { DOCUMENTED_REPLIES } from './documented-replies.ts';
import { allExamples, documentedRequests, exampleNames } from './examples.ts';

test('documented replies, word for word: nothing of them is lost', async () => {
  const bench = openBench();
  const server = await startCountingServer();
  const replies = new Map(DOCUMENTED_REPLIES.map((reply) => [reply.id, reply]));
  const requests = exampleNames().flatMap(documentedRequests);
  const idOf = new Map(requests.map(({ id, body }) => [body, id]));
  server.script = ({ body }): Reaction => {
    const reply = replies.get(idOf.get(body) ?? '');
    if (reply === undefined) return { kind: 'answer' };
    const type = reply.streamed ? 'text/event-stream' : 'application/json';
    return {
      kind: 'raw',
      status: 200,
      headers: { 'content-type': type },
      body: reply.text,
      billed: true,
    };
  };
  bench.write('modes.jsonl', allExamples());
  const run = await runCli(bench, ['run', 'modes.jsonl', ...server.flags, '--json']);
  expect(run, run.stderr).toMatchObject({ status: 0 });
  const results = new Map(
    bench.lines('modes.results.jsonl').map((line) => [line['custom_id'], line['response']]),
  );
  for (const { id, body } of DOCUMENTED_REPLIES) {
    expect(results.get(id)).toMatchObject({ status_code: 200 });
    expect((results.get(id) as { body: unknown }).body, id).toEqual(body);
  }
});
