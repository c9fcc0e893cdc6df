import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pause } from '../src/clock.ts';
import { execute } from '../src/execute.ts';
import type { PlannedLine } from '../src/plan.ts';
import { settleLine } from '../src/settle.ts';
import { settleTurns } from './helpers/fake-clock.ts';
import { lineInput, windowOf } from './helpers/line-input.ts';
import { plannedLine } from './helpers/planned-line.ts';
import { answerOf, errorOf, type Scripted } from './helpers/scripted-transport.ts';
import { surroundings } from './helpers/settle-surroundings.ts';

/** Time goes on in such steps; a wait before a retry is of many. */
const TICK_MS = 50;

/** Later calls are answered, so that every job ends. */
const FAILING_CALLS = 25;

const REPLIES: Readonly<Record<string, Scripted>> = {
  answer: answerOf('好评'),
  refusal: errorOf(400, 'InvalidParameter', 'Range of top_p should be (0.0, 1.0)'),
  throttle: errorOf(429, 'Throttling.RateQuota', 'Requests rate limit exceeded'),
  serverError: errorOf(500, 'InternalError', 'An internal error has occured'),
};

const scenario = fc.record({
  slots: fc.integer({ min: 1, max: 4 }),
  lines: fc.integer({ min: 1, max: 14 }),
  /** What each call comes to, and how long it takes. */
  calls: fc.array(
    fc.record({
      reply: fc.constantFrom('answer', 'answer', 'refusal', 'throttle', 'serverError'),
      ms: fc.nat(300),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  /** How many turns each commit takes. */
  commits: fc.array(fc.nat(4), { minLength: 1, maxLength: 6 }),
});

/** The commits for which there is no room. */
type Full = { readonly from: number; readonly count: number };

const NEVER_FULL: Full = { from: 0, count: 0 };

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

async function* inChunks(count: number): AsyncGenerator<readonly PlannedLine[]> {
  yield await Promise.resolve(Array.from({ length: count }, (_, at) => plannedLine(at + 1)));
}

/**
 * Runs a job and looks at every instant at which it could be killed: the most calls that were sent and
 * whose end was not durable, the most that the ledger held open, and what was sent before its own start.
 */
async function watch({ slots, lines, calls, commits }: Scenario, full: Full = NEVER_FULL) {
  const seen = { inDoubtMax: 0, openMax: 0, sentTooSoon: 0, sent: 0, settled: 0, ended: 0 };
  const begun = new Set<string>();
  const sent: string[] = [];
  const durableEnds = new Set<string>();
  const starting: string[] = [];
  const at = surroundings(
    async (nth) => {
      const { reply, ms } = calls[nth % calls.length] ?? { reply: 'answer', ms: 0 };
      await pause(at.clock, ms, at.context.abort);
      return (nth < FAILING_CALLS ? REPLIES[reply] : undefined) ?? answerOf('好评');
    },
    { slots },
  );
  const { send } = at.transport;
  Object.assign(at.transport, {
    send: (...args: Parameters<typeof send>) => {
      const key = starting.shift() ?? 'none';
      seen.sent += 1;
      if (!begun.has(key)) seen.sentTooSoon += 1;
      sent.push(key);
      seen.inDoubtMax = Math.max(
        seen.inDoubtMax,
        sent.filter((one) => !durableEnds.has(one)).length,
      );
      return send(...args);
    },
  });
  const keyOf = (one: { lineNo: number; attempt: number }) => `${one.lineNo}/${one.attempt}`;
  const batches = execute({
    lines: lineInput(inChunks(lines)),
    settle: (line, journal) => settleLine(line, { ...at.context, journal }),
    room: windowOf(32),
    stop: at.context.stop,
    abort: at.context.abort,
    hurry: at.context.abort,
    clock: at.clock,
  });
  let running = true;
  const time = (async () => {
    while (running) await at.clock.advance(TICK_MS);
  })();
  let nth = 0;
  for await (const batch of batches) {
    await settleTurns(commits[nth % commits.length] ?? 0);
    nth += 1;
    if (nth > full.from && nth <= full.from + full.count && !batch.isLast) {
      batch.putBack();
      continue;
    }
    // The commit: all of it at one instant.
    for (const start of batch.starts) begun.add(keyOf(start));
    for (const end of batch.ends) durableEnds.add(keyOf(end));
    starting.push(...batch.starts.map(keyOf));
    seen.openMax = Math.max(seen.openMax, begun.size - durableEnds.size);
    seen.settled += batch.settled.length;
    seen.ended += batch.ends.length;
  }
  running = false;
  await time;
  return seen;
}

describe('calls that a crash could repeat', () => {
  test('never more than there are slots, whatever comes when, and none before its start is durable', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (one) => {
        const { inDoubtMax, openMax, sentTooSoon, settled } = await watch(one);
        expect(sentTooSoon).toBe(0);
        expect(inDoubtMax).toBeLessThanOrEqual(one.slots);
        expect(openMax).toBeLessThanOrEqual(one.slots);
        expect(settled).toBe(one.lines);
      }),
      { numRuns: 200 },
    );
  });

  test('no room for a while: every call that left has its end written down, and none leaves any more', async () => {
    const full = fc.record({ from: fc.nat(12), count: fc.integer({ min: 1, max: 4 }) });
    await fc.assert(
      fc.asyncProperty(scenario, full, async (one, when) => {
        const { inDoubtMax, openMax, sentTooSoon, sent, ended } = await watch(one, when);
        expect(sentTooSoon).toBe(0);
        expect(inDoubtMax).toBeLessThanOrEqual(one.slots);
        expect(openMax).toBeLessThanOrEqual(one.slots);
        expect(ended).toBe(sent);
      }),
      { numRuns: 200 },
    );
  });

  test('all slots are used', async () => {
    const seen = await watch({
      slots: 3,
      lines: 12,
      calls: [{ reply: 'answer', ms: 200 }],
      commits: [1],
    });
    expect(seen.inDoubtMax).toBe(3);
    expect(seen.openMax).toBe(3);
    expect(seen.sent).toBe(12);
  });

  test('the start of the next call is in the commit that ends the one before', async () => {
    const at = surroundings(
      async () => {
        await pause(at.clock, TICK_MS, at.context.abort);
        return answerOf('好评');
      },
      { slots: 1 },
    );
    const commits: string[] = [];
    const batches = execute({
      lines: lineInput(inChunks(3)),
      settle: (line, journal) => settleLine(line, { ...at.context, journal }),
      room: windowOf(8),
      stop: at.context.stop,
      abort: at.context.abort,
      hurry: at.context.abort,
      clock: at.clock,
    });
    let running = true;
    const time = (async () => {
      while (running) await at.clock.advance(TICK_MS);
    })();
    for await (const { starts, ends } of batches) {
      const names = [
        ...ends.map(({ lineNo }) => `end ${lineNo}`),
        ...starts.map(({ lineNo }) => `start ${lineNo}`),
      ];
      commits.push(names.join(', '));
    }
    running = false;
    await time;
    expect(commits).toEqual(['start 1', 'end 1, start 2', 'end 2, start 3', 'end 3']);
  });
});
