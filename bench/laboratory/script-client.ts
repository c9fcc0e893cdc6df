import pLimit from 'p-limit';
import type { Clock } from '../../src/clock.ts';
import type { LabCall } from './calls.ts';
import type { Client } from './client.ts';
import type { Reply, Service } from './service.ts';

const BACKOFF_MS = { base: 1000, most: 60_000 } as const;

/** What a user would write: so many calls at once by p-limit, a refused one again after 1 s, 2 s, 4 s ... with jitter, for ever. */
export function scriptClient(concurrency: number): Client {
  return (calls, service, time) => {
    let answered = 0;
    const slots = pLimit(concurrency);
    for (const call of calls) {
      void slots(async () => {
        for (let attempt = 0; ; attempt += 1) {
          const reply = await sent(call, service);
          if (reply.kind === 'answer') break;
          const most = Math.min(BACKOFF_MS.most, BACKOFF_MS.base * 2 ** attempt);
          await slept(time, most * (0.5 + time.random() / 2));
        }
        answered += 1;
      });
    }
    return { isDone: () => answered === calls.length };
  };
}

function sent(call: LabCall, service: Pick<Service, 'send'>): Promise<Reply> {
  return new Promise((resolve) => {
    service.send(call, resolve);
  });
}

function slept(time: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    time.after(ms, resolve);
  });
}
