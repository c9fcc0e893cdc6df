import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomFrom } from '../../src/simulator/randomness.ts';
import { plausibleValue } from '../../src/simulator/schema-values.ts';

type Schema = { readonly [keyword: string]: unknown };

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};

type Check = (limit: never, value: never, schema: Schema, root: Schema) => boolean;

const quotient = (value: number, step: number): number => Number((value / step).toPrecision(12));
const isNumber = (value: unknown): value is number => typeof value === 'number';

/** The keywords as the specification of JSON Schema has them; nothing of it is the simulator's. */
const CHECKS: Readonly<Record<string, Check>> = {
  type: (types: string | string[], value: unknown) =>
    [types].flat().some((type) => TYPES[type]?.(value)),
  const: (wanted: unknown, value: unknown) => JSON.stringify(wanted) === JSON.stringify(value),
  enum: (choices: unknown[], value: unknown) =>
    choices.some((one) => CHECKS['const']?.(one as never, value as never, {}, {})),
  minimum: (least: number, value: unknown) => !isNumber(value) || value >= least,
  maximum: (most: number, value: unknown) => !isNumber(value) || value <= most,
  exclusiveMinimum: (least: number, value: unknown) => !isNumber(value) || value > least,
  exclusiveMaximum: (most: number, value: unknown) => !isNumber(value) || value < most,
  multipleOf: (step: number, value: unknown) =>
    !isNumber(value) || Number.isInteger(quotient(value, step)),
  minLength: (least: number, value: unknown) =>
    typeof value !== 'string' || [...value].length >= least,
  maxLength: (most: number, value: unknown) =>
    typeof value !== 'string' || [...value].length <= most,
  minItems: (least: number, value: unknown) => !Array.isArray(value) || value.length >= least,
  maxItems: (most: number, value: unknown) => !Array.isArray(value) || value.length <= most,
  uniqueItems: (wanted: unknown, value: unknown) =>
    wanted !== true ||
    !Array.isArray(value) ||
    new Set(value.map((item) => JSON.stringify(item))).size === value.length,
  items: (schema: Schema, value: unknown, _, root) =>
    !Array.isArray(value) || value.every((item) => isValid(schema, item, root)),
  required: (names: string[], value: unknown) =>
    !isObject(value) || names.every((name) => Object.hasOwn(value, name)),
  properties: (schemas: Record<string, Schema>, value: unknown, _, root) =>
    !isObject(value) ||
    Object.entries(schemas).every(
      ([name, schema]) => !Object.hasOwn(value, name) || isValid(schema, value[name], root),
    ),
  additionalProperties: (allowed, value: unknown, schema) =>
    allowed !== false ||
    !isObject(value) ||
    Object.keys(value).every((name) => Object.hasOwn(Object(schema['properties']) as Schema, name)),
  allOf: (schemas: Schema[], value: unknown, _, root) =>
    schemas.every((schema) => isValid(schema, value, root)),
  anyOf: (schemas: Schema[], value: unknown, _, root) =>
    schemas.some((schema) => isValid(schema, value, root)),
  $ref: (reference: string, value: unknown, _, root) => {
    const target = reference
      .split('/')
      .slice(1)
      .reduce<unknown>((found, name) => (Object(found) as Schema)[name], root);
    return isValid(target as Schema, value, root);
  },
};

function isValid(schema: Schema, value: unknown, root = schema): boolean {
  return Object.entries(schema).every(
    ([keyword, limit]) => CHECKS[keyword]?.(limit as never, value as never, schema, root) ?? true,
  );
}

function valueFor(
  schema: Schema,
  seed = 1,
  text = 'Which tea shop in 杭州 is 🍵 the best?',
): unknown {
  return plausibleValue(schema, 'result', { text, language: 'en', random: randomFrom(seed) });
}

const bound = fc.integer({ min: -200, max: 200 }).map((tenth) => tenth / 10);

const numbers: fc.Arbitrary<Schema> = fc
  .record({
    type: fc.constantFrom('number', 'integer'),
    from: fc.option(fc.tuple(fc.constantFrom('minimum', 'exclusiveMinimum'), bound)),
    to: fc.option(fc.constantFrom('maximum', 'exclusiveMaximum')),
    width: fc.integer({ min: 3, max: 40 }),
    multipleOf: fc.option(fc.constantFrom(0.1, 0.5, 1, 1.5)),
  })
  .map(({ type, from, to, width, multipleOf }) => ({
    type,
    ...(from !== null && { [from[0]]: from[1] }),
    // Wide enough for a multiple of all steps, which are all in 3.
    ...(to !== null && { [to]: (from?.[1] ?? -width) + width + 1 }),
    ...(multipleOf !== null && { multipleOf }),
  }));

const texts: fc.Arbitrary<Schema> = fc
  .record({ least: fc.option(fc.nat(60)), wider: fc.option(fc.nat(20)) })
  .map(({ least, wider }) => ({
    type: 'string',
    ...(least !== null && { minLength: least }),
    ...(wider !== null && { maxLength: (least ?? 0) + wider }),
  }));

const leaves = fc.oneof(
  numbers,
  texts,
  fc.constantFrom<Schema>(
    { type: 'boolean' },
    { type: 'null' },
    { enum: ['red', 'green', 3] },
    { const: 'fixed' },
    { type: ['string', 'null'] },
    { $ref: '#/$defs/Step' },
    { $ref: '#/$defs/Tree' },
    { $ref: '#/$defs/Chain' },
  ),
);

