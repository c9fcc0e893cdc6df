import * as z from 'zod';

/**
 * Building blocks of the schemas. The `error` of each states what is allowed, as the end of "it must be ...", so that
 * nested values get the same kind of message as top-level ones.
 */

/** `true` or `false`. */
export const booleanValue: z.ZodType = z.boolean({ error: 'true or false' });

/** Any string. */
export const stringValue: z.ZodType = z.string({ error: 'a string' });

/** A string with at least one character. */
export const filledString: z.ZodType = z
  .string({ error: 'a string' })
  .min(1, { error: 'a non-empty string' });

/**
 * An array of valid items. Stops at the first invalid one: zod's own array collects an issue per item, which a hostile line
 * could turn into gigabytes.
 */
export function listOf(item: z.ZodType, allowed: string): z.ZodType {
  return z.unknown().superRefine((value, context) => {
    if (!Array.isArray(value)) {
      context.addIssue({ code: 'custom', message: allowed });
      return;
    }
    for (let index = 0; index < value.length; index += 1) {
      const issue = item.safeParse(value[index]).error?.issues[0];
      if (issue === undefined) continue;
      context.addIssue({ code: 'custom', message: issue.message, path: [index, ...issue.path] });
      return;
    }
  });
}

/** An array of strings. */
export const stringList: z.ZodType = listOf(stringValue, 'an array of strings');

/** Any JSON object. */
export const objectValue: z.ZodType = z.looseObject({}, { error: 'an object' });

/** One of a documented list of strings. */
export function oneOf(values: readonly [string, ...string[]]): z.ZodType {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

/** An integer in [min, max]. Not zod's own integer check, which refuses values beyond 2^53, including documented seeds. */
export function integerFrom(min: number, max: number = Number.POSITIVE_INFINITY): z.ZodType {
  return z.number().refine((value) => Number.isInteger(value) && value >= min && value <= max, {
    error:
      max === Number.POSITIVE_INFINITY
        ? `an integer >= ${min}`
        : `an integer from ${min} to ${max}`,
  });
}

/** An open object: known members are checked, others pass; every member may be missing or null. */
export function openObject(members: Readonly<Record<string, z.ZodType>>): z.ZodType {
  const optional: Record<string, z.ZodType> = {};
  for (const [name, schema] of Object.entries(members)) optional[name] = schema.nullish();
  return z.looseObject(optional, { error: 'an object' });
}
