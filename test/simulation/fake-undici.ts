import type { Dispatcher } from 'undici';
import type { Outcome } from './history.ts';
import type { Reply, Service } from './service.ts';
import { currentWorld, ProcessDied, type World } from './world.ts';

type Handler = Required<
  Pick<
    Dispatcher.DispatchHandler,
    'onRequestStart' | 'onResponseStart' | 'onResponseData' | 'onResponseEnd' | 'onResponseError'
  >
>;

/** The service of a world, set with it. */
export const services = new WeakMap<World, Service>();

/** The line that a request is for: every prompt of the simulation says it. */
function lineOf(body: string): number {
  return Number(/q-(\d+)!/.exec(body)?.[1]);
}

function coded(code: string): Error {
  return Object.assign(new Error(`simulated ${code}`), { code });
}

/** One call on its way: plays a reply, step by step, until it is over or dropped. */
class Exchange {
  private readonly world: World;
  private readonly reply: Reply;
  private readonly call: number;
  private readonly handler: Handler;
  private readonly number: number;
  private readonly idleMs: number;
  private over = false;
  /** Every piece of the reply has been handed over. */
  private said = false;
  private readonly controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort: (reason: Error): void => {
      this.fail(reason);
    },
    pause: () => undefined,
    resume: () => undefined,
  } as unknown as Dispatcher.DispatchController;

  constructor(world: World, call: number, at: { reply: Reply; handler: Handler; idleMs: number }) {
    this.world = world;
    this.call = call;
    this.reply = at.reply;
    this.handler = at.handler;
    this.idleMs = at.idleMs;
    this.number = world.process;
  }

  begin(): void {
    const { reply } = this;
    if (reply.refusedBy !== null) {
      const code = reply.refusedBy;
      this.after(reply.headMs, () => {
        this.fail(coded(code));
      });
      return;
    }
    this.handler.onRequestStart(this.controller, undefined);
    this.after(reply.headMs, () => {
      this.head();
    });
  }

  private after(ms: number, step: () => void): void {
    this.world.time.after(ms, () => {
      if (this.over || !this.world.lives(this.number)) return;
      this.world.time.activity += 1;
      try {
        step();
      } catch (error) {
        if (!(error instanceof ProcessDied)) throw error;
      }
    });
  }

  private head(): void {
    const { reply, handler } = this;
    // Nothing at all, not even a head: the deadline is the client's to keep.
    if (reply.ending === 'never' && reply.chunks.length === 0) return;
    this.world.passes('reply');
    handler.onResponseStart(this.controller, reply.statusCode, { ...reply.headers }, '');
    this.next(0);
  }

  private next(index: number): void {
    const { reply, handler } = this;
    this.after(index === 0 ? 0 : reply.gapMs, () => {
      const chunk = reply.chunks[index];
      if (chunk !== undefined) {
        this.said = index === reply.chunks.length - 1;
        handler.onResponseData(this.controller, chunk);
        this.next(index + 1);
      } else if (reply.ending === 'whole') this.end();
      else if (reply.ending === 'error') this.fail(coded(reply.errorCode));
      else {
        this.after(this.idleMs, () => {
          this.fail(coded('UND_ERR_BODY_TIMEOUT'));
        });
      }
    });
  }

  private end(): void {
    this.over = true;
    this.told(this.reply.fate.token !== null ? 'answer' : this.outcomeOfEnd());
    this.handler.onResponseEnd(this.controller, {});
    // Some connections end twice.
    if (this.world.chance(0.02)) this.handler.onResponseEnd(this.controller, {});
  }

  private outcomeOfEnd(): Outcome {
    return this.reply.fate.billed ? 'unknown' : 'refused';
  }

  /** A stream says in its frames that it was all; a body without its end says nothing. */
  private outcomeOfFailure(): Outcome {
    const { fate, headers } = this.reply;
    const isStream = headers['content-type'] === 'text/event-stream';
    if (isStream && this.said && fate.token !== null) return 'answer';
    return fate.received ? 'unknown' : 'unsent';
  }

  private fail(error: Error): void {
    if (this.over) return;
    this.over = true;
    this.told(this.outcomeOfFailure());
    const { controller } = this;
    this.handler.onResponseError(
      this.reply.refusedBy === null ? controller : (null as never),
      error,
    );
  }

  private told(outcome: Outcome): void {
    if (this.world.lives(this.number)) this.world.tell({ kind: 'reply', call: this.call, outcome });
  }
}

/** undici's pool as far as `call.ts` uses it. */
export class Pool {
  private readonly idleMs: number;

  constructor(_origin: string, options: { bodyTimeout: number }) {
    this.idleMs = options.bodyTimeout;
  }

  dispatch(request: { body: Buffer; headers: Record<string, string> }, handler: Handler): boolean {
    const world = currentWorld();
    const service = services.get(world);
    if (service === undefined) throw new Error('the world has no service');
    if (!world.alive) return false;
    const line = lineOf(request.body.toString());
    const streamed = request.headers['x-dashscope-sse'] === 'enable';
    const times = world.sabotage === 'call-is-made-twice' && world.chance(0.02) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const nth = world.history.fates.length;
      const asked = world.sabotage === 'answer-of-another-line' && nth % 50 === 49;
      const planned = service.reply(asked ? line + 1 : line, nth, streamed);
      const reply = { ...planned, fate: { ...planned.fate, line } };
      const call = world.addFate(
        world.sabotage === 'bill-is-larger' && nth % 50 === 49
          ? { ...reply.fate, tokens: reply.fate.tokens + 1 }
          : reply.fate,
      );
      world.tell({ kind: 'send', line, call, cap: world.control.mostAt(world.time.nowMs) });
      if (time > 0) continue;
      new Exchange(world, call, { reply, handler, idleMs: this.idleMs }).begin();
      world.passes('send');
    }
    return true;
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }
}

/** Never used: the simulation has no proxy. */
export class EnvHttpProxyAgent extends Pool {}

/** What opens connections; here there are none. */
export function buildConnector(): () => void {
  return () => undefined;
}
