import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Budget } from '../../src/limits/budget.ts';
import type { PaceEvent } from '../../src/limits/pace-event.ts';
import { Limiter } from '../../src/limits/limiter.ts';
import type { LimiterOptions } from '../../src/limits/limiter-options.ts';
import type { Admittable, Ticket, QueueEntry } from '../../src/limits/ticket.ts';
import { createFakeClock, type FakeClock, settleTurns } from '../helpers/fake-clock.ts';

const UNLIMITED = { rpm: 6_000_000, tpm: null };
const DONE = { tokens: null, pico: 0, uncertainPico: 0, latencyMs: null };

function lineOf(model: string, fields: Partial<Admittable> = {}): Admittable {
  return {
    model,
    inputTokens: 20,
    outputExpectedTokens: 80,
    outputMaxTokens: null,
    choices: 1,
    thinking: false,
    estimatedPico: 100,
    extras: null,
    ...fields,
  };
}

/** One slot: qwen-max was refused once and waits behind a call of qwen-plus. */
async function blocked() {
  const limited = createLimiter({ maxUnreachableMs: 10_000, concurrency: 1 });
  const { tickets, ask } = limited;
  ask(lineOf('qwen-max'));
  await settleTurns();
  ask(lineOf('qwen-plus'));
  tickets[0]?.ticket.throttled('throttle_rate', null);
  tickets[0]?.ticket.release(DONE);
  await settleTurns();
  ask(lineOf('qwen-max'), 'again');
  return limited;
}

const made: { limiter: Limiter; clock: FakeClock }[] = [];

function createLimiter(fields: Partial<LimiterOptions> = {}) {
  const clock = createFakeClock();
  const reported: (string | null)[] = [];
  const limiter = new Limiter({
    clock,
    concurrency: 4,
    limits: () => UNLIMITED,
    budget: new Budget(null, 0),
    maxUnreachableMs: 60_000,
    onUnreachable: (model) => {
      reported.push(model);
    },
    onBudgetReached: () => {
      reported.push('budget');
    },
    ...fields,
  });
  made.push({ limiter, clock });
  const tickets: { model: string; ticket: Ticket }[] = [];
  const nulls: string[] = [];
  const ask = (line: Admittable, turn: QueueEntry = 'first'): void => {
    void limiter.admit(line, turn).then((ticket) => {
      if (ticket === null) nulls.push(line.model);
      else tickets.push({ model: line.model, ticket });
    });
  };
  return { clock, limiter, tickets, nulls, reported, ask };
}

test('a start that is months away: no timer that the machine would run at once', async () => {
  const asked: number[] = [];
  const fake = createFakeClock();
  const clock = {
    ...fake,
    after(ms: number, run: () => void): () => void {
      asked.push(ms);
      return fake.after(ms, run);
    },
  };
  const { limiter, ask } = createLimiter({ clock, limits: () => ({ rpm: null, tpm: 1 }) });
  const huge = lineOf('qwen-long', { inputTokens: 10_000_000 });
  ask(huge);
  ask(huge);
  await settleTurns();
  expect(asked.length).toBeGreaterThan(1);
  expect(Math.max(...asked)).toBeLessThan(2 ** 31);
  limiter.stop();
});

afterEach(() => {
  for (const { limiter, clock } of made.splice(0)) {
    limiter.stop();
    expect(clock.timers).toBe(0);
  }
});

