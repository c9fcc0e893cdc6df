import type { LineChunk } from '../../src/execute/line-chunk.ts';
import { LineSource } from '../../src/execute/line-source.ts';
import { mayOpen } from '../../src/execute/may-open.ts';
import { Budget } from '../../src/limits/budget.ts';
import { Limiter } from '../../src/limits/limiter.ts';
import type { PaceEvent } from '../../src/limits/pace-event.ts';
import type { PaceLimits } from '../../src/limits/pace-limits.ts';
import { readAhead } from '../../src/limits/read-ahead.ts';
import type { Admittable, QueueEntry } from '../../src/limits/ticket.ts';
import type { LabCall } from './calls.ts';
import type { Client } from './client.ts';

export type QbatchOptions = {
  readonly limits: (model: string) => PaceLimits;
  /** Whether the server is one's own. */
  readonly isOwnServer: boolean;
  readonly onPace?: (event: PaceEvent) => void;
};

/** A call as the limiter sees it: one object for all its tries. */
function lineOf(call: LabCall): Admittable {
  return {
    model: call.workload.model,
    inputTokens: call.estimatedInputTokens,
    outputExpectedTokens: call.estimatedOutputTokens,
    outputMaxTokens: null,
    choices: 1,
    thinking: false,
    estimatedPico: null,
    extras: null,
  };
}

/** The default of `--timeout`. */
const TIMEOUT_MS = 330_000;

/** How many lines the file gives at once: as many of a kilobyte as the program reads. */
const CHUNK_LINES = 64;

type LabLine = Admittable & { readonly lineNo: number; readonly call: LabCall };

/** The file from its start, or, a second time, the lines of one model. */
async function* read(
  lines: readonly LabLine[],
  again: { readonly model: string; readonly fromLine: () => number } | null,
): AsyncGenerator<LineChunk<LabLine>> {
  let at = again === null ? 0 : again.fromLine() - 1;
  for (; at < lines.length; at += CHUNK_LINES) {
    const chunk = await Promise.resolve(lines.slice(at, at + CHUNK_LINES));
    const wanted = again === null ? chunk : chunk.filter(({ model }) => model === again.model);
    yield { lines: wanted, nextLineNo: at + chunk.length + 1 };
  }
}

/** A client with the real limiter: it opens lines in the file's order and sends what it gets leave for. */
export function qbatchClient({ limits, isOwnServer, onPace }: QbatchOptions): Client {
  return (calls, service, time) => {
    const lines = calls.map((call, at): LabLine => ({ ...lineOf(call), lineNo: at + 1, call }));
    let open = 0;
    let ended = 0;
    const limiter = new Limiter({
      clock: time,
      concurrency: 'auto',
      ownServer: isOwnServer ? { timeoutMs: TIMEOUT_MS } : null,
      limits,
      budget: new Budget(null, 0),
      maxUnreachableMs: 600_000,
      onUnreachable: (model) => {
        throw new Error(`${model ?? 'the service'} was given up at ${time.monotonicMs()} ms`);
      },
      onBudgetReached: () => undefined,
      ...(onPace !== undefined && { onPace }),
    });
    const room = readAhead(limiter, new Set(lines.map(({ model }) => model)).size);
    const source = new LineSource<LabLine>(
      { chunks: read(lines, null), again: (model, fromLine) => read(lines, { model, fromLine }) },
      room,
      (failure) => {
        if (failure !== null) throw failure.error;
        fill();
      },
    );
    const fill = (): void => {
      for (;;) {
        const of = mayOpen({ size: open, bodyBytes: 0 }, room);
        const line = of === null ? undefined : source.take(of);
        if (line === undefined) return;
        open += 1;
        ask(line, line.call, 'first');
      }
    };
    const ask = (line: Admittable, call: LabCall, turn: QueueEntry): void => {
      void limiter.admit(line, turn).then((ticket) => {
        if (ticket === null) throw new Error('a call got no leave');
        fill();
        service.send(call, (reply) => {
          if (reply.kind === 'refusal') {
            const { givenUpAfter } = ticket.throttled(reply.why, reply.waitMs);
            ticket.release({ tokens: null, pico: 0, uncertainPico: 0, latencyMs: null });
            if (givenUpAfter === null) return ask(line, call, 'again');
            if (call.refusedFor === null)
              throw new Error(`a line was given up after ${givenUpAfter} refusals`);
            return end();
          }
          ticket.admitted();
          ticket.release({
            tokens: reply.tokens,
            pico: 0,
            uncertainPico: 0,
            latencyMs: reply.latencyMs,
          });
          end();
        });
      });
    };
    const end = (): void => {
      open -= 1;
      ended += 1;
      if (ended === calls.length) limiter.stop();
      else fill();
    };
    fill();
    return { isDone: () => ended === calls.length };
  };
}
