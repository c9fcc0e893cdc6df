import { pickFrom, uuidFrom } from './randomness.ts';
import { asArray, asObject } from './request.ts';
import type { JsonObject } from './request.ts';
import { numberWithin } from './schema-numbers.ts';
import { flatRules } from './schema-rules.ts';
import { PHRASES, quoteFrom } from './sentences.ts';

/** Inputs for generated values: the prompt's text and language, and a reproducible random source. */
export type ValueContext = {
  readonly text: string;
  readonly language: 'zh' | 'en';
  readonly random: () => number;
};

/** From here on, in depth or number, only required content is generated: no optional members, the simplest alternatives. */
const SPARSE = { depth: 6, values: 1000 } as const;
/** From here on null, whatever the schema says: a schema may require itself. */
const END = { depth: 64, values: 5000 } as const;
const ITEMS_MAX = 1000;
const CHARS_MAX = 10_000;
/** How often a duplicate item is drawn again. */
const UNIQUE_TRIES = 50;

const PLACES =
  '北京,上海,杭州,广州,深圳,成都,南京,武汉,西安,Beijing,Shanghai,Hangzhou,Shenzhen,London,Paris,New York,Tokyo,Singapore'.split(
    ',',
  );

function hexadecimal(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}

/** Values for string formats and well-known property names; checked in this order. */
const STRINGS: readonly {
  readonly name: RegExp;
  readonly value: (context: ValueContext) => string;
}[] = [
  {
    name: /uuid/i,
    value: ({ random }) => uuidFrom(Array.from({ length: 4 }, () => hexadecimal(random)).join('')),
  },
  { name: /date-?time|timestamp/i, value: () => '2025-10-01T08:00:00Z' },
  { name: /date|day|日期/i, value: () => '2025-10-01' },
  { name: /^time|时间/i, value: () => '08:00:00' },
  { name: /e?mail|邮箱/i, value: () => 'li.lei@example.com' },
  { name: /ur[il]|link|website/i, value: () => 'https://example.com/' },
  {
    name: /city|location|place|address|region|地|城市/i,
    value: ({ text, language }) =>
      PLACES.find((place) => text.includes(place)) ?? PHRASES[language].place,
  },
  { name: /phone|mobile|电话/i, value: () => '010-12345678' },
  { name: /unit|单位/i, value: () => 'celsius' },
  { name: /(^|_)id$/i, value: ({ random }) => String(10_000 + Math.floor(random() * 90_000)) },
];

/** The state of one generated value: the root of its schema's references, and the number of values so far. */
type Making = ValueContext & { readonly root: unknown; readonly count: { values: number } };

const lengthIn = (value: unknown, otherwise: number): number =>
  typeof value === 'number' && value >= 0 ? Math.ceil(value) : otherwise;

/** Text of `minLength` to `maxLength` characters, in code points. */
function fitted(text: string, schema: JsonObject): string {
  const least = Math.min(lengthIn(schema['minLength'], 0), CHARS_MAX);
  const most = lengthIn(schema['maxLength'], Infinity);
  const characters = [...text];
  if (characters.length > most) return characters.slice(0, most).join('');
  if (characters.length >= least) return text;
  const part = characters.length === 0 ? ['x'] : characters;
  return Array.from({ length: least }, (_, at) => part[at % part.length]).join('');
}

function stringFor(schema: JsonObject, name: string, context: ValueContext): string {
  const format = schema['format'];
  const known = STRINGS.find((rule) => rule.name.test(typeof format === 'string' ? format : name));
  const text = known?.value(context) ?? quoteFrom(context.text, 16);
  return fitted(text === '' ? PHRASES[context.language].word : text, schema);
}

function isSparse(making: Making, depth: number): boolean {
  return depth > SPARSE.depth || making.count.values > SPARSE.values;
}

function objectFor(schema: JsonObject, making: Making, depth: number): JsonObject {
  const properties = asObject(schema['properties']) ?? {};
  const required = asArray(schema['required']).filter((name) => typeof name === 'string');
  const isWhole = required.length > 0 || isSparse(making, depth);
  const names = isWhole ? required : Object.keys(properties);
  const schemaOf = (name: string): unknown =>
    Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties'];
  return Object.fromEntries(
    names.map((name) => [name, valueFor(schemaOf(name), name, making, depth + 1)]),
  );
}

