import { beforeAll, describe, expect, test } from 'vitest';
import { CANARY_KEY, openBench } from '../helpers/bench.ts';
import { type SeenCall, startCountingServer } from '../helpers/counting-server.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import {
  allExamples,
  documentedRequests,
  exampleIds,
  exampleNames,
  requestFileNames,
} from './examples.ts';

/** What belongs to the connection and to HTTP itself. */
const OF_THE_CONNECTION = new Set(['host', 'connection', 'content-length']);
/** What every request has. */
const OF_EVERY_CALL = {
  authorization: `Bearer ${CANARY_KEY}`,
  'content-type': 'application/json',
};

type Sent = {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
};

function sent({ path, headers, body }: SeenCall): Sent {
  const own = Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.has(name));
  return { path, headers: Object.fromEntries(own), body };
}

function wanted(name: string): readonly Sent[] {
  return documentedRequests(name).map(({ path, headers, body }) => ({
    path,
    headers: { ...OF_EVERY_CALL, ...headers },
    body,
  }));
}

describe('what the examples of the modes send', () => {
  const calls: Sent[] = [];

  // One run of all examples: that each is answered by itself is not the point here.
  beforeAll(async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('modes.jsonl', allExamples());
    const run = await runCli(bench, ['run', 'modes.jsonl', ...server.flags, '--json']);
    expect(run, run.stderr).toMatchObject({ status: 0 });
    calls.push(...server.calls.map(sent));
  });

  test('every example has its documented requests, one for each line', () => {
    expect(requestFileNames()).toEqual(exampleNames());
    for (const name of exampleNames()) {
      expect(documentedRequests(name).map(({ id }) => id)).toEqual(exampleIds(name));
    }
  });

  test('no line sends more than one request, and no two lines the same', () => {
    const count = exampleNames().flatMap(exampleIds).length;
    expect(calls).toHaveLength(count);
    expect(new Set(calls.map(({ body }) => body)).size).toBe(count);
  });

  test.each(exampleNames())(
    '%s: path, headers and the bytes of the body are those of the reference',
    (name) => {
      for (const request of wanted(name)) expect(closest(calls, request)).toEqual(request);
    },
  );
});

/** The call with this request's body; else the one that begins most like it, to show what differs. */
function closest(calls: readonly Sent[], { body: wantedBody }: Sent): Sent | undefined {
  const common = ({ body }: Sent): number => {
    let length = 0;
    while (length < body.length && body[length] === wantedBody[length]) length += 1;
    return length;
  };
  const exact = calls.find(({ body }) => body === wantedBody);
  return exact ?? calls.toSorted((one, other) => common(other) - common(one))[0];
}
