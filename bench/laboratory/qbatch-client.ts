import { Budget } from '../../src/limits/budget.ts';
import { Limiter } from '../../src/limits/limiter.ts';
import type { PaceEvent } from '../../src/limits/pace-event.ts';
import type { PaceLimits } from '../../src/limits/pace-limits.ts';
import type { LabCall } from './calls.ts';
import type { Client } from './client.ts';

export type QbatchOptions = {
  readonly limits: (model: string) => PaceLimits;
  /** Whether the server is one's own. */
  readonly latencySignals: boolean;
  readonly onPace?: (event: PaceEvent) => void;
};

/** A client with the real limiter: it opens lines in the file's order and sends what it gets leave for. */
export function qbatchClient({ limits, latencySignals, onPace }: QbatchOptions): Client {
  return (calls, service, time) => {
    const models = new Set(calls.map((call) => call.workload.model)).size;
    let next = 0;
    let open = 0;
    let answered = 0;
    const limiter = new Limiter({
      clock: time,
      concurrency: 'auto',
      latencySignals,
      limits,
      budget: new Budget(null, 0),
      maxUnreachableMs: 600_000,
      onUnreachable: (model) => {
        throw new Error(`${model ?? 'the service'} was given up at ${time.monotonicMs()} ms`);
      },
      onBudgetReached: () => undefined,
      ...(onPace !== undefined && { onPace }),
    });
    const fill = (): void => {
      while (open < limiter.windowLines(models) && next < calls.length) {
        const call = calls[next] as LabCall;
        next += 1;
        open += 1;
        ask(call, false);
      }
    };
    const ask = (call: LabCall, again: boolean): void => {
      void limiter
        .admit(
          {
            model: call.workload.model,
            inputTokens: call.estimatedInputTokens,
            outputExpectedTokens: call.estimatedOutputTokens,
            outputMaxTokens: null,
            choices: 1,
            thinking: false,
            estimatedPico: null,
            extras: null,
          },
          again,
        )
        .then((ticket) => {
          if (ticket === null) throw new Error('a call got no leave');
          fill();
          service.send(call, (reply) => {
            if (reply.kind === 'refusal') {
              ticket.throttled(reply.why, null);
              ticket.release({ tokens: null, pico: 0, uncertainPico: 0, latencyMs: null });
              ask(call, true);
              return;
            }
            ticket.admitted();
            ticket.release({
              tokens: reply.tokens,
              pico: 0,
              uncertainPico: 0,
              latencyMs: reply.latencyMs,
            });
            open -= 1;
            answered += 1;
            if (answered === calls.length) limiter.stop();
            else fill();
          });
        });
    };
    fill();
    return { isDone: () => answered === calls.length };
  };
}
