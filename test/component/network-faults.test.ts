import dns from 'node:dns';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { answerText } from '../helpers/counting-server.ts';
import {
  type Expected,
  FAULT_CASES,
  FLOODS,
  HANGS,
  LEFTOVERS,
  redirects,
} from '../helpers/fault-cases.ts';
import { type FaultLine, faultLines, playFaults } from '../helpers/fault-lines.ts';
import { closeFaultServers, type FaultServer, startFaultServer } from '../helpers/fault-server.ts';
import { settleTurns } from '../helpers/fake-clock.ts';
import { createQuickClock } from '../helpers/quick-clock.ts';
import { nativeLine } from '../helpers/request-lines.ts';
import { UNREACHABLE_CASES } from '../helpers/unreachable-cases.ts';
import { closeHarnesses, createHarness, type Harness, timersLeft } from './job-harness.ts';

const UNHARMED: Expected = { class: 'answered', codes: [null], line: 'answered' };
/** A minute is over in a third of a second. */
const FASTER = 200;
/** Six minutes by the machine's clock: nothing meets it. */
const FAR_OFF_MS = 360_000 * FASTER;
/** Three seconds by the machine's clock, without those in which this process stood still: only what hangs meets it. */
const DEADLINE_MS = 3_000 * FASTER;

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => /^(?:TCP|TLS)/.test(name)).length;

afterEach(async () => {
  await closeFaultServers();
  await closeHarnesses();
  await settleTurns(20);
  expect(timersLeft()).toBe(0);
});

type AttemptRow = { custom_id: string; attempt: number; class: string; code: string | null };

const attemptsIn = (ledger: Ledger): AttemptRow[] =>
  ledger.database
    .prepare('SELECT custom_id, attempt, class, code FROM attempts ORDER BY custom_id, attempt')
    .all() as AttemptRow[];

/** What was seen of one line: its first call as recorded, and what became of it. */
type Seen = {
  readonly first: AttemptRow | undefined;
  readonly answer: string | null;
  readonly failed: string | null;
};

type FaultRun = {
  readonly server: FaultServer;
  /** When each call came, by the clock of the run. */
  readonly asked: ReadonlyMap<string, readonly number[]>;
  seen(line: Pick<FaultLine, 'id'>): Seen;
};

function contentOf(body: unknown): string | null {
  const { output, choices } = body as {
    output?: { choices: { message: { content: string } }[] };
    choices?: { message: { content: string } }[];
  };
  return (output?.choices ?? choices)?.[0]?.message.content ?? null;
}

function seenIn(at: Harness): FaultRun['seen'] {
  const calls = at.look(attemptsIn);
  const answers = new Map(at.results().map((line) => [line.custom_id, line.response?.body]));
  const failures = new Map(at.errors().map((line) => [line.custom_id, line.error?.code]));
  return ({ id }) => ({
    first: calls.find(({ custom_id: customId }) => customId === id),
    answer: answers.has(id) ? contentOf(answers.get(id)) : null,
    failed: failures.get(id) ?? null,
  });
}

/** Runs all lines in one job; the service is well again from each line's second call on. */
async function runFaults(
  lines: readonly FaultLine[],
  options: {
    readonly concurrency: number;
    /** Lines after each of these that meet no fault. */
    readonly followers?: boolean;
    /** When calls are cut. */
    readonly timeoutMs?: number;
  },
): Promise<FaultRun> {
  const server = await startFaultServer();
  const clock = createQuickClock(FASTER);
  const endpoint = { dashscope: `${server.origin}/api/v1`, openai: `${server.origin}/v1` };
  const at = await createHarness({ endpoint, clock });
  playFaults(server, lines);
  const asked = new Map<string, number[]>();
  const { script } = server;
  server.script = (call) => {
    asked.set(call.id, [...(asked.get(call.id) ?? []), clock.monotonicMs()]);
    return script(call);
  };
  const followed = lines.flatMap(({ id, text }) => [text, nativeLine(`after ${id}`)]);
  const input = options.followers === true ? followed : lines.map(({ text }) => text);
  at.writeInput([nativeLine('first'), ...input]);
  const { concurrency } = options;
  // The first line alone shows that this is a model service; a stranger's replies are judged otherwise.
  const settings = {
    concurrency,
    timeoutMs: options.timeoutMs ?? FAR_OFF_MS,
    maxUnreachableMs: FAR_OFF_MS,
    sample: 1,
  };
  const result = await at.run({ settings });
  expect(result.summary.lines).toMatchObject({ total: input.length + 1, open: 0 });
  return { server, asked, seen: seenIn(at) };
}

/** What each line came to, beside what it should have come to; equal where the program is right. */
function expectFates(lines: readonly FaultLine[], run: FaultRun): void {
  const fates = lines.map((line) => {
    const { first, answer, failed } = run.seen(line);
    const { codes } = line.expected;
    const code = codes.includes(first?.code ?? null) ? codes : [first?.code];
    const becomes = answer === answerText(line.id) ? 'answered' : (answer ?? failed);
    return { what: line.what, class: first?.class, code, line: becomes };
  });
  expect(fates).toEqual(
    lines.map(({ what, expected }) => ({
      what,
      class: expected.class,
      code: expected.codes,
      line: expected.line === 'answered' ? 'answered' : expected.codes[0],
    })),
  );
}