describe('Limiter: slots', () => {
  test('never more calls at once than the concurrency, and one more as each is released', async () => {
    const { clock, limiter, tickets, ask } = createLimiter({ concurrency: 3 });
    for (let count = 0; count < 10; count += 1) ask(lineOf('qwen-plus'));
    await clock.advance(1000);
    expect(tickets).toHaveLength(3);
    expect(limiter.inFlight).toBe(3);
    tickets[0]?.ticket.release(DONE);
    await clock.advance(1000);
    expect(tickets).toHaveLength(4);
    expect(limiter.inFlight).toBe(3);
  });

  test('any asking and releasing: the slots are never exceeded, everyone gets leave once, in order within a model', async () => {
    const action = fc.oneof(
      fc.constantFrom('qwen-plus', 'qwen-max', 'qwen-turbo').map((model) => ({ model })),
      fc.nat().map((release) => ({ release })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(action, { minLength: 1, maxLength: 60 }),
        async (concurrency, actions) => {
          const { clock, limiter } = createLimiter({ concurrency });
          const held: Ticket[] = [];
          const admitted = new Map<string, number[]>();
          const asked = new Map<string, number>();
          let most = 0;
          for (const one of actions) {
            if ('model' in one) {
              const nth = (asked.get(one.model) ?? 0) + 1;
              asked.set(one.model, nth);
              void limiter.admit(lineOf(one.model), 'first').then((ticket) => {
                if (ticket === null) throw new Error('no leave although nothing stops');
                held.push(ticket);
                admitted.set(one.model, [...(admitted.get(one.model) ?? []), nth]);
              });
            } else held.splice(one.release % Math.max(1, held.length), 1)[0]?.release(DONE);
            await clock.advance(10);
            most = Math.max(most, held.length);
          }
          for (let guard = 0; guard < 200 && held.length > 0; guard += 1) {
            held.shift()?.release(DONE);
            await clock.advance(10);
            most = Math.max(most, held.length);
          }
          expect(most).toBeLessThanOrEqual(concurrency);
          expect(limiter.inFlight).toBe(0);
          for (const [model, count] of asked)
            expect(admitted.get(model)).toEqual(
              Array.from({ length: count }, (_, index) => index + 1),
            );
        },
      ),
      { numRuns: 30 },
    );
  });

  test('auto: as many as pace and latency ask for, between its bounds', async () => {
    const { clock, limiter, tickets, ask } = createLimiter({
      concurrency: 'auto',
      limits: () => ({ rpm: 60_000, tpm: null }),
    });
    expect(limiter.concurrency).toBe(64);
    ask(lineOf('qwen-plus'));
    await clock.advance(1000);
    // 990 a second, a second each, half as many again.
    expect(limiter.concurrency).toBe(1485);
    for (let count = 0; count < 300; count += 1) {
      tickets.at(-1)?.ticket.release({ ...DONE, latencyMs: 10 });
      ask(lineOf('qwen-plus'));
      await clock.advance(20);
    }
    expect(limiter.concurrency).toBe(64);
  });
});

describe('Limiter: lanes', () => {
  test('slots are scarce: models take turns', async () => {
    const { clock, tickets, ask } = createLimiter({ concurrency: 1 });
    for (let count = 0; count < 6; count += 1) ask(lineOf('qwen-plus'));
    for (let count = 0; count < 3; count += 1) ask(lineOf('qwen-max'));
    for (let count = 0; count < 9; count += 1) {
      await clock.advance(10);
      tickets[count]?.ticket.release(DONE);
    }
    // The first was given before the other model was known.
    expect(
      tickets
        .slice(1, 7)
        .map(({ model }) => model)
        .toSorted(),
    ).toEqual(['qwen-max', 'qwen-max', 'qwen-max', 'qwen-plus', 'qwen-plus', 'qwen-plus']);
    expect(tickets).toHaveLength(9);
  });

  test('a throttled model does not hold up the others', async () => {
    const { clock, tickets, ask } = createLimiter({ concurrency: 2 });
    ask(lineOf('qwen-max'));
    await settleTurns();
    tickets[0]?.ticket.throttled('throttle_rate', 30_000);
    tickets[0]?.ticket.release(DONE);
    ask(lineOf('qwen-max'), 'again');
    for (let count = 0; count < 20; count += 1) ask(lineOf('qwen-plus'));
    for (let count = 1; count <= 20; count += 1) {
      await clock.advance(50);
      tickets[count]?.ticket.release(DONE);
    }
    expect(tickets.slice(1).map(({ model }) => model)).toEqual(
      Array.from({ length: 20 }, () => 'qwen-plus'),
    );
    await clock.advance(30_000);
    expect(tickets.at(-1)?.model).toBe('qwen-max');
  });

  test('what was refused goes before all others of its model', async () => {
    const { clock, limiter } = createLimiter({ concurrency: 1 });
    const order: string[] = [];
    let held: Ticket | null = null;
    const ask = (name: string, turn: QueueEntry): void => {
      void limiter.admit(lineOf('qwen-plus'), turn).then((ticket) => {
        order.push(name);
        held = ticket;
      });
    };
    ask('first', 'first');
    ask('second', 'first');
    ask('third', 'first');
    await settleTurns();
    ask('first again', 'again');
    for (let count = 0; count < 4; count += 1) {
      const ticket = held as Ticket | null;
      held = null;
      ticket?.release(DONE);
      await clock.advance(10);
    }
    expect(order).toEqual(['first', 'first again', 'second', 'third']);
  });

  test('Retry-After pauses the model for so long, and the pause is told', async () => {
    const { clock, limiter, tickets, ask } = createLimiter();
    ask(lineOf('qwen-plus'));
    await settleTurns();
    const { waitMs } = tickets[0]?.ticket.throttled('throttle_rate', 7000) ?? { waitMs: 0 };
    expect(waitMs).toBeGreaterThanOrEqual(7000);
    tickets[0]?.ticket.release(DONE);
    expect(limiter.paces()).toMatchObject([{ model: 'qwen-plus', throttles: 1, pausedMs: 7000 }]);
    ask(lineOf('qwen-plus'), 'again');
    await clock.advance(6999);
    expect(tickets).toHaveLength(1);
    await clock.advance(100);
    expect(tickets).toHaveLength(2);
  });
});