const DEFS: Schema = {
  Step: {
    type: 'object',
    properties: { n: { type: 'integer', exclusiveMinimum: 10 }, text: { type: 'string' } },
    required: ['n', 'text'],
    additionalProperties: false,
  },
  Tree: {
    type: 'object',
    properties: { children: { type: 'array', items: { $ref: '#/$defs/Tree' } } },
    required: ['children'],
  },
  Chain: {
    type: 'object',
    properties: { next: { anyOf: [{ $ref: '#/$defs/Chain' }, { type: 'null' }] } },
    required: ['next'],
  },
};

const schemas = fc.letrec<{ any: Schema; object: Schema }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    leaves,
    tie('object'),
    fc
      .record({ items: tie('any'), least: fc.nat(4), wider: fc.option(fc.nat(3)) })
      .map(({ items, least, wider }) => ({
        type: 'array',
        items,
        minItems: least,
        ...(wider !== null && { maxItems: least + wider }),
      })),
    fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.tuple(tie('object'), tie('any')).map(([one, added]) => ({
      allOf: [one, { type: 'object', properties: { added }, required: ['added'] }],
    })),
  ),
  object: fc
    .tuple(
      fc.dictionary(fc.constantFrom('city', 'date', 'score', 'constructor', '名称'), tie('any')),
      fc.boolean(),
    )
    .map(([properties, isStrict]) => ({
      type: 'object',
      properties,
      ...(isStrict && { required: Object.keys(properties) }),
    })),
}));

describe('plausibleValue', () => {
  test('any schema of the usual keywords: the value is valid', () => {
    fc.assert(
      fc.property(schemas.any, fc.nat(1000), fc.string(), (any, seed, text) => {
        const schema = { ...any, $defs: DEFS };
        const value = valueFor(schema, seed, text);
        expect({ value, isValid: isValid(schema, value) }).toEqual({ value, isValid: true });
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['a number below 1', { type: 'number', maximum: 0.5 }],
    ['a number below 0', { type: 'number', maximum: -1 }],
    [
      'a whole number above a bound',
      { type: 'integer', exclusiveMinimum: 10, exclusiveMaximum: 12 },
    ],
    ['a multiple above the usual range', { type: 'integer', multipleOf: 25 }],
    [
      'a multiple of 0.1 below a bound that is one',
      { type: 'number', minimum: 51.2, exclusiveMaximum: 51.4, multipleOf: 0.1 },
    ],
    [
      'a multiple of 0.1 that is both bounds',
      { type: 'number', minimum: 12.4, maximum: 12.4, multipleOf: 0.1 },
    ],
    ['the widest range', { type: 'number', minimum: -1e308, maximum: 1e308 }],
    ['a large whole number', { type: 'integer', minimum: 2 ** 53 - 1, maximum: 2 ** 53 - 1 }],
    [
      'items all different',
      { type: 'array', minItems: 5, uniqueItems: true, items: { type: 'string', maxLength: 5 } },
    ],
    [
      'all items of an enum',
      { type: 'array', minItems: 3, uniqueItems: true, items: { enum: ['a', 'b', 'c'] } },
    ],
    ['types in common', { type: ['number', 'null'], allOf: [{ type: ['integer', 'string'] }] }],
    [
      'alternatives beside properties',
      {
        type: 'object',
        properties: { a: { type: 'integer' }, b: { type: 'string' } },
        required: ['a'],
        anyOf: [{ required: ['b'] }],
      },
    ],
  ] satisfies [string, Schema][])('%s: valid with every seed', (_, schema) => {
    for (let seed = 0; seed < 50; seed += 1)
      expect(valueFor(schema, seed)).toSatisfy((value) => isValid(schema, value));
  });

  test('a format: its kind of text', () => {
    expect(valueFor({ type: 'string', format: 'uuid' })).toMatch(
      /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
    );
    expect(valueFor({ type: 'string', format: 'email' })).toContain('@');
  });

  test('references in circles, into nothing and into other documents: it ends', () => {
    const circle: Schema = {
      $ref: '#/$defs/A',
      $defs: { A: { allOf: [{ $ref: '#/$defs/A' }, { $ref: '#' }] } },
    };
    expect(valueFor(circle)).toEqual(expect.any(String));
    for (const $ref of ['#/$defs/Gone', '#/%', 'https://example.com/schema.json', '#anchor'])
      expect(valueFor({ $ref })).toEqual(expect.any(String));
  });

  test('a schema that requires itself twice: ends with null', () => {
    const schema = {
      type: 'object',
      properties: { a: { $ref: '#' }, b: { $ref: '#' } },
      required: ['a', 'b'],
    };
    expect(JSON.stringify(valueFor(schema))).toContain('"b":null');
  });

  test('a schema that holds itself: ends without what is optional', () => {
    const schema: { type: string; properties: Record<string, unknown> } = {
      type: 'object',
      properties: {},
    };
    schema.properties['child'] = schema;
    expect(JSON.stringify(valueFor(schema))).toMatch(/"child":\{\}\}+$/);
  });

  test('a thousand million items, or characters: as many as are of use', () => {
    expect(valueFor({ type: 'array', items: { type: 'null' }, minItems: 1e9 })).toHaveLength(1000);
    expect(valueFor({ type: 'string', minLength: 1e9 })).toHaveLength(10_000);
  });
});
