import type { Parameter } from './parameter.ts';
import { FEATURE_PARAMETERS } from './parameters-features.ts';
import { GENERATION_PARAMETERS } from './parameters-generation.ts';

/** Every documented parameter, in the order of the reference. */
export const PARAMETERS: readonly Parameter[] = [...GENERATION_PARAMETERS, ...FEATURE_PARAMETERS];

/** The same rows by name. */
export const PARAMETERS_BY_NAME: ReadonlyMap<string, Parameter> = new Map(
  PARAMETERS.map((row) => [row.name, row]),
);
