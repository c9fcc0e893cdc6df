import { isObject } from '../json/is-object.ts';
import * as z from 'zod';
import type { Severity } from '../problem.ts';
import { PROBLEM_CODES } from './codes.ts';
import type { ProblemCode } from './codes.ts';
import type { RequestView } from './request-view.ts';
import type { Source } from './sources.ts';
import { booleanValue } from './values.ts';

/** Where a parameter applies: native `parameters`, the OpenAI body, or both. */
type Place = 'native' | 'openai' | 'both';

/**
 * One row of the parameter table: what the service documents about a parameter by itself. Dependencies on other parameters
 * or the model are in the rules.
 */
export type Parameter = {
  readonly name: string;
  readonly place: Place;
  /** The validator; null values are not passed to it (see `nullable`). */
  readonly schema: z.ZodType;
  /** The allowed range in words, as the end of "it must be ...". */
  readonly allowed: string;
  /** The service's own text for a violation, with `xxx` for a maximum; null if undocumented. */
  readonly service: string | null;
  /** Its text for a value of another type, if different. */
  readonly serviceOnType: string | null;
  /** The value for `xxx`; null if the model's is unknown. */
  readonly maximum: ((view: RequestView) => number | null) | null;
  /** The service's default. */
  readonly default: string;
  /** Whether null is documented, or means "none" in every SDK. */
  readonly nullable: boolean;
  /** Models it is documented for, in words. */
  readonly models: string;
  /** The same as a pattern, if not in the catalog; null: many, or as in the catalog. */
  readonly family: RegExp | null;
  /** Whether it is an integer, so that `5.0` and `1e3` deserve a note. */
  readonly integer: boolean;
  /** Severity and code of a value outside `schema`. */
  readonly severity: Severity;
  readonly code: ProblemCode;
  readonly source: Source;
};

type Optional =
  | 'nullable'
  | 'family'
  | 'integer'
  | 'models'
  | 'place'
  | 'service'
  | 'serviceOnType'
  | 'maximum';
type Row = Omit<Parameter, 'severity' | 'code' | Optional> & Partial<Pick<Parameter, Optional>>;

/** A row with common defaults: both places, all models, no service text, no null, no integer. */
export function parameter(row: Row): Parameter {
  return {
    place: 'both',
    service: null,
    serviceOnType: null,
    maximum: null,
    nullable: false,
    models: 'all',
    family: null,
    integer: false,
    ...row,
    severity: 'error',
    code: PROBLEM_CODES.invalid,
  };
}

/** The row of a boolean. */
export function flag(
  name: string,
  byDefault: string,
  source: Source,
  place: Place = 'both',
): Parameter {
  return parameter({
    name,
    place,
    schema: booleanValue,
    allowed: 'true or false',
    default: byDefault,
    source,
  });
}

/** 2^63: the JavaScript number for 9223372036854775807, the largest documented seed. */
export const SEED_MAX: number = 2 ** 63;

/** `logit_bias`: token id to number. */
export const logitBias: z.ZodType = z.custom(
  (value) => isObject(value) && Object.values(value).every(isFiniteNumber),
);

function isFiniteNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

function isTokenIds(value: unknown): boolean {
  return Array.isArray(value) && value.every(Number.isInteger);
}

function isStop(value: unknown): boolean {
  if (typeof value === 'string') return true;
  if (!Array.isArray(value)) return false;
  return (
    value.every((item) => typeof item === 'string') ||
    value.every(Number.isInteger) ||
    value.every(isTokenIds)
  );
}

/** `stop`: all strings, all token ids, or all arrays of token ids. */
export const stopValue: z.ZodType = z.custom(isStop);
