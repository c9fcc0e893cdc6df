import { beforeAll, describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';
import { ANSWERS, SAME_ANSWERS } from './answers.ts';
import { allExamples, exampleIds, exampleNames } from './examples.ts';

type Message = { readonly content: unknown; readonly tool_calls?: unknown };
type Choice = { readonly message: Message; readonly logprobs?: LogProbs | null };
type LogProbs = { readonly content: readonly { readonly token: string }[] };
type Body = {
  readonly output?: { readonly choices?: readonly Choice[] };
  readonly choices?: readonly Choice[];
  readonly usage: Readonly<Record<string, number>>;
};
type Result = { readonly response: { readonly status_code: number; readonly body: Body } };

/** What every answer has one of, above zero: the documented sample of speech has seconds alone. */
const COUNTED = ['input_tokens', 'output_tokens', 'prompt_tokens', 'completion_tokens', 'seconds'];

function textOf({ content }: Message): string {
  if (typeof content === 'string') return content;
  return (content as readonly { readonly text: string }[]).map(({ text }) => text).join('');
}

function choicesOf({ output, choices }: Body): readonly Choice[] {
  return output?.choices ?? choices ?? [];
}

describe('the examples of the modes against the simulator', () => {
  let results: ReadonlyMap<unknown, Result> = new Map();
  let summary: Record<string, unknown> = {};

  function bodyOf(id: string): Body | undefined {
    return results.get(id)?.response.body;
  }

  beforeAll(async () => {
    const bench = openBench();
    const simulator = startCli(bench, ['simulate', 'latency=0ms', '--port', '0']);
    const origin = await simulator.prints(/http:\/\/127\.0\.0\.1:\d+(?=\/)/);
    bench.write('modes.jsonl', allExamples());
    const flags = ['--base-url', origin, '--rpm', '6000000'];
    const run = await runCli(bench, ['run', 'modes.jsonl', ...flags, '--json']);
    simulator.signal('SIGINT');
    await simulator.finished;
    expect(run, run.stderr).toMatchObject({ status: 0 });
    summary = run.json();
    const lines = bench.lines('modes.results.jsonl');
    results = new Map(lines.map((line) => [line['custom_id'], line as Result]));
  });

  test('check finds no error in any of them', async () => {
    const bench = openBench();
    bench.write('modes.jsonl', allExamples());
    const check = await runCli(bench, ['check', 'modes.jsonl', '--json']);
    expect(check).toMatchObject({ status: 0 });
    const { problems } = check.json() as { problems: readonly { severity: string }[] };
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('every line has a documented answer, is answered at its first attempt, and counted', () => {
    const ids = exampleNames().flatMap(exampleIds);
    expect([...ANSWERS.keys()].toSorted()).toEqual(ids.toSorted());
    const sum = (names: readonly string[]): number =>
      ids
        .map((id) => bodyOf(id)?.usage ?? {})
        .flatMap((usage) => names.map((name) => usage[name] ?? 0))
        .reduce((total, tokens) => total + tokens, 0);
    expect(summary).toMatchObject({
      lines: { total: ids.length, answered: ids.length },
      attempts: ids.length,
      usage: {
        input_tokens: sum(['input_tokens', 'prompt_tokens']),
        output_tokens: sum(['output_tokens', 'completion_tokens']),
      },
      possibly_billed: { attempts: 0 },
    });
  });

  test.each(exampleNames())('%s: answered in the documented shape, with usage', (name) => {
    for (const id of exampleIds(name)) {
      expect(results.get(id), id).toMatchObject({
        custom_id: id,
        response: { status_code: 200, body: ANSWERS.get(id) },
        error: null,
      });
      const usage = bodyOf(id)?.usage ?? {};
      const counted = COUNTED.filter((field) => field in usage);
      expect(counted.length, id).toBeGreaterThan(0);
      for (const field of counted) expect(usage[field], `${field} of ${id}`).toBeGreaterThan(0);
    }
  });

  test.each(SAME_ANSWERS)('%s and others: streamed or not, one answer', (...ids) => {
    const said = ids.map((id) =>
      choicesOf(bodyOf(id) as Body).map(({ message }) => [textOf(message), message.tool_calls]),
    );
    for (const one of said) expect(one).toEqual(said[0]);
  });

  test('logprobs: one entry for each token, in the order of the text', () => {
    for (const id of exampleIds('logprobs')) {
      const [{ message, logprobs } = { message: { content: '' } }] = choicesOf(bodyOf(id) as Body);
      const tokens = logprobs?.content.map(({ token }) => token).join('');
      expect(tokens).toBe(textOf(message));
    }
  });

  test('json-schema: the object has the members of its schema', () => {
    for (const id of exampleIds('json-schema')) {
      const [first] = choicesOf(bodyOf(id) as Body);
      expect(JSON.parse(textOf(first?.message ?? { content: '' }))).toEqual({
        name: expect.any(String),
        age: expect.any(Number),
      });
    }
  });
});
