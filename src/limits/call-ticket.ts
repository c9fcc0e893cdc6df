import type { FailureClass } from '../failure.ts';
import type { CallInFlight, Lane } from './lane.ts';
import type { Slot } from './slots.ts';
import type { AfterRefusal, Refusal, Reservation, Ticket } from './ticket.ts';

/** The issuer of a ticket, notified of what becomes of its call. */
export type TicketIssuer = {
  reached(replied: boolean): void;
  admitted(ticket: CallTicket): void;
  throttled(ticket: CallTicket, refusal: Refusal): AfterRefusal;
  overloaded(ticket: CallTicket, message: string): void;
  released(ticket: CallTicket, actual: Parameters<Ticket['release']>[0]): void;
};

/** The ticket of one call. Kept small: thousands are alive at once. */
export class CallTicket implements Ticket {
  readonly lane: Lane;
  readonly flight: CallInFlight;
  readonly reserved: Reservation;
  readonly slot: Slot;
  private readonly issuer: TicketIssuer;
  private isReleased = false;
  private isAdmitted = false;
  private hasFailed = false;

  constructor(
    issuer: TicketIssuer,
    call: { lane: Lane; flight: CallInFlight; reserved: Reservation },
    slot: Slot,
  ) {
    this.issuer = issuer;
    this.lane = call.lane;
    this.flight = call.flight;
    this.reserved = call.reserved;
    this.slot = slot;
  }

  connected(): void {
    this.issuer.reached(false);
  }

  reached(): void {
    this.issuer.reached(true);
  }

  admitted(): void {
    this.isAdmitted = true;
    this.issuer.admitted(this);
  }

  throttled(why: FailureClass, waitMs: number | null, message?: string): AfterRefusal {
    return this.issuer.throttled(this, { why, waitMs, message: message ?? null });
  }

  overloaded(message: string): void {
    this.hasFailed = true;
    this.issuer.overloaded(this, message);
  }

  /** Whether the reply shows that the service works: an answer, or a rejection of the line itself. */
  get hasWorked(): boolean {
    return this.isAdmitted && !this.hasFailed;
  }

  release(actual: Parameters<Ticket['release']>[0]): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.issuer.released(this, actual);
  }
}
