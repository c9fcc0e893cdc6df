import { setMaxListeners } from 'node:events';
import type { ApiFailure, Verdict } from '../../src/failure.ts';
import { FirstReplies } from '../../src/job/first-replies.ts';
import { ParkedModels } from '../../src/job/parked-models.ts';
import type { AttemptEnd, AttemptStart, SettledLine } from '../../src/ledger/records.ts';
import { Budget } from '../../src/limits/budget.ts';
import { Limiter } from '../../src/limits/limiter.ts';
import type { PlannedLine } from '../../src/plan.ts';
import { dashscope } from '../../src/protocols/dashscope.ts';
import { openai } from '../../src/protocols/openai.ts';
import { createValueRedactor } from '../../src/redact.ts';
import { createJsonRedactor } from '../../src/json/redact-json.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import { settleLine } from '../../src/settle.ts';
import type { SettleContext } from '../../src/settle/settle-context.ts';
import { createFakeClock } from './fake-clock.ts';
import { plannedLine } from './planned-line.ts';
import { type Scripted, scriptedTransport } from './scripted-transport.ts';

export const KEY = 'sk-8f3d2a9b7c6e5f4d3c2b1a09';

/** A settled line with its body as text, in which a secret would be seen. */
type Settled = Omit<SettledLine, 'body'> & { readonly body: string | null };

type Record =
  | { started: AttemptStart }
  | { ended: AttemptEnd; settled: Settled | null }
  | { unsent: Settled };

function readable(line: SettledLine): Settled {
  return { ...line, body: line.body?.toString() ?? null };
}

function knownService(): FirstReplies {
  const replies = new FirstReplies(() => undefined);
  replies.answered();
  return replies;
}

/** One line's surroundings, with everything it writes down and asks for. */
export function surroundings(
  script: (nth: number) => Scripted | Promise<Scripted>,
  fields: Partial<SettleContext> & { capPico?: number; slots?: number } = {},
) {
  const { capPico, slots = 4, ...overrides } = fields;
  const clock = createFakeClock();
  const stop = new AbortController();
  const abort = new AbortController();
  // As in a run: each line that waits listens.
  setMaxListeners(0, stop.signal, abort.signal);
  const records: Record[] = [];
  const events: RunEvent[] = [];
  const stops: { verdict: Verdict; failure: ApiFailure }[] = [];
  const parked = new ParkedModels();
  const budget = new Budget(capPico ?? null, 0);
  const limiter = new Limiter({
    clock,
    concurrency: slots,
    limits: () => ({ rpm: 6_000_000, tpm: null }),
    budget,
    maxUnreachableMs: 600_000,
    onUnreachable: () => undefined,
    onBudgetReached: () => undefined,
  });
  stop.signal.addEventListener('abort', () => {
    limiter.stop();
  });
  const transport = scriptedTransport((_call, nth, openFold) => {
    void openFold;
    return script(nth);
  });
  abort.signal.addEventListener('abort', () => {
    transport.dropAll();
  });
  const context: SettleContext = {
    clock,
    limiter,
    expectations: { answered: () => undefined },
    transport,
    protocols: { dashscope, openai },
    journal: {
      started(start) {
        records.push({ started: start });
        return Promise.resolve(true);
      },
      ended(end, settled) {
        records.push({ ended: end, settled: settled === null ? null : readable(settled) });
        return Promise.resolve();
      },
      settledUnsent(settled) {
        records.push({ unsent: readable(settled) });
        return Promise.resolve();
      },
    },
    pricing: {
      currency: 'CNY',
      scope: 'cn',
      isPriced: () => true,
      pricedOnlyIn: () => null,
      // 1 pico an input token, 10 an output token.
      costPico: (_model, usage) => (usage.inputTokens ?? 0) + 10 * (usage.outputTokens ?? 0),
      estimatePico: () => 1_000_000,
    },
    maxAttempts: 6,
    onAmbiguous: 'retry',
    stop: stop.signal,
    abort: abort.signal,
    failureOfUnsent: (model) => parked.failureOfUnsent(model),
    onAnswered() {},
    onStop(_line, verdict, failure) {
      stops.push({ verdict, failure });
      return 'open';
    },
    // Somebody has answered before: every reply is the service's own.
    firstReplies: knownService(),
    redact: createValueRedactor([KEY]),
    redactJson: createJsonRedactor([KEY]),
    report: (event) => {
      events.push(event);
    },
    ...overrides,
  };
  return {
    clock,
    limiter,
    budget,
    transport,
    context,
    stop,
    abort,
    parked,
    stops,
    events,
    records,
    ends: () => records.flatMap((record) => ('ended' in record ? [record.ended] : [])),
    settled: () =>
      records.flatMap((record) =>
        'ended' in record
          ? record.settled === null
            ? []
            : [record.settled]
          : 'unsent' in record
            ? [record.unsent]
            : [],
      ),
    /** Runs the line to its end, time going on as fast as it is waited for. */
    async run(line: PlannedLine = plannedLine(7)): Promise<void> {
      let ended = false;
      const run = settleLine(line, context).finally(() => {
        ended = true;
      });
      run.catch(() => undefined);
      for (let guard = 0; !ended && guard < 2000; guard += 1) await clock.advance(50);
      await run;
    },
  };
}

export type Surroundings = ReturnType<typeof surroundings>;
