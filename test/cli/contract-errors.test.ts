import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { type Bench, openBench, parseJsonLines } from '../helpers/bench.ts';
import {
  CONTRACT_RULES,
  errorCases,
  type ErrorCase,
  NO_CONTRACT,
} from '../helpers/contract-errors.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { envelopeLine, jsonl, nativeLine } from '../helpers/request-lines.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

/** A model of the catalog, shared by all cases that must not touch its other lines. */
const SHARED_MODEL = 'qwen-plus';

/** What can be seen of one case from outside the program. */
type Seen = {
  readonly state: unknown;
  readonly calls: number;
  /** How many of its attempts count against `--max-attempts`. */
  readonly counted: number;
  readonly code: unknown;
  readonly message: unknown;
  readonly parked: boolean;
  readonly slowed: boolean;
};

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

type Attempt = { readonly id: string; readonly counted: number };

function attemptsOf(bench: Bench): readonly Attempt[] {
  const database = new Database(bench.path('a.qbatch.db'), { readonly: true });
  try {
    return database.prepare('SELECT custom_id AS id, counted FROM attempts').all() as Attempt[];
  } finally {
    database.close();
  }
}

/** The lines of a model that is refused stay open; those of one that does not exist fail. */
function staysOpen({ expected }: ErrorCase): boolean {
  return expected.action === 'stop' && expected.class !== 'not_found';
}

/** What a case must come to where the contract's verdict is carried out. */
function wantedOf(one: ErrorCase): Seen {
  const { expected, rule, code, message } = one;
  const nothing = { code: null, message: null, parked: false, slowed: false };
  const said = { ...nothing, code: code ?? `qbatch_http_${rule.status}`, message };
  switch (expected.action) {
    case 'throttle':
      // The second call is answered; the throttled one counts nothing.
      return { ...nothing, state: 'answered', calls: 2, counted: 1, slowed: true };
    case 'retry':
      return { ...said, state: 'failed', calls: 2, counted: 2 };
    case 'fail':
      return { ...said, state: 'failed', calls: 1, counted: 1 };
    case 'stop':
      return staysOpen(one)
        ? { ...nothing, state: 'open', calls: 1, counted: 0, parked: true }
        : { ...said, state: 'failed', calls: 1, counted: 1, parked: true };
  }
}

if (CONTRACT_RULES.length === 0) {
  test('the error rules of the contract: skipped', (context) => {
    context.skip(NO_CONTRACT);
  });
}

describe.runIf(CONTRACT_RULES.length > 0)("the contract's error rules, through the program", () => {
  const cases = errorCases();
  const ofAccount = cases.filter(({ expected }) => expected.scope === 'account');
  const ofModel = cases.filter(({ expected }) => expected.scope === 'model');
  // Outputs end before the first line that stays open, so those come last.
  const others = cases
    .filter(({ expected }) => expected.scope !== 'account')
    .toSorted((one, other) => Number(staysOpen(one)) - Number(staysOpen(other)));

  test('a line or a model: failed, sent again, slowed down or parked as the contract says, the others go on', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const byId = new Map(others.map((one) => [one.id, one]));
    server.script = ({ id, nth }) => {
      const one = byId.get(id);
      if (one === undefined || (one.expected.action === 'throttle' && nth > 1)) {
        return { kind: 'answer' };
      }
      return { kind: 'raw', ...one.reply };
    };
    const modelOf = (one: ErrorCase): string =>
      ofModel.includes(one) ? `model-of-${one.id}` : SHARED_MODEL;
    bench.write('a.jsonl', jsonl(others.map((one) => lineOf(one, modelOf(one)))));
    const run = await runCli(bench, [
      'run',
      'a.jsonl',
      ...server.flags,
      ...['-c', '64', '--max-attempts', '2', '--progress', 'json', '--json'],
    ]);
    expect(run).toMatchObject({ status: 77 });

    const events = parseJsonLines(run.stderr);
    const modelsIn = (event: string): Set<unknown> =>
      new Set(events.flatMap((one) => (one['event'] === event ? [one['model']] : [])));
    const parked = modelsIn('model-parked');
    const slowed = modelsIn('model-slowed');
    const records = new Map(
      [...bench.lines('a.errors.jsonl'), ...bench.lines('a.results.jsonl')].map((record) => [
        record['custom_id'],
        record,
      ]),
    );
    const attempts = attemptsOf(bench);
    const seen = others.map((one): Seen & { id: string } => {
      const record = records.get(one.id);
      const error = record?.['error'] as { code: string; message: string } | null | undefined;
      const own = attempts.filter(({ id }) => id === one.id);
      return {
        id: one.id,
        state: record === undefined ? 'open' : error === null ? 'answered' : 'failed',
        calls: server.counts().get(one.id) ?? 0,
        counted: own.reduce((sum, { counted }) => sum + counted, 0),
        code: error?.code ?? null,
        message: error?.message ?? null,
        parked: parked.has(modelOf(one)),
        slowed: slowed.has(modelOf(one)),
      };
    });
    expect(seen).toEqual(others.map((one) => ({ id: one.id, ...wantedOf(one) })));
  });

  test.each([...new Set(ofAccount.map(({ expected }) => expected.class))])(
    'the account (%s): each of its errors stops the run, blames no line and parks no model',
    async (reason) => {
      const bench = openBench();
      const server = await startCountingServer();
      const own = ofAccount.filter(({ expected }) => expected.class === reason);
      const byId = new Map(own.map((one) => [one.id, one]));
      server.script = ({ id }) => {
        const one = byId.get(id);
        return one === undefined ? { kind: 'answer' } : { kind: 'raw', ...one.reply };
      };
      const late = nativeLine('late', { model: 'model-of-late' });
      bench.write('a.jsonl', jsonl([...own.map((one) => lineOf(one, `model-of-${one.id}`)), late]));
      server.hold();
      const run = startCli(bench, [
        'run',
        'a.jsonl',
        ...server.flags,
        ...['-c', String(own.length), '--progress', 'json', '--json'],
      ]);
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
      const events = parseJsonLines(ended.stderr).map(({ event }) => event);
      expect(events).not.toContain('model-parked');
      expect(events).not.toContain('model-slowed');
      const blamed = attemptsOf(bench).filter(({ counted }) => counted !== 0);
      expect(blamed).toEqual([]);
    },
  );
});
