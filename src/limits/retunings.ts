import type { PaceLimits } from './pace-limits.ts';

/** What may be changed while a run goes on; `auto`: back to what was known, or is found. */
export type Retuning = {
  /** Only this model's `rpm` and `tpm`; not given: every model's. */
  readonly model?: string;
  readonly rpm?: number | 'auto';
  readonly tpm?: number | 'auto';
  readonly concurrency?: number | 'auto';
  /** No more calls in flight than this, whatever `concurrency` is. */
  readonly callsMost?: number;
};

type Given = Pick<Retuning, 'rpm' | 'tpm'>;

/** The limits that were changed while the run went on: a model's own before those of all. */
export class Retunings {
  private readonly given: Map<string, Given> = new Map();

  add({ model, rpm, tpm }: Retuning): void {
    const key = model ?? '';
    const before = this.given.get(key);
    this.given.set(key, {
      ...before,
      ...(rpm !== undefined && { rpm }),
      ...(tpm !== undefined && { tpm }),
    });
    if (model !== undefined) return;
    // What is said of all models is newer than what was said of one.
    for (const [name, one] of this.given) {
      if (name === '') continue;
      const { rpm: oneRpm, tpm: oneTpm } = one;
      this.given.set(name, {
        ...(rpm === undefined && oneRpm !== undefined && { rpm: oneRpm }),
        ...(tpm === undefined && oneTpm !== undefined && { tpm: oneTpm }),
      });
    }
  }

  /** The limits of a model, given what is `known` otherwise. */
  limitsOf(model: string, known: PaceLimits): PaceLimits {
    const all = this.given.get('');
    const one = this.given.get(model);
    const rpm = one?.rpm ?? all?.rpm ?? 'auto';
    const tpm = one?.tpm ?? all?.tpm ?? 'auto';
    return {
      ...known,
      ...(rpm !== 'auto' && { rpm }),
      ...(tpm !== 'auto' && { tpm }),
      origin: {
        rpm: rpm === 'auto' ? (known.origin?.rpm ?? 'set') : 'set',
        tpm: tpm === 'auto' ? (known.origin?.tpm ?? 'set') : 'set',
      },
    };
  }
}
