import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { BREAKS, brokenLines, CHECK_ALONE, SIMULATOR_ALONE } from './breaks.ts';
import { ALLOWED, lineOf } from './lines.ts';
import type { Draft } from './lines.ts';
import { refusalOf, withSimulator } from './refusals.ts';

/*
 * `check` and the simulator are two readings of the same documentation that share no code. Where
 * they differ, one of them is wrong, or the documentation leaves it open.
 */

type Problem = { readonly severity: string; readonly line: number; readonly message: string };

/** What `qbatch check` says about these lines. */
async function checkLines(drafts: readonly Draft[]): Promise<{
  readonly invalid: number;
  readonly problems: readonly Problem[];
}> {
  const bench = openBench();
  const text = drafts.map((draft, at) => `${JSON.stringify(lineOf(`line-${at}`, draft))}\n`);
  bench.write('lines.jsonl', text.join(''));
  const report = (await runCli(bench, ['check', 'lines.jsonl', '--json'])).json();
  const lines = report['lines'] as { total: number; invalid: number };
  expect(lines.total).toBe(drafts.length);
  return { invalid: lines.invalid, problems: report['problems'] as Problem[] };
}

const WRAPPED = '<400> InternalError.Algo.InvalidParameter: ';

describe('lines that the documentation allows', () => {
  test('300 generated lines: pass check, and the simulator answers every one', async () => {
    const drafts = fc.sample(ALLOWED, { numRuns: 300, seed: 42 });
    const { problems } = await checkLines(drafts);
    const refused = problems
      .filter(({ severity }) => severity === 'error')
      .map(({ line, message }) => [message, drafts[line - 1]]);
    expect(refused).toEqual([]);

    const wrong = await withSimulator(async (simulator) => {
      const errors = await Promise.all(drafts.map((draft) => refusalOf(simulator, draft)));
      return errors.flatMap((error, at) => (error === null ? [] : [[error, drafts[at]]]));
    });
    expect(wrong).toEqual([]);
  });

  test('the same lines through qbatch run: all of them answered', async () => {
    const drafts = fc.sample(ALLOWED, { numRuns: 120, seed: 43 });
    const bench = openBench();
    const text = drafts.map((draft, at) => `${JSON.stringify(lineOf(`line-${at}`, draft))}\n`);
    bench.write('lines.jsonl', text.join(''));
    const run = await runCli(bench, ['run', 'lines.jsonl', '--simulate=latency=0ms', '--json']);
    expect(run.status, run.stdout).toBe(0);
    expect(bench.lines('lines.results.jsonl')).toHaveLength(drafts.length);
  });
});

describe('lines that break one documented rule', () => {
  test('each: check calls it an error', async () => {
    const lines = BREAKS.flatMap((rule) => brokenLines(rule).map((draft) => ({ rule, draft })));
    const { problems } = await checkLines(lines.map(({ draft }) => draft));
    const refused = new Set(
      problems.filter(({ severity }) => severity === 'error').map(({ line }) => line - 1),
    );
    const passed = lines.flatMap(({ rule, draft }, at) =>
      refused.has(at) ? [] : [`${rule.name} (${draft.protocol})`],
    );
    expect([...new Set(passed)]).toEqual([]);
  });

  test.each(BREAKS.map((rule) => [rule.name, rule] as const))(
    '%s: the simulator refuses it in the service’s words, status and envelope',
    async (_, rule) => {
      const drafts = brokenLines(rule);
      const errors = await withSimulator((simulator) =>
        Promise.all(drafts.map((draft) => refusalOf(simulator, draft))),
      );
      for (const [at, error] of errors.entries()) {
        const isChat = drafts[at]?.protocol === 'chat';
        const message = error?.message.replace(WRAPPED, '') ?? '';
        const wanted = (isChat ? rule.chat : undefined) ?? rule.service;
        // One text goes on with the value that was given.
        expect(message.startsWith(wanted) ? wanted : message).toBe(wanted);
        expect(error?.status).toBe(rule.status ?? 400);
      }
    },
  );
});

describe('lines on which check and the simulator differ', () => {
  test.each(CHECK_ALONE.map((rule) => [rule.name, rule] as const))(
    '%s: an error to check, answered by the simulator',
    async (_, rule) => {
      const drafts = brokenLines(rule);
      expect((await checkLines(drafts)).invalid).toBe(drafts.length);
      const errors = await withSimulator((simulator) =>
        Promise.all(drafts.map((draft) => refusalOf(simulator, draft))),
      );
      expect(errors.filter((error) => error !== null)).toEqual([]);
    },
  );

  test('a translation without languages: documented as required, but not what follows', async () => {
    const drafts = brokenLines({
      model: 'qwen-mt-plus',
      break: (draft) => ({
        ...draft,
        parameters: { ...draft.parameters, translation_options: undefined },
      }),
    });
    const { invalid, problems } = await checkLines(drafts);
    expect(invalid).toBe(0);
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('qwen-mt needs both'),
    );
    const errors = await withSimulator((simulator) =>
      Promise.all(drafts.map((draft) => refusalOf(simulator, draft))),
    );
    expect(errors.filter((error) => error !== null)).toEqual([]);
  });

  test.each(SIMULATOR_ALONE.map((rule) => [rule.name, rule] as const))(
    '%s: refused by the simulator, no error to check',
    async (_, rule) => {
      const drafts = brokenLines(rule);
      expect((await checkLines(drafts)).invalid).toBe(0);
      const errors = await withSimulator((simulator) =>
        Promise.all(drafts.map((draft) => refusalOf(simulator, draft))),
      );
      const messages = errors.map((error) => error?.message.replace(WRAPPED, ''));
      expect(messages).toEqual(drafts.map(() => rule.service));
    },
  );
});
