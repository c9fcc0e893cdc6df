import { MoneyCheck } from './check-money.ts';
import type { Event, Fate, History, Outcome } from './history.ts';

type Call = { readonly fate: Fate; readonly number: number; outcome: Outcome | 'flying' };

/** A line as the outside knows it. */
type LineSeen = {
  starts: number;
  sends: number;
  settled: boolean;
  /** The call whose end is not durable yet. */
  flying: Call | null;
  last: Call | null;
  /** What the ledger last said of a call of this line. */
  lastClass: string | null;
};

/** What a history came to, for the report. */
export type Figures = {
  calls: number;
  halts: number;
  resentAfterHalt: number;
  mostInFlight: number;
  capStops: number;
};

/**
 * Reads a history and says what in it breaks a promise; nothing else of the program is asked. A call
 * whose fate the client cannot know is *unknown*: it may be made again, and may have been billed.
 */
export class HistoryCheck {
  readonly wrong: string[] = [];
  readonly figures: Figures = {
    calls: 0,
    halts: 0,
    resentAfterHalt: 0,
    mostInFlight: 0,
    capStops: 0,
  };
  private readonly lines = new Map<number, LineSeen>();
  private readonly flying = new Set<LineSeen>();
  private readonly history: History;
  private readonly calls: Call[] = [];
  private readonly money = new MoneyCheck((what) => {
    this.say(what);
  });

  constructor(history: History) {
    this.history = history;
    for (const event of history.events) this.take(event);
    this.figures.capStops = this.money.stops;
  }

  /** The calls that a line's ledger rows speak of, in their order. */
  get settledLines(): number {
    let count = 0;
    for (const { settled } of this.lines.values()) if (settled) count += 1;
    return count;
  }

  private say(what: string): void {
    if (this.wrong.length < 20) this.wrong.push(what);
  }

  private line(number: number): LineSeen {
    let seen = this.lines.get(number);
    if (seen === undefined) {
      seen = { starts: 0, sends: 0, settled: false, flying: null, last: null, lastClass: null };
      this.lines.set(number, seen);
    }
    return seen;
  }

  private take(event: Event): void {
    switch (event.kind) {
      case 'begin':
        this.money.begin(event);
        return;
      case 'control':
        return;
      case 'start':
        this.line(event.line).starts += 1;
        this.money.start(event);
        return;
      case 'send':
        this.send(event);
        return;
      case 'reply': {
        const call = this.calls[event.call];
        if (call !== undefined) call.outcome = event.outcome;
        return;
      }
      case 'end':
        this.money.end(event);
        this.end(event);
        return;
      case 'settle':
        this.settle(event);
        return;
      case 'halt':
        this.figures.halts += 1;
        this.lose();
        return;
      case 'exit':
        if (event.graceful && this.flying.size > 0)
          this.say(`a graceful end left ${this.flying.size} calls without a record`);
        this.money.exit(event);
        if (event.code === 70) this.say('the program said that it has a bug (70)');
        this.lose();
    }
  }

  /** What was in flight has an unknown fate: it may be made again. */
  private lose(): void {
    for (const line of this.flying) {
      if (line.flying !== null) line.flying.outcome = 'unknown';
      line.flying = null;
      line.lastClass = 'lost';
    }
    this.flying.clear();
    this.money.lose();
  }

  private send({ line: number, call, cap }: Extract<Event, { kind: 'send' }>): void {
    const line = this.line(number);
    const what = `call ${call} for line ${number}`;
    const fate = this.history.fates[call] as Fate;
    this.figures.calls += 1;
    line.sends += 1;
    if (line.settled) this.say(`${what}: its record was durable already`);
    if (line.starts < line.sends) this.say(`${what}: no durable start record`);
    if (line.flying !== null) this.say(`${what}: another one was in flight`);
    if (line.lastClass === 'answered') this.say(`${what}: it was answered before`);
    if (line.lastClass === 'lost') this.figures.resentAfterHalt += 1;
    const made: Call = { fate, number: call, outcome: 'flying' };
    this.calls[call] = made;
    line.flying = made;
    line.last = made;
    this.flying.add(line);
    this.figures.mostInFlight = Math.max(this.figures.mostInFlight, this.flying.size);
    if (this.flying.size > cap) this.say(`${what}: ${this.flying.size} in flight, ${cap} allowed`);
  }

  /** The record of a call against what the service knows of it. */
  private end(event: Extract<Event, { kind: 'end' }>): void {
    const { line: number, attempt, class: kind } = event;
    const line = this.line(number);
    const what = `attempt ${attempt} of line ${number} (${kind})`;
    const call = line.flying;
    line.lastClass = kind;
    line.flying = null;
    this.flying.delete(line);
    if (call === null) {
      if (kind !== 'never_sent') this.say(`${what}: there was no call`);
      return;
    }
    const { fate, outcome } = call;
    if (kind === 'answered' && (outcome !== 'answer' || !fate.billed))
      this.say(`${what}: the service gave no answer (${outcome})`);
    if (kind === 'answered' && (event.tokens !== fate.tokens || event.pico !== fate.pico))
      this.say(
        `${what}: ${event.tokens} tokens, ${event.pico} pico; billed ${fate.tokens}, ${fate.pico}`,
      );
    if (kind !== 'answered' && outcome === 'answer')
      this.say(`${what}: the answer was thrown away`);
    if (kind === 'rejected' && fate.billed) this.say(`${what}: it was billed`);
    if (kind === 'never_sent' && fate.received) this.say(`${what}: the service has seen it`);
    if (kind === 'possibly_billed' && outcome === 'unsent')
      this.say(`${what}: the service has never seen it`);
  }

  private settle({ line: number, state, body }: Extract<Event, { kind: 'settle' }>): void {
    const line = this.line(number);
    if (line.settled) this.say(`line ${number}: a second terminal record (${state})`);
    line.settled = true;
    if (state !== 'answered') return;
    const fate = line.last?.fate;
    if (fate === undefined || fate.token === null || body === null)
      this.say(`line ${number}: answered without an answer`);
    else if (fate.body === null ? textOf(body) !== fate.token : body !== fate.body)
      this.say(`line ${number}: the answer is not that of call ${line.last?.number}`);
    if (Number(fate?.token?.split('#')[0]) !== number)
      this.say(`line ${number}: the answer is another line's`);
  }
}

/** The text of a native answer. */
export function textOf(body: string): unknown {
  const value = JSON.parse(body) as {
    output?: { choices?: { message?: { content?: unknown } }[] };
  };
  return value.output?.choices?.[0]?.message?.content;
}
