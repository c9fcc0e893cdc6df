import type { Random } from '../helpers/random.ts';
import type { ModelKind } from './model-kinds.ts';
import type { Draft } from './request-draft.ts';

/** Where a generator is while it makes one request. */
export type Making = {
  readonly random: Random;
  readonly kind: ModelKind;
  readonly draft: Draft;
  /** Whether the model thinks, by what the draft says and by its default. */
  thinks: boolean;
  /** Whether the answer will be streamed. */
  streams: boolean;
  json: boolean;
};

export const chance = (random: Random, inAll = 2): boolean => random.between(1, inAll) === 1;
