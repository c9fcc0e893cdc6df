import type { Client } from './client.ts';

const LOOK_AGAIN_MS = 20;

/**
 * The yardstick where costs are known only afterwards: starts spaced evenly at `share` of the known token
 * limit, by what calls take on average. A refused call is sent again, and the
 * flow goes on after `restSpacings` calls' time. It learns nothing and is never wrong about the limit: for
 * each share of refusals it shows how much of a quota any even flow can use.
 */
export function evenClient(share: number, restSpacings: number): Client {
  return (calls, service, time) => {
    const waiting = calls.toReversed();
    let answered = 0;
    let nextMs = 0;
    const start = (): void => {
      if (answered === calls.length) return;
      const now = time.monotonicMs();
      const call = nextMs > now ? undefined : waiting.pop();
      if (call === undefined) {
        // Without a call to send it looks again: a refused one may come back.
        time.after(nextMs > now ? nextMs - now : LOOK_AGAIN_MS, start);
        return;
      }
      const { inputTokens, outputTokens, quota } = call.workload;
      const perMs = (quota.tpm / 60_000) * share;
      const spacingMs = (inputTokens + outputTokens) / perMs;
      nextMs = Math.max(nextMs, now) + (call.inputTokens + outputTokens) / perMs;
      service.send(call, (reply) => {
        if (reply.kind === 'answer') answered += 1;
        else {
          waiting.push(call);
          nextMs = Math.max(nextMs, time.monotonicMs() + restSpacings * spacingMs);
        }
      });
      time.after(nextMs - now, start);
    };
    start();
    return { isDone: () => answered === calls.length };
  };
}
