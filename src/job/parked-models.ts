import type { ApiFailure } from '../failure.ts';
import type { Stopped } from './run-stop.ts';

/**
 * How a model was parked. Its lines *stay open*: a verdict says that nothing of it can succeed, or (`failure` null) nothing
 * was admitted for too long. Or they *fail*, unsent, as the one that met the verdict did: the model does not exist, and the
 * job has others.
 */
export type Parking =
  | { readonly lines: 'stay open'; readonly failure: ApiFailure | null; readonly why: Stopped }
  | { readonly lines: 'fail'; readonly failure: ApiFailure };

/** The parked models of a run, and why. The caller notifies limiter and user. */
export class ParkedModels {
  private readonly parkings: Map<string, Parking> = new Map();
  private firstWhy: Stopped | null = null;

  park(model: string, parking: Parking): void {
    this.parkings.set(model, parking);
    if (parking.lines === 'stay open') this.firstWhy ??= parking.why;
  }

  /** Why lines of parked models are still open, by the first of them; null: none are. */
  get whyOpen(): Stopped | null {
    return this.firstWhy;
  }

  /** Whether a verdict parked this model. */
  isByVerdict(model: string): boolean {
    return (this.parkings.get(model)?.failure ?? null) !== null;
  }

  /** The failure for unsent lines of this model; null: they stay open. */
  failureOfUnsent(model: string): ApiFailure | null {
    const parking = this.parkings.get(model);
    return parking?.lines === 'fail' ? parking.failure : null;
  }

  /** Whether none of these models gets another call. */
  areAllParked(models: readonly string[]): boolean {
    return models.every((model) => this.parkings.has(model));
  }

  /** Why a job with these models stops: all are parked, and lines of each stay open. Null: it continues. */
  whyJobStops(models: readonly string[]): Stopped | null {
    const areAll = models.every((model) => this.parkings.get(model)?.lines === 'stay open');
    return areAll ? this.firstWhy : null;
  }
}
