import type { JsonObject } from './request.ts';

type Bound = { readonly value: number; readonly isOpen: boolean };

/**
 * One bound of a schema's range; undefined if it has none. An exclusive bound is a number or, in older schemas, `true`
 * beside the inclusive one.
 */
function boundOf(inclusive: unknown, exclusive: unknown, side: 1 | -1): Bound | undefined {
  const closed = typeof inclusive === 'number' ? inclusive : undefined;
  if (typeof exclusive !== 'number')
    return closed === undefined ? undefined : { value: closed, isOpen: exclusive === true };
  const isNarrower = closed === undefined || exclusive * side >= closed * side;
  return isNarrower ? { value: exclusive, isOpen: true } : { value: closed, isOpen: false };
}

/** The start of a range with only an upper bound: 1 as usual, if it is in range. */
function usualStart(most: number | undefined): number {
  if (most === undefined || most > 1) return 1;
  return most > 0 ? 0 : most - 9;
}

/** The step of the values: `multipleOf`, for integers its smallest integer multiple. */
function stepOf(multipleOf: unknown, whole: boolean): number | undefined {
  if (typeof multipleOf !== 'number' || multipleOf <= 0) return whole ? 1 : undefined;
  if (!whole) return multipleOf;
  for (let times = 1; times <= 1000; times += 1) {
    const step = Number((multipleOf * times).toPrecision(12));
    if (Number.isInteger(step)) return step;
  }
  return 1;
}

/** Rounds off the floating-point error of a product of fractions. */
function rounded15(value: number): number {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(15));
}

/** A number within the bounds of a schema, if there is one. */
export function numberWithin(schema: JsonObject, whole: boolean, random: () => number): number {
  const low = boundOf(schema['minimum'], schema['exclusiveMinimum'], 1);
  const high = boundOf(schema['maximum'], schema['exclusiveMaximum'], -1);
  const least = low?.value ?? usualStart(high?.value);
  const most = high?.value ?? Math.max(least + 9, 10);
  const share = random();
  const span = Math.max(0, most - least);
  const drawn = Number.isFinite(span) ? least + share * span : least * (1 - share) + most * share;
  const isAbove = (value: number): boolean =>
    low?.isOpen === true ? value > least : value >= least;
  const isBelow = (value: number): boolean =>
    high?.isOpen === true ? value < most : value <= most;
  const step = stepOf(schema['multipleOf'], whole);
  if (step !== undefined) {
    // Multiples of 0.1 have an error in the last digit, while a bound may be an exact one.
    const multiple = (times: number): number => rounded15(times * step);
    const floor = Math.ceil(rounded15(least / step));
    const ceiling = Math.floor(rounded15(most / step));
    const first = isAbove(multiple(floor)) ? floor : floor + 1;
    const last = isBelow(multiple(ceiling)) ? ceiling : ceiling - 1;
    // If a bound is open, a range without a multiple extends to the next one.
    const [from, to] = [low === undefined ? Math.min(first, last) : first, last];
    return multiple(Math.max(from, Math.min(to, Math.ceil(drawn / step))));
  }
  const rounded = Math.round(drawn * 100) / 100;
  if (isAbove(rounded) && isBelow(rounded)) return rounded;
  return isAbove(drawn) && isBelow(drawn) ? drawn : least / 2 + most / 2;
}
