/**
 * Money that a job may still spend, in pico-units: what is certain, what may have been billed, and
 * what calls in flight are expected to take. A call is reserved before it starts and settled after.
 */
export class Budget {
  private readonly capPico: number | null;
  private spentPico: number;
  private reservedPico = 0;

  /** `spentPico`: what all earlier runs of the job took, possibly billed included. */
  constructor(capPico: number | null, spentPico: number) {
    this.capPico = capPico;
    this.spentPico = spentPico;
  }

  /** Whether a call of that estimate still fits. */
  fits(estimatedPico: number | null): boolean {
    if (this.capPico === null) return true;
    return this.spentPico + this.reservedPico + (estimatedPico ?? 0) <= this.capPico;
  }

  reserve(estimatedPico: number | null): void {
    this.reservedPico += estimatedPico ?? 0;
  }

  settle(estimatedPico: number | null, actualPico: number): void {
    this.reservedPico -= estimatedPico ?? 0;
    this.spentPico += actualPico;
  }
}