describe('Limiter: stops', () => {
  test('stop: everyone who waits gets null, later ones too, and no timer is left', async () => {
    const { clock, limiter, tickets, nulls, ask } = createLimiter({ concurrency: 1 });
    for (const model of ['qwen-plus', 'qwen-plus', 'qwen-max']) ask(lineOf(model));
    await settleTurns();
    limiter.stop();
    await settleTurns();
    expect(tickets).toHaveLength(1);
    expect(nulls).toHaveLength(2);
    ask(lineOf('qwen-plus'), 'again');
    await settleTurns();
    expect(nulls).toHaveLength(3);
    expect(clock.timers).toBe(0);
    tickets[0]?.ticket.release(DONE);
    expect(clock.timers).toBe(0);
  });

  test("park: only that model's lines get null", async () => {
    const { clock, limiter, tickets, nulls, ask } = createLimiter({ concurrency: 1 });
    for (const model of ['qwen-plus', 'qwen-max', 'qwen-max', 'qwen-plus']) ask(lineOf(model));
    await settleTurns();
    limiter.park('qwen-max');
    await settleTurns();
    expect(nulls).toEqual(['qwen-max', 'qwen-max']);
    tickets[0]?.ticket.release(DONE);
    await clock.advance(100);
    expect(tickets.map(({ model }) => model)).toEqual(['qwen-plus', 'qwen-plus']);
    ask(lineOf('qwen-max'));
    await settleTurns();
    expect(nulls).toHaveLength(3);
  });
});

describe('Limiter: money', () => {
  test('a call that does not fit waits while calls in flight may make room', async () => {
    const { clock, tickets, reported, ask } = createLimiter({ budget: new Budget(250, 0) });
    for (let count = 0; count < 3; count += 1) ask(lineOf('qwen-plus'));
    await clock.advance(100);
    expect(tickets).toHaveLength(2);
    expect(reported).toEqual([]);
    tickets[0]?.ticket.release({ ...DONE, pico: 40 });
    await clock.advance(100);
    expect(tickets).toHaveLength(3);
    expect(reported).toEqual([]);
  });

  test('nothing in flight and the next does not fit: told, and nothing starts', async () => {
    const { clock, tickets, reported, ask } = createLimiter({ budget: new Budget(250, 0) });
    for (let count = 0; count < 3; count += 1) ask(lineOf('qwen-plus'));
    await clock.advance(100);
    tickets[0]?.ticket.release({ ...DONE, pico: 100 });
    tickets[1]?.ticket.release({ ...DONE, pico: 100 });
    await clock.advance(100);
    expect(reported).toContain('budget');
    expect(tickets).toHaveLength(2);
  });
});