describe('network faults, each in both protocols and both ways to answer', () => {
  let before = 0;

  beforeEach(() => {
    before = sockets();
  });

  afterEach(async () => {
    await closeFaultServers();
    await closeHarnesses();
    await settleTurns(20);
    expect(sockets()).toBe(before);
  });

  test('what ends by itself: the right class and code, no error stored as an answer, the next call unharmed', async () => {
    const elsewhere = await startFaultServer();
    const cases = [...FAULT_CASES, ...redirects(elsewhere.origin)];
    const lines = faultLines(cases);
    const run = await runFaults(lines, { concurrency: 16 });
    expectFates(lines, run);
    expect(elsewhere.connections).toBe(0);
    const tooSoon = lines.filter(({ id, fault }) => {
      const [first = 0, second = 0] = run.asked.get(id) ?? [];
      return fault.waits !== undefined && second - first < fault.waits.leastMs;
    });
    expect(tooSoon.map(({ what }) => what)).toEqual([]);
    const figures = `${cases.length} network cases, ${lines.length} with protocol and mode`;
    process.stdout.write(`${figures}: 0 errors stored as answers, 0 wrong classes\n`);
  });

  test('what is left on a kept connection: never an answer to the next call, which is answered', async () => {
    const odd: unknown[] = [];
    for (const line of faultLines(LEFTOVERS)) {
      // A job each: the next call, where it is made again, would meet what another line leaves behind.
      const run = await runFaults([line], { concurrency: 1, followers: true });
      const after = { id: `after ${line.id}` };
      for (const { id, expected } of [line, { ...after, expected: UNHARMED }]) {
        const { first, answer } = run.seen({ id });
        const asExpected = first?.class === expected.class && expected.codes.includes(first.code);
        // Whoever comes next may meet the broken connection: before or after anything was sent on it.
        const isBroken =
          first?.code === 'qbatch_connection_error' &&
          ['never_sent', 'possibly_billed'].includes(first.class);
        if (answer !== answerText(id) || !(asExpected || isBroken)) odd.push({ id, first, answer });
      }
    }
    expect(odd).toEqual([]);
  });

  test('what never ends: cut at the deadline, possibly billed, then answered', async () => {
    const lines = faultLines(HANGS);
    const run = await runFaults(lines, { concurrency: lines.length, timeoutMs: DEADLINE_MS });
    expectFates(lines, run);
    process.stdout.write(`${HANGS.length} hangs, ${lines.length} with protocol and mode: 0 left\n`);
  });

  test('what is too much: cut, possibly billed, then answered', async () => {
    const lines = faultLines(FLOODS);
    const run = await runFaults(lines, { concurrency: 2 });
    expectFates(lines, run);
  });
});

describe('what never reaches the service', () => {
  beforeEach(() => {
    // What a resolver says; a real one may take a minute to say it where there is no network.
    const { lookup } = dns;
    vi.spyOn(dns, 'lookup').mockImplementation(((...args: Parameters<typeof lookup>) => {
      const [name] = args;
      if (!name.endsWith('.invalid')) {
        lookup(...args);
        return;
      }
      const done = args.at(-1) as unknown as (error: Error) => void;
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
        code: 'ENOTFOUND',
      });
      setImmediate(done, error);
    }) as typeof lookup);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each(UNREACHABLE_CASES)(
    '$name: 69, nothing counted, nothing billed; then it goes on',
    async ({ way, says }) => {
      const { origin, proxy } = await way();
      const at = await createHarness({ clock: createQuickClock(FASTER) });
      const four = { name: '', why: '', expected: () => UNHARMED, steps: () => [] };
      const lines = faultLines([four]);
      at.writeInput(lines.map(({ text }) => text));
      const reasons: string[] = [];
      const refused = await at.run({
        endpoint: { dashscope: `${origin}/api/v1`, openai: `${origin}/v1` },
        proxy: proxy === undefined ? null : { http: proxy, https: proxy },
        settings: { maxUnreachableMs: 0, connectTimeoutMs: 50 },
        onEvent: (event) => {
          if (event.event === 'model-slowed') reasons.push(event.reason);
        },
      });
      expect(refused).toMatchObject({
        exitCode: 69,
        summary: {
          lines: { open: 4, answered: 0, failed: 0 },
          possibly_billed: { attempts: 0 },
          stopped: { message: expect.stringMatching(says) as unknown },
        },
      });
      expect(reasons.filter((reason) => !says.test(reason))).toEqual([]);
      const fates = at.look((ledger) =>
        ledger.database.prepare('SELECT DISTINCT class || counted FROM attempts').pluck().all(),
      );
      expect(fates).toEqual(['never_sent0']);

      const server = await startFaultServer();
      const endpoint = { dashscope: `${server.origin}/api/v1`, openai: `${server.origin}/v1` };
      expect(await at.run({ endpoint })).toMatchObject({ exitCode: 0 });
      expect(server.calls).toHaveLength(4);
    },
  );
});
