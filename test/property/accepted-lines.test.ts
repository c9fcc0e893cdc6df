import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runBatch } from '../../src/index.ts';
import { scanObject } from '../../src/json/json-scan.ts';
import { PARAMETERS, PARAMETERS_BY_NAME } from '../../src/schemas/parameters.ts';
import { startCountingServer, type SeenCall } from '../helpers/counting-server.ts';
import { parseText } from '../helpers/parse-text.ts';
import { seededRandom } from '../helpers/random.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';
import { MODEL_KINDS } from './model-kinds.ts';
import { isChat, writeDraft, type Draft, type Sent } from './request-draft.ts';
import { validRequest } from './valid-requests.ts';

/** Raw texts of an object's members, in their order. */
function rawMembers(text: string | undefined): [string, string][] {
  return scanObject(text ?? '{}').members.map(({ key, valueStart, valueEnd }) => [
    key,
    (text ?? '{}').slice(valueStart, valueEnd),
  ]);
}

/** What cli.md section 9 allows to be added, and nothing else; `stream` of native lines is a header. */
const ADDED_NATIVE = new Map([
  ['incremental_output', 'true'],
  ['result_format', '"message"'],
]);
const ADDED_CHAT = new Map([
  ['stream', 'true'],
  ['stream_options', '{"include_usage":true}'],
]);

/** The members that arrived less those that may be added where the line does not say. */
function without(
  members: readonly [string, string][],
  added: ReadonlyMap<string, string>,
  given: ReadonlyMap<string, string>,
): [string, string][] {
  return members.filter(([name, raw]) => given.has(name) || added.get(name) !== raw);
}

function expectNative(call: SeenCall, sent: Sent): void {
  const body = new Map(rawMembers(call.body));
  const top = ['model', 'input', ...(body.has('parameters') ? ['parameters'] : [])];
  expect([...body.keys()]).toEqual([...top, ...sent.extra.keys()]);
  expect(body.get('model')).toBe(sent.model);
  for (const [name, raw] of sent.extra) expect(body.get(name)).toBe(raw);
  expect(rawMembers(body.get('input'))).toEqual([
    ...(sent.messages === null ? [] : [['messages', sent.messages]]),
    ...sent.input,
  ]);
  const parameters = new Map([...sent.parameters].filter(([name]) => name !== 'stream'));
  const arrived = rawMembers(body.get('parameters'));
  expect(without(arrived, ADDED_NATIVE, parameters)).toEqual([...parameters]);
  // What the SDK's argument asks for, the two headers say.
  const asked = sent.parameters.get('stream');
  const { accept, 'x-dashscope-sse': sse } = call.headers;
  if (asked === 'true') expect([sse, accept]).toEqual(['enable', 'text/event-stream']);
  if (asked === 'false') expect([sse, accept]).toEqual([undefined, undefined]);
}

function expectChat(call: SeenCall, sent: Sent): void {
  const body = new Map(rawMembers(call.body));
  expect(body.get('model')).toBe(sent.model);
  expect(body.get('messages')).toBe(sent.messages);
  const rest = [...body].filter(([name]) => name !== 'model' && name !== 'messages');
  const given = new Map(sent.parameters);
  const options = given.get('stream_options');
  // `null` and an object that does not ask for the usage: it is asked for in their place.
  if (options !== undefined && !options.includes('include_usage'))
    given.set('stream_options', '{"include_usage":true}');
  expect(without(rest, ADDED_CHAT, given)).toEqual([...given]);
}

function expectHeaders(call: SeenCall, sent: Sent): void {
  for (const [name, value] of Object.entries(sent.headers))
    expect(call.headers[name.toLowerCase()]).toBe(value);
  const own = Object.keys(call.headers).filter((name) => name.startsWith('x-dashscope-'));
  const said = Object.keys(sent.headers).map((name) => name.toLowerCase());
  expect(own.filter((name) => name !== 'x-dashscope-sse' && !said.includes(name))).toEqual([]);
  if (call.headers['x-dashscope-sse'] === 'enable')
    expect(call.headers['accept']).toBe('text/event-stream');
}

/** The mark in the messages, whose characters may have arrived as escapes. */
const idOf = ({ json }: SeenCall): string => /\[#(v-\d+)\]/.exec(JSON.stringify(json))?.[1] ?? '';

/** A valid request for a seed; its id says the seed, so that a failure can be played again. */
function requestFor(seed: number): { id: string; draft: Draft } {
  const id = `v-${seed}`;
  return { id, draft: validRequest(seededRandom(seed), id) };
}

const anySeed = fc.integer({ min: 1, max: 2 ** 31 - 1 });

describe('valid lines', () => {
  test('any valid request: no error, whatever parameters stand together', () => {
    fc.assert(
      fc.property(anySeed, (seed) => {
        const { id, draft } = requestFor(seed);
        const { text } = writeDraft(draft, id);
        const protocol = draft.shape === 'flat chat' ? 'openai' : 'auto';
        const { problems } = parseText(text, { protocol });
        expect(
          problems.filter(({ severity }) => severity === 'error'),
          text,
        ).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  test('the generator: leaves out no parameter, no model and no shape', () => {
    const drafts = fc.sample(anySeed, 3000).map((seed) => requestFor(seed).draft);
    const names = new Set(drafts.flatMap(({ parameters }) => Object.keys(parameters)));
    expect(PARAMETERS.map(({ name }) => name).filter((name) => !names.has(name))).toEqual([]);
    expect([...names].filter((name) => !PARAMETERS_BY_NAME.has(name))).toEqual([]);
    expect(new Set(drafts.map(({ model }) => model)).size).toBe(MODEL_KINDS.length);
    expect(new Set(drafts.map(({ shape }) => shape)).size).toBe(5);
  });

  test('any valid request: arrives at the service with every value byte for byte, and nothing else', async () => {
    const server = await startCountingServer();
    const folder = tempFolder();
    const requests = new Map(
      fc.sample(anySeed, 500).map((seed) => {
        const { id, draft } = requestFor(seed);
        return [id, { draft, written: writeDraft(draft, id) }] as const;
      }),
    );
    for (const protocol of ['auto', 'openai']) {
      const lines = [...requests.values()]
        .filter(({ draft }) => (draft.shape === 'flat chat') === (protocol === 'openai'))
        .map(({ written }) => `${written.text}\n`);
      writeFileSync(join(folder, `${protocol}.jsonl`), lines.join(''));
      // An answer that this service does not know how to give (a deep research) is no matter here.
      await runBatch({
        input: join(folder, `${protocol}.jsonl`),
        cwd: folder,
        env: { HOME: folder, DASHSCOPE_API_KEY: 'sk-canary-0000' },
        flags: { protocol, 'base-url': server.origin, rpm: '6000000', 'max-attempts': '1' },
      });
    }
    expect(server.calls.map(idOf).toSorted()).toEqual([...requests.keys()].toSorted());
    for (const call of server.calls) {
      const { draft, written } = requests.get(idOf(call)) ?? expect.unreachable(call.body);
      expect(call.path).toBe(written.sent.path);
      if (isChat(draft)) expectChat(call, written.sent);
      else expectNative(call, written.sent);
      expectHeaders(call, written.sent);
    }
  });
});