describe('Limiter: a service that admits nothing', () => {
  test('cannot be reached: the pause doubles from 250 ms to 10 s, and a first success ends it', async () => {
    const { clock, limiter, tickets, ask } = createLimiter();
    const pauses: number[] = [];
    for (let count = 0; count < 8; count += 1) {
      const pause = limiter.unreachable('connect ECONNREFUSED');
      pauses.push(pause);
      await clock.advance(pause);
    }
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    ask(lineOf('qwen-plus'));
    await clock.advance(100);
    tickets[0]?.ticket.admitted();
    expect(limiter.unreachable('connect ECONNREFUSED')).toBe(250);
  });

  test('what keeps calls from it is there to be shown, until one has a connection', async () => {
    const { clock, limiter, tickets, ask } = createLimiter();
    expect(limiter.outage()).toBeNull();
    for (let count = 0; count < 3; count += 1)
      await clock.advance(limiter.unreachable('connect ECONNREFUSED'));
    const reason = 'connect ECONNREFUSED';
    expect(limiter.outage()).toEqual({ kind: 'unreachable', forMs: 1750, reason });
    ask(lineOf('qwen-plus'));
    await clock.advance(100);
    tickets[0]?.ticket.reached();
    expect(limiter.outage()).toBeNull();
  });

  test('a reply that has begun ends it, long before the call was admitted', async () => {
    const { clock, limiter, tickets, reported, ask } = createLimiter({ maxUnreachableMs: 10_000 });
    for (let count = 0; count < 3; count += 1)
      await clock.advance(limiter.unreachable('connect ECONNREFUSED'));
    ask(lineOf('qwen-plus'));
    await clock.advance(100);
    tickets[0]?.ticket.reached();
    expect(limiter.unreachable('connect ECONNREFUSED')).toBe(250);
    tickets[0]?.ticket.release(DONE);
    await clock.advance(10_000);
    expect(reported).toEqual([]);
  });

  test('while it cannot be reached a few calls try; the first that gets a connection lets the others follow', async () => {
    const { clock, limiter, tickets, ask } = createLimiter({
      concurrency: 100,
      limits: () => ({ rpm: 60_000, tpm: null }),
    });
    await clock.advance(limiter.unreachable('connect ECONNREFUSED'));
    for (let count = 0; count < 40; count += 1) ask(lineOf('qwen-plus'));
    await clock.advance(100);
    expect(tickets).toHaveLength(8);
    for (const { ticket } of tickets) {
      limiter.unreachable('connect ECONNREFUSED');
      ticket.release(DONE);
    }
    await clock.advance(500);
    expect(tickets).toHaveLength(16);
    // One that ends in whatever other way makes room for another.
    tickets[8]?.ticket.release(DONE);
    await clock.advance(100);
    expect(tickets).toHaveLength(17);
    tickets[9]?.ticket.connected();
    await clock.advance(40);
    expect(tickets).toHaveLength(40);
  });

  test('many calls refused at once: one pause', () => {
    const { limiter } = createLimiter();
    expect([
      limiter.unreachable('connect ECONNREFUSED'),
      limiter.unreachable('connect ECONNREFUSED'),
      limiter.unreachable('connect ECONNREFUSED'),
    ]).toEqual([250, 250, 250]);
  });

  test('for longer than allowed: told once the time is over, not before', async () => {
    const { clock, limiter, reported } = createLimiter({ maxUnreachableMs: 10_000 });
    limiter.unreachable('connect ECONNREFUSED');
    await clock.advance(10_000);
    expect(reported).toEqual([]);
    await clock.advance(1000);
    expect(reported[0]).toBeNull();
  });

  test('any admission starts the time anew', async () => {
    const { clock, limiter, tickets, reported, ask } = createLimiter({ maxUnreachableMs: 10_000 });
    ask(lineOf('qwen-plus'));
    await settleTurns();
    limiter.unreachable('connect ECONNREFUSED');
    await clock.advance(8000);
    tickets[0]?.ticket.admitted();
    limiter.unreachable('connect ECONNREFUSED');
    await clock.advance(9000);
    expect(reported).toEqual([]);
  });

  test('one model throttled for longer than allowed: told with its name', async () => {
    const { clock, tickets, reported, ask } = createLimiter({ maxUnreachableMs: 10_000 });
    ask(lineOf('qwen-max'));
    ask(lineOf('qwen-plus'));
    await settleTurns();
    const refused = tickets.find(({ model }) => model === 'qwen-max')?.ticket;
    refused?.throttled('throttle_rate', null);
    refused?.release(DONE);
    ask(lineOf('qwen-max'), 'again');
    const other = tickets.find(({ model }) => model === 'qwen-plus')?.ticket;
    other?.release({ ...DONE, latencyMs: 100 });
    await clock.advance(100);
    const again = tickets.at(-1);
    expect(again?.model).toBe('qwen-max');
    again?.ticket.throttled('throttle_rate', 60_000);
    again?.ticket.release(DONE);
    ask(lineOf('qwen-max'), 'again');
    await clock.advance(8900);
    expect(reported).toEqual([]);
    await clock.advance(3000);
    expect(reported[0]).toBe('qwen-max');
    expect(reported).not.toContain('qwen-plus');
  });

  test('refused once, and then there was nothing to send for a long time: not told, later lines get leave', async () => {
    const { clock, tickets, reported, ask } = createLimiter({ maxUnreachableMs: 10_000 });
    ask(lineOf('qwen-max'));
    await settleTurns();
    tickets[0]?.ticket.throttled('throttle_rate', null);
    tickets[0]?.ticket.release(DONE);
    await clock.advance(60_000);
    ask(lineOf('qwen-max'));
    await clock.advance(2000);
    expect(tickets).toHaveLength(2);
    tickets[1]?.ticket.throttled('throttle_rate', 60_000);
    tickets[1]?.ticket.release(DONE);
    ask(lineOf('qwen-max'), 'again');
    await clock.advance(9000);
    expect(reported).toEqual([]);
    await clock.advance(3000);
    expect(reported[0]).toBe('qwen-max');
  });

  test('the process is stopped for an hour: not told, since nothing could be tried meanwhile', async () => {
    const fake = createFakeClock();
    let stoppedMs = 0;
    const clock = { ...fake, monotonicMs: () => fake.monotonicMs() + stoppedMs };
    const { limiter, reported, tickets, ask } = createLimiter({ clock, maxUnreachableMs: 10_000 });
    ask(lineOf('qwen-max'));
    await settleTurns();
    tickets[0]?.ticket.throttled('throttle_rate', 60_000);
    tickets[0]?.ticket.release(DONE);
    ask(lineOf('qwen-max'), 'again');
    limiter.unreachable('connect ECONNREFUSED');
    await fake.advance(5000);
    stoppedMs = 3_600_000;
    await fake.advance(1000);
    expect(reported).toEqual([]);
    tickets[1]?.ticket.throttled('throttle_rate', 60_000);
    tickets[1]?.ticket.release(DONE);
    ask(lineOf('qwen-max'), 'again');
    limiter.unreachable('connect ECONNREFUSED');
    await fake.advance(4000);
    expect(reported).toEqual([]);
    await fake.advance(10_000);
    expect(reported).toContain(null);
    expect(reported).toContain('qwen-max');
    limiter.stop();
  });

  test('refused once, and then it waits for the slot of another: not told, its next try is admitted', async () => {
    const { clock, tickets, reported } = await blocked();
    expect(tickets.map(({ model }) => model)).toEqual(['qwen-max', 'qwen-plus']);
    // A call that takes its time: qwen-max was not asked meanwhile.
    tickets[1]?.ticket.admitted();
    await clock.advance(60_000);
    expect(reported).toEqual([]);
    tickets[1]?.ticket.release(DONE);
    await clock.advance(100);
    expect(tickets.map(({ model }) => model)).toEqual(['qwen-max', 'qwen-plus', 'qwen-max']);
    tickets[2]?.ticket.admitted();
    await clock.advance(20_000);
    expect(reported).toEqual([]);
  });

  test('refused, blocked by the slot of another, and refused again without end: told', async () => {
    const { clock, tickets, reported, ask } = await blocked();
    await clock.advance(30_000);
    tickets[1]?.ticket.release(DONE);
    await clock.advance(100);
    tickets[2]?.ticket.throttled('throttle_rate', 60_000);
    tickets[2]?.ticket.release(DONE);
    ask(lineOf('qwen-max'), 'again');
    await clock.advance(12_000);
    expect(reported[0]).toBe('qwen-max');
  });
});

