import Database from '../helpers/sqlite.mjs';
import { describe, expect, test } from 'vitest';
import { type Bench, openBench, parseJsonLines } from '../helpers/bench.ts';
import {
  CONTRACT_RULES,
  errorCases,
  type ErrorCase,
  NO_CONTRACT,
} from '../helpers/contract-errors.ts';
import { type CountingServer, startCountingServer } from '../helpers/counting-server.ts';
import { envelopeLine, jsonl, nativeLine } from '../helpers/request-lines.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

/** A model of the catalog, shared by the cases that must not touch its other lines. */
const SHARED_MODEL = 'qwen-plus';

/** The request of a case, asking for a stream where the error is to come in one. */
function lineOf({ id, protocol, form }: ErrorCase, model: string): string {
  if (protocol === 'openai') {
    return envelopeLine(id, { model, ...(form === 'json' ? {} : { stream: true }) });
  }
  return nativeLine(id, {
    model,
    ...(form === 'json' ? {} : { headers: { 'X-DashScope-SSE': 'enable' } }),
  });
}

type Attempt = { readonly id: string; readonly attempt: number; readonly counted: number };

function attemptsOf(bench: Bench): readonly Attempt[] {
  const database = new Database(bench.path('a.qbatch.db'), { readonly: true });
  try {
    return database
      .prepare('SELECT custom_id AS id, attempt, counted FROM attempts')
      .all() as Attempt[];
  } finally {
    database.close();
  }
}

/** Each case with a model of its own, so that what befalls the model can be told apart. */
const modelOf = ({ id }: ErrorCase): string => `model-of-${id}`;

/** A job of these cases, each line with its model, and a service that replies as they say. */
async function jobOf(
  cases: readonly ErrorCase[],
  model: (one: ErrorCase) => string,
): Promise<{ bench: Bench; server: CountingServer; args: readonly string[] }> {
  const bench = openBench();
  const server = await startCountingServer();
  const byId = new Map(cases.map((one) => [one.id, one]));
  server.script = ({ id }) => {
    const one = byId.get(id);
    return one === undefined ? { kind: 'answer' } : { kind: 'raw', ...one.reply };
  };
  bench.write('a.jsonl', jsonl(cases.map((one) => lineOf(one, model(one)))));
  const flags = ['--progress', 'json', '--json'];
  return { bench, server, args: ['run', 'a.jsonl', ...server.flags, ...flags] };
}

/** The models in the events of this name. */
function modelsIn(stderr: string, event: string): ReadonlySet<unknown> {
  const events = parseJsonLines(stderr).filter((one) => one['event'] === event);
  return new Set(events.map(({ model }) => model));
}

/** The lines of a model that is refused stay open; those of one that does not exist fail. */
function staysOpen({ expected }: ErrorCase): boolean {
  return expected.action === 'stop' && expected.class !== 'not_found';
}

if (CONTRACT_RULES.length === 0) {
  test('the error rules of the contract: skipped', (context) => {
    context.skip(NO_CONTRACT);
  });
}

