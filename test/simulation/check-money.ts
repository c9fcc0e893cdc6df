import { CUT_CODES } from '../../src/ledger/possibly-billed.ts';
import type { Event } from './history.ts';

type End = Extract<Event, { kind: 'end' }>;

/**
 * Whether a cap holds: no call begins while what is certain, what may have been billed and what is set
 * aside for the calls in flight is more than the cap, but for what calls that have ended since took
 * beyond what was set aside for them (docs/money.md).
 */
export class MoneyCheck {
  /** How often a run stopped at its cap. */
  stops = 0;
  private readonly say: (what: string) => void;
  private spent = 0;
  private readonly aside = new Map<number, number>();
  private asideSum = 0;
  /** The newest commits, in which calls ended whose end was not known yet when a call was let go. */
  private ended: { readonly commit: number; readonly beyond: number }[] = [];
  private cap: number | null = null;
  private callMost = 0;

  constructor(say: (what: string) => void) {
    this.say = say;
  }

  begin({ capPico, callPicoMost }: Extract<Event, { kind: 'begin' }>): void {
    this.cap = capPico;
    this.callMost = callPicoMost;
  }

  start({ line, pico, commit }: Extract<Event, { kind: 'start' }>): void {
    this.drop(line);
    this.aside.set(line, pico);
    this.asideSum += pico;
    this.ended = this.ended.filter((one) => one.commit >= commit - 2);
    if (this.cap === null) return;
    const beyond = this.ended.reduce((sum, one) => sum + one.beyond, 0);
    const bound = this.spent + this.asideSum;
    if (bound > this.cap + beyond)
      this.say(
        `line ${line} begins at ${bound} of ${this.cap} pico, ${beyond} beyond what was set aside`,
      );
  }

  end({ line, class: kind, code, pico, commit }: End): void {
    const aside = this.drop(line);
    if (kind !== 'answered' && kind !== 'possibly_billed') return;
    // Of a call that was cut, what had been counted by then is the least that it took.
    const isCut = kind === 'possibly_billed' && CUT_CODES.includes(code ?? '');
    const took = Math.max(pico ?? aside, isCut ? aside : 0);
    this.spent += took;
    if (took > aside) this.ended.push({ commit, beyond: took - aside });
  }

  /** Nobody knows what became of the calls in flight: each may have been billed. */
  lose(): void {
    this.spent += this.asideSum;
    this.aside.clear();
    this.asideSum = 0;
    this.ended = [];
  }

  exit({ code }: Extract<Event, { kind: 'exit' }>): void {
    if (code !== 3) return;
    this.stops += 1;
    if (this.cap === null) this.say('stopped at a cap that nobody set');
    else if (this.spent + this.callMost <= this.cap)
      this.say(`stopped at ${this.spent} of ${this.cap} pico, though any call would have fitted`);
  }

  private drop(line: number): number {
    const aside = this.aside.get(line) ?? 0;
    this.aside.delete(line);
    this.asideSum -= aside;
    return aside;
  }
}