describe('limits set anew', () => {
  test('a limit is raised while the next start is far away: it comes as the new pace has it', async () => {
    let limits = { rpm: 2, tpm: null };
    const { clock, limiter, tickets, ask } = createLimiter({ limits: () => limits });
    for (let count = 0; count < 4; count += 1) ask(lineOf('qwen-plus'));
    await clock.advance(3000);
    expect(tickets).toHaveLength(1);
    limits = { rpm: 6000, tpm: null };
    limiter.retune({ rpm: 'auto' });
    await clock.advance(1000);
    expect(tickets).toHaveLength(4);
  });

  test('the tokens of a large call under a small limit do not hold up a larger one', async () => {
    const large = lineOf('qwen-plus', { inputTokens: 100_000 });
    let limits = { rpm: null, tpm: 1000 };
    const { clock, limiter, tickets, ask } = createLimiter({ limits: () => limits });
    for (let count = 0; count < 3; count += 1) ask(large);
    await clock.advance(5000);
    expect(tickets).toHaveLength(1);
    limits = { rpm: null, tpm: 60_000_000 };
    limiter.retune({ tpm: 'auto' });
    await clock.advance(10_000);
    expect(tickets).toHaveLength(3);
  });
});

describe('the ramp', () => {
  test('a small limit that is known: the second call is due after one spacing and the ramp, not after four', async () => {
    const { clock, tickets, ask } = createLimiter({ limits: () => ({ rpm: 12, tpm: null }) });
    for (let count = 0; count < 3; count += 1) ask(lineOf('qwen-plus'));
    await clock.advance(6000);
    expect(tickets).toHaveLength(1);
    // 5.05 s at 99 % of 12 a minute, and the 1.5 s that the ramp of 4 s takes away.
    await clock.advance(1000);
    expect(tickets).toHaveLength(2);
    await clock.advance(4000);
    expect(tickets).toHaveLength(2);
    await clock.advance(1000);
    expect(tickets).toHaveLength(3);
  });
});