describe.runIf(CONTRACT_RULES.length > 0)("the contract's error rules, through the program", () => {
  const cases = errorCases();
  const ofAccount = cases.filter(({ expected }) => expected.scope === 'account');
  const again = cases.filter(({ expected }) => /retry|throttle/.test(expected.action));
  // Outputs end before the first line that stays open, so those come last.
  const final = cases
    .filter((one) => !ofAccount.includes(one) && !again.includes(one))
    .toSorted((one, other) => Number(staysOpen(one)) - Number(staysOpen(other)));

  test('what fails a line or stops a model: one call, told as the service told it, the others go on', async () => {
    const stops = ({ expected }: ErrorCase): boolean => expected.action === 'stop';
    const model = (one: ErrorCase): string => (stops(one) ? modelOf(one) : SHARED_MODEL);
    const { bench, server, args } = await jobOf(final, model);
    const run = await runCli(bench, args);
    expect(run).toMatchObject({ status: 77 });
    expect(bench.read('a.results.jsonl')).toBe('');

    const parked = modelsIn(run.stderr, 'model-parked');
    const attempts = attemptsOf(bench);
    const failed = new Map(
      bench.lines('a.errors.jsonl').map((record) => {
        const { code, message } = record['error'] as { code: string; message: string };
        return [record['custom_id'], { code, message }];
      }),
    );
    const seen = final.map((one) => ({
      id: one.id,
      calls: server.counts().get(one.id),
      counted: attempts.filter(({ id }) => id === one.id).map(({ counted }) => counted),
      error: failed.get(one.id) ?? null,
      parked: parked.has(model(one)),
    }));
    expect(seen).toEqual(
      final.map((one) => ({
        id: one.id,
        calls: 1,
        counted: [staysOpen(one) ? 0 : 1],
        error: staysOpen(one)
          ? null
          : { code: one.code ?? `qbatch_http_${one.rule.status}`, message: one.message },
        parked: stops(one),
      })),
    );
    expect(modelsIn(run.stderr, 'model-slowed')).toEqual(new Set());
  });

  test('what is worth another try: the line goes on, a throttle slows its model and counts nothing', async () => {
    const { bench, server, args } = await jobOf(again, modelOf);
    const allCalled = new Promise<void>((resolve) => {
      server.onCall = () => {
        if (server.counts().size === again.length) resolve();
      };
    });
    const run = startCli(bench, [...args, '-c', '64', '--max-attempts', '2']);
    await run.before(allCalled);
    // The calls in flight are waited for, so that each line has met its error.
    run.signal('SIGTERM');
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 143 });

    const slowed = modelsIn(ended.stderr, 'model-slowed');
    const attempts = attemptsOf(bench);
    const failed = new Set(bench.lines('a.errors.jsonl').map((record) => record['custom_id']));
    const seen = again.map((one) => ({
      id: one.id,
      counted: attempts.find(({ id, attempt }) => id === one.id && attempt === 1)?.counted,
      slowed: slowed.has(modelOf(one)),
      gaveUpAtOnce: failed.has(one.id) && server.counts().get(one.id) === 1,
    }));
    expect(seen).toEqual(
      again.map(({ id, expected }) => ({
        id,
        counted: expected.action === 'retry' ? 1 : 0,
        slowed: expected.action === 'throttle',
        gaveUpAtOnce: false,
      })),
    );
    expect(modelsIn(ended.stderr, 'model-parked')).toEqual(new Set());
  });

  test.each([...new Set(ofAccount.map(({ expected }) => expected.class))])(
    'the account (%s): each of its errors stops the run, blames no line and parks no model',
    async (reason) => {
      const own = ofAccount.filter(({ expected }) => expected.class === reason);
      const { bench, server, args } = await jobOf(own, modelOf);
      const late = nativeLine('late', { model: 'model-of-late' });
      bench.write('a.jsonl', bench.read('a.jsonl') + jsonl([late]));
      server.hold();
      const run = startCli(bench, [...args, '-c', String(own.length)]);
      await run.before(server.seen(own.length));
      server.release();
      const ended = await run.finished;
      expect(ended).toMatchObject({ status: 77 });
      expect(ended.json()).toMatchObject({
        stopped: { reason, code: 77 },
        lines: { total: own.length + 1, open: own.length + 1, failed: 0, answered: 0 },
        attempts: own.length,
        possibly_billed: { attempts: 0 },
      });
      expect(server.counts().get('late')).toBeUndefined();
      expect(modelsIn(ended.stderr, 'model-parked')).toEqual(new Set());
      expect(modelsIn(ended.stderr, 'model-slowed')).toEqual(new Set());
      const blamed = attemptsOf(bench).filter(({ counted }) => counted !== 0);
      expect(blamed).toEqual([]);
    },
  );
});
