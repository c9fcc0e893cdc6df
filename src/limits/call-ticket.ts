import type { FailureClass } from '../failure.ts';
import type { Flight, Lane } from './lane.ts';
import type { Slot } from './slots.ts';
import type { AfterRefusal, Refusal, Reservation, Ticket } from './ticket.ts';

/** The issuer of a ticket, notified of what becomes of its call. */
export type TicketDesk = {
  reached(replied: boolean): void;
  admitted(ticket: CallTicket): void;
  throttled(ticket: CallTicket, refusal: Refusal): AfterRefusal;
  overloaded(ticket: CallTicket, said: string): void;
  released(ticket: CallTicket, actual: Parameters<Ticket['release']>[0]): void;
};

/** The ticket of one call. Kept small: thousands are alive at once. */
export class CallTicket implements Ticket {
  readonly lane: Lane;
  readonly flight: Flight;
  readonly reserved: Reservation;
  readonly slot: Slot;
  private readonly desk: TicketDesk;
  private isReleased = false;
  private isAdmitted = false;
  private hasFailed = false;

  constructor(
    desk: TicketDesk,
    call: { lane: Lane; flight: Flight; reserved: Reservation },
    slot: Slot,
  ) {
    this.desk = desk;
    this.lane = call.lane;
    this.flight = call.flight;
    this.reserved = call.reserved;
    this.slot = slot;
  }

  connected(): void {
    this.desk.reached(false);
  }

  reached(): void {
    this.desk.reached(true);
  }

  admitted(): void {
    this.isAdmitted = true;
    this.desk.admitted(this);
  }

  throttled(why: FailureClass, waitMs: number | null, said?: string): AfterRefusal {
    return this.desk.throttled(this, { why, waitMs, said: said ?? null });
  }

  overloaded(said: string): void {
    this.hasFailed = true;
    this.desk.overloaded(this, said);
  }

  /** Whether the reply shows that the service works: an answer, or a rejection of the line itself. */
  get hasWorked(): boolean {
    return this.isAdmitted && !this.hasFailed;
  }

  release(actual: Parameters<Ticket['release']>[0]): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.desk.released(this, actual);
  }
}
