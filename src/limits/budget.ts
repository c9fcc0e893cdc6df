/** What a call cost for certain, and what it may have cost, in pico-units. */
export type Spent = { readonly pico: number; readonly uncertainPico: number };

/**
 * Money that a job may still spend, in pico-units: what is certain, what may have been billed, and
 * what calls in flight are expected to take. A call is reserved before it starts and settled after.
 */
export class Budget {
  /** Null: no cap. */
  readonly capPico: number | null;
  private certainPico: number;
  private uncertainPico: number;
  private reservedPico = 0;

  /** What all earlier runs of the job took, and what they may have taken besides. */
  constructor(capPico: number | null, certainPico: number, uncertainPico = 0) {
    this.capPico = capPico;
    this.certainPico = certainPico;
    this.uncertainPico = uncertainPico;
  }

  /** Of what the cap counts: what may have been billed without an answer that tells. */
  get possiblyBilledPico(): number {
    return this.uncertainPico;
  }

  /** Whether a call of that estimate still fits. */
  fits(estimatedPico: number | null): boolean {
    if (this.capPico === null) return true;
    const spentPico = this.certainPico + this.uncertainPico;
    return spentPico + this.reservedPico + (estimatedPico ?? 0) <= this.capPico;
  }

  reserve(estimatedPico: number | null): void {
    this.reservedPico += estimatedPico ?? 0;
  }

  settle(estimatedPico: number | null, actual: Spent): void {
    this.reservedPico -= estimatedPico ?? 0;
    this.certainPico += actual.pico;
    this.uncertainPico += actual.uncertainPico;
  }
}
