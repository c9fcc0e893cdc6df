import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Expectations } from '../../src/job/expectations.ts';
import { Budget } from '../../src/limits/budget.ts';
import { Limiter } from '../../src/limits/limiter.ts';
import type { Ticket } from '../../src/limits/ticket.ts';
import { createFakeClock, type FakeClock, settleTurns } from '../helpers/fake-clock.ts';
import { plannedLine } from '../helpers/planned-line.ts';
import { usageOf } from '../helpers/temp-ledger.ts';

const INPUT_PICO = 1;
const OUTPUT_PICO = 10;
const PRICING = {
  estimatePico: (_model: string, { input, output }: { input: number; output: number }): number =>
    input * INPUT_PICO + output * OUTPUT_PICO,
};

type Call = { readonly input: number; readonly maxOutput: number; readonly output: number };

/** Mostly short answers, now and then one as long as can be: the estimate is often wrong. */
const callIn: fc.Arbitrary<Call> = fc
  .record({
    input: fc.integer({ min: 1, max: 500 }),
    maxOutput: fc.integer({ min: 1, max: 20_000 }),
    share: fc.oneof(
      { weight: 8, arbitrary: fc.double({ min: 0, max: 0.05, noNaN: true }) },
      { weight: 1, arbitrary: fc.constant(1) },
    ),
  })
  .map(({ input, maxOutput, share }) => ({
    input,
    maxOutput,
    output: Math.floor(maxOutput * share),
  }));

function boundPico({ input, maxOutput }: Call): number {
  return input * INPUT_PICO + maxOutput * OUTPUT_PICO;
}

type InFlight = { readonly call: Call; readonly nth: number; readonly ticket: Ticket };

/** One run under a cap; `order` says which of the calls in flight ends next. */
class CappedRun {
  spentPico = 0;
  answered = 0;
  stopped = false;
  /** Most that was in flight at the last start could still take beyond what it had set aside. */
  roomPico = 0;
  private readonly flying: InFlight[] = [];
  private readonly expectations = new Expectations(PRICING, new Map());
  private readonly clock: FakeClock = createFakeClock();
  private readonly limiter: Limiter;

  constructor(capPico: number, concurrency: number) {
    this.limiter = new Limiter({
      clock: this.clock,
      concurrency,
      limits: () => ({ rpm: 6_000_000, tpm: null }),
      budget: new Budget(capPico, 0),
      reserve: (line) => this.expectations.reserve(line),
      maxUnreachableMs: 60_000,
      onUnreachable: () => undefined,
      onBudgetReached: () => {
        this.stopped = true;
        this.limiter.stop();
      },
    });
  }

  async run(calls: readonly Call[], order: readonly number[]): Promise<void> {
    for (const [nth, call] of calls.entries()) {
      void this.limiter.admit(this.lineOf(call, nth), 'first').then((ticket) => {
        if (ticket === null) return;
        this.flying.push({ call, nth, ticket });
        this.roomPico = this.flying.reduce(
          (sum, each) => sum + Math.max(0, boundPico(each.call) - (each.ticket.reserved.pico ?? 0)),
          0,
        );
      });
    }
    for (let turn = 0; ; turn += 1) {
      // Starts are spaced: 100 a millisecond here.
      await this.clock.advance(2);
      await settleTurns(2);
      if (this.flying.length === 0) break;
      this.end((order[turn % order.length] ?? 0) % this.flying.length);
    }
    this.limiter.stop();
  }

  private lineOf({ input, maxOutput }: Call, nth: number) {
    const outputExpectedTokens = Math.min(512, maxOutput);
    return plannedLine(nth + 1, {
      inputTokens: input,
      outputExpectedTokens,
      outputMaxTokens: maxOutput,
      estimatedPico: input * INPUT_PICO + outputExpectedTokens * OUTPUT_PICO,
    });
  }

  private end(index: number): void {
    const [ended] = this.flying.splice(index, 1);
    if (ended === undefined) return;
    const { call, nth, ticket } = ended;
    const pico = call.input * INPUT_PICO + call.output * OUTPUT_PICO;
    this.spentPico += pico;
    this.answered += 1;
    const usage = usageOf({ inputTokens: call.input, outputTokens: call.output });
    this.expectations.answered(this.lineOf(call, nth), usage, pico);
    ticket.release({ tokens: null, pico, uncertainPico: 0, latencyMs: 1 });
  }
}

test('a cap: is overshot by no more than what the calls in flight may take beyond what they set aside', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(callIn, { minLength: 1, maxLength: 120 }),
      fc.array(fc.nat(63), { minLength: 1, maxLength: 20 }),
      fc.record({
        capPico: fc.integer({ min: 0, max: 400_000 }),
        concurrency: fc.integer({ min: 1, max: 40 }),
      }),
      async (calls, order, { capPico, concurrency }) => {
        const run = new CappedRun(capPico, concurrency);
        await run.run(calls, order);
        expect(run.spentPico - capPico).toBeLessThanOrEqual(run.roomPico);
        expect(run.stopped || run.answered === calls.length).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('the bound is met: there are runs that come within a tenth of it', async () => {
  // One long answer among short ones, when nearly nothing is left.
  const short = Array.from({ length: 300 }, (): Call => ({
    input: 1,
    maxOutput: 20_000,
    output: 9,
  }));
  const run = new CappedRun(300 * 91 + 200, 1);
  await run.run([...short, { input: 1, maxOutput: 20_000, output: 20_000 }], [0]);
  expect(run.answered).toBe(301);
  const overshot = run.spentPico - (300 * 91 + 200);
  expect(overshot).toBeLessThanOrEqual(run.roomPico);
  expect(overshot).toBeGreaterThan(run.roomPico * 0.9);
});
