import { beforeAll, describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { jsonl } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { type DocumentedRequest, documentedRequests, exampleNames } from './examples.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The ways in which a native request can be asked, by what they put among its parameters. */
const NATIVE_WAYS: Readonly<Record<string, Fields>> = {
  unstreamed: { stream: false },
  incremental: { stream: true, incremental_output: true },
  cumulative: { stream: true, incremental_output: false },
  unsaid: { stream: true },
};
const CHAT_WAYS: Readonly<Record<string, Fields>> = {
  unstreamed: { stream: false },
  streamed: { stream: true },
};

/** Modes that only stream, or in which the way is not free. */
const BOUND = new Set(['thinking', 'thinking-only', 'code-interpreter', 'deep-research']);
/** A model that only streams, and thinking with tools. */
const BOUND_LINES = new Set(['audio-omni-chat', 'tool-results-with-picture']);

function withoutStream(fields: Fields): Fields {
  const free = Object.entries(fields).filter(
    ([name]) => !['stream', 'stream_options', 'incremental_output'].includes(name),
  );
  return Object.fromEntries(free);
}

/** A line for each way of asking what this request asks, by the way's name. */
function linesOf({ id, path, body }: DocumentedRequest): readonly string[] {
  const request = JSON.parse(body) as Fields;
  if (!path.startsWith('/api/v1/')) {
    return Object.entries(CHAT_WAYS).map(([way, fields]) =>
      JSON.stringify({
        custom_id: `${id} ${way}`,
        url: '/v1/chat/completions',
        body: { ...withoutStream(request), ...fields },
      }),
    );
  }
  const free = withoutStream((request['parameters'] ?? {}) as Fields);
  return Object.entries(NATIVE_WAYS).map(([way, fields]) =>
    JSON.stringify({
      custom_id: `${id} ${way}`,
      ...request,
      parameters: { ...free, ...fields },
    }),
  );
}

const REQUESTS = exampleNames()
  .filter((name) => !BOUND.has(name))
  .flatMap(documentedRequests)
  .filter(({ id }) => !BOUND_LINES.has(id));

/** What an answer says: some members of the body depend on the way (an `index`, the request's id). */
function saidIn(body: Fields): unknown {
  const { output, choices, usage } = body as {
    output?: { choices?: readonly Fields[]; text?: string; search_info?: unknown };
    choices?: readonly Fields[];
    usage: unknown;
  };
  return {
    text: output?.text,
    search: output?.search_info,
    usage,
    choices: (output?.choices ?? choices)?.map((choice) => ({ ...choice, index: null })),
  };
}

describe('one question, asked in every way', () => {
  const bodies = new Map<unknown, Fields>();

  beforeAll(async () => {
    const bench = openBench();
    bench.write('ways.jsonl', jsonl(REQUESTS.flatMap(linesOf)));
    const run = await runCli(bench, ['run', 'ways.jsonl', '--simulate=latency=0ms', '--json']);
    expect(run, run.stderr).toMatchObject({ status: 0 });
    for (const line of bench.lines('ways.results.jsonl')) {
      bodies.set(line['custom_id'], (line['response'] as { body: Fields }).body);
    }
  });

  test.each(REQUESTS)('$id: one answer and one bill, streamed or not', ({ id, path }) => {
    const ways = Object.keys(path.startsWith('/api/v1/') ? NATIVE_WAYS : CHAT_WAYS);
    const said = ways.map((way) => saidIn(bodies.get(`${id} ${way}`) ?? {}));
    expect(said[0]).toHaveProperty('usage');
    expect(said[0]).not.toMatchObject({ usage: undefined });
    for (const one of said) expect(one).toEqual(said[0]);
  });
});