/** A text that differs from the previous ones, within the maximum length. */
function numbered(text: string, nth: number, schema: JsonObject): string {
  const suffix = ` ${nth}`;
  const most = lengthIn(schema['maxLength'], Infinity);
  return [...text].slice(0, Math.max(0, most - suffix.length)).join('') + suffix;
}

function arrayFor(schema: JsonObject, name: string, making: Making, depth: number): unknown[] {
  const leading = asArray(schema['prefixItems']);
  const usual = isSparse(making, depth) ? 0 : Math.max(1, leading.length);
  const most = Math.min(lengthIn(schema['maxItems'], Infinity), ITEMS_MAX);
  const length = Math.min(Math.max(usual, lengthIn(schema['minItems'], 0)), most);
  const seen = new Set<string>();
  return Array.from({ length }, (_, nth) => {
    const rules = leading[nth] ?? schema['items'];
    const draw = (): unknown => valueFor(rules, name, making, depth + 1);
    let item = draw();
    if (schema['uniqueItems'] !== true) return item;
    for (let tried = 0; tried < UNIQUE_TRIES && seen.has(JSON.stringify(item)); tried += 1)
      item = draw();
    if (typeof item === 'string' && seen.has(JSON.stringify(item)))
      item = numbered(item, nth + 1, flatRules(rules, making.root));
    seen.add(JSON.stringify(item));
    return item;
  });
}

function typeOf(schema: JsonObject, sparse: boolean): unknown {
  const type = schema['type'];
  if (Array.isArray(type)) {
    if (sparse && type.includes('null')) return 'null';
    return type.find((one) => one !== 'null') ?? 'null';
  }
  if (type !== undefined) return type;
  if (schema['properties'] !== undefined || schema['required'] !== undefined) return 'object';
  return schema['items'] === undefined && schema['prefixItems'] === undefined ? type : 'array';
}

/** The alternative to use: the first or, near the end, the first without nested values. */
function alternativeOf(alternatives: readonly unknown[], making: Making, depth: number): unknown {
  if (!isSparse(making, depth)) return alternatives[0];
  const isSimple = (alternative: unknown): boolean => {
    const rules = flatRules(alternative, making.root);
    if (rules['enum'] !== undefined || rules['const'] !== undefined) return true;
    const type = typeOf(rules, true);
    return typeof type === 'string' && type !== 'object' && type !== 'array';
  };
  return alternatives.find(isSimple) ?? alternatives[0];
}

function valueFor(schema: unknown, name: string, making: Making, depth: number): unknown {
  making.count.values += 1;
  if (depth > END.depth || making.count.values > END.values) return null;
  const rules = flatRules(schema, making.root);
  if (rules['const'] !== undefined) return rules['const'];
  const choices = asArray(rules['enum']);
  if (choices.length > 0) return pickFrom(choices, making.random);
  const { anyOf, oneOf, ...rest } = rules;
  const alternatives = [...asArray(anyOf), ...asArray(oneOf)];
  if (alternatives.length > 0) {
    const alternative = alternativeOf(alternatives, making, depth);
    return valueFor({ allOf: [rest, alternative] }, name, making, depth + 1);
  }
  switch (typeOf(rules, isSparse(making, depth))) {
    case 'object':
      return objectFor(rules, making, depth);
    case 'array':
      return arrayFor(rules, name, making, depth);
    case 'integer':
      return numberWithin(rules, true, making.random);
    case 'number':
      return numberWithin(rules, false, making.random);
    case 'boolean':
      return making.random() < 0.5;
    case 'null':
      return null;
    default:
      return stringFor(rules, name, making);
  }
}

/**
 * A value that fits a common kind of JSON schema (type, enum, const, properties, required, items, anyOf, allOf, internal
 * references, bounds of numbers, texts and lists): what a model would fill in for property `name`. Patterns and negations
 * are ignored. Recursion ends where the schema allows it, at the latest at 64 levels or 5,000 values, with null.
 */
export function plausibleValue(schema: unknown, name: string, context: ValueContext): unknown {
  return valueFor(schema, name, { ...context, root: schema, count: { values: 0 } }, 0);
}