test('all calls in flight are cut at once: a third fewer may be in flight, not one of the few that were tried again', async () => {
  const { clock, limiter, tickets, ask } = createLimiter({ concurrency: 200 });
  for (let call = 0; call < 200; call += 1) ask(lineOf('qwen-plus'));
  await clock.advance(900);
  expect(limiter.inFlight).toBe(200);
  for (const { ticket } of tickets) {
    ticket.overloaded('qbatch_network');
    ticket.release(DONE);
  }
  ask(lineOf('qwen-plus'), 'again');
  await clock.advance(100);
  expect(limiter.concurrency).toBe(140);
});

test('kept back: nobody gets leave, however long; given back: those that wait, at the pace of that moment', async () => {
  const { clock, limiter, tickets, ask } = createLimiter({
    limits: () => ({ rpm: 600, tpm: null }),
    concurrency: 100,
  });
  await clock.advance(10_000);
  ask(lineOf('qwen-plus'));
  await clock.advance(1000);
  expect(tickets).toHaveLength(1);
  limiter.suspend(true);
  for (let call = 0; call < 50; call += 1) ask(lineOf('qwen-plus'));
  await clock.advance(60_000);
  expect(tickets).toHaveLength(1);
  limiter.suspend(false);
  await clock.advance(1000);
  expect(tickets.length).toBeGreaterThan(2);
  expect(tickets.length).toBeLessThan(13);
});

test('the first change of a pace is told against what the lane began with', async () => {
  const reported: PaceEvent[] = [];
  const known = { rpm: 600, tpm: 100_000 };
  const { limiter, ask } = createLimiter({
    limits: () => ({ ...known, tpm: limiter.inFlight > 0 ? null : known.tpm }),
    onPace: (event) => reported.push(event),
  });
  ask(lineOf('qwen-plus'));
  await settleTurns();
  limiter.retune({ tpm: 'auto' });
  expect(reported).toEqual([
    {
      ...{ kind: 'change', model: 'qwen-plus', atMs: expect.any(Number), reason: 'set anew' },
      ...{ dimension: 'tokens', from: expect.closeTo(99_000), to: null },
    },
  ]);
});
