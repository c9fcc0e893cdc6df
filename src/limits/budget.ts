/** What a call certainly cost, and what it may have cost on top, in pico-units. */
export type CallCost = { readonly pico: number; readonly uncertainPico: number };

/**
 * Money that a job may still spend, in pico-units. Tracks what was certainly spent, what may have been billed, and what is
 * reserved for calls in flight. A call is reserved before it starts and settled when it ends.
 */
export class Budget {
  /** Null: no cap. */
  readonly capPico: number | null;
  private certainPico: number;
  private uncertainPico: number;
  private reservedPico = 0;

  /** What all earlier runs of the job certainly spent, and what they may have spent on top. */
  constructor(capPico: number | null, certainPico: number, uncertainPico = 0) {
    this.capPico = capPico;
    this.certainPico = certainPico;
    this.uncertainPico = uncertainPico;
  }

  /** The part counted against the cap that may have been billed although no answer confirms it. */
  get possiblyBilledPico(): number {
    return this.uncertainPico;
  }

  /** Whether a call with that estimate still fits under the cap. */
  fits(estimatedPico: number | null): boolean {
    if (this.capPico === null) return true;
    const spentPico = this.certainPico + this.uncertainPico;
    return spentPico + this.reservedPico + (estimatedPico ?? 0) <= this.capPico;
  }

  reserve(estimatedPico: number | null): void {
    this.reservedPico += estimatedPico ?? 0;
  }

  settle(estimatedPico: number | null, actual: CallCost): void {
    this.reservedPico -= estimatedPico ?? 0;
    this.certainPico += actual.pico;
    this.uncertainPico += actual.uncertainPico;
  }
}
