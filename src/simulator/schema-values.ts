import { pickFrom } from './randomness.ts';
import { asArray, asObject } from './request.ts';
import type { JsonObject } from './request.ts';
import { PHRASES, quoteFrom } from './sentences.ts';

/** What values are drawn from: the prompt's text and language, and a repeatable random source. */
export type ValueContext = {
  readonly text: string;
  readonly language: 'zh' | 'en';
  readonly random: () => number;
};

const DEPTH_MAX = 8;
const PLACES =
  '北京,上海,杭州,广州,深圳,成都,南京,武汉,西安,Beijing,Shanghai,Hangzhou,Shenzhen,London,Paris,New York,Tokyo,Singapore'.split(
    ',',
  );

/** Values for string formats and telling property names; checked in this order. */
const STRINGS: readonly {
  readonly name: RegExp;
  readonly value: (context: ValueContext) => string;
}[] = [
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
  { name: /uuid|(^|_)id$/i, value: ({ random }) => String(10_000 + Math.floor(random() * 90_000)) },
];

function stringFor(schema: JsonObject, name: string, context: ValueContext): string {
  const format = schema['format'];
  const known = STRINGS.find((rule) => rule.name.test(typeof format === 'string' ? format : name));
  if (known !== undefined) return known.value(context);
  return quoteFrom(context.text, 16) || PHRASES[context.language].word;
}

function numberFor(schema: JsonObject, whole: boolean, random: () => number): number {
  const least = typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
  const most = typeof schema['maximum'] === 'number' ? schema['maximum'] : Math.max(least + 9, 10);
  const value = least + random() * Math.max(0, most - least);
  return whole ? Math.min(Math.floor(most), Math.ceil(value)) : Math.round(value * 100) / 100;
}

function objectFor(schema: JsonObject, context: ValueContext, depth: number): JsonObject {
  const properties = asObject(schema['properties']) ?? {};
  const required = asArray(schema['required']).filter((name) => typeof name === 'string');
  const names = required.length > 0 ? required : Object.keys(properties);
  return Object.fromEntries(
    names.map((name) => [name, plausibleValue(properties[name], name, context, depth + 1)]),
  );
}

function typeOf(schema: JsonObject): unknown {
  const type = schema['type'];
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'null';
  if (type === undefined && schema['properties'] !== undefined) return 'object';
  return type;
}

/**
 * A value that fits a JSON schema of the usual kind (type, enum, const, properties, required,
 * items, minimum, maximum, anyOf): what a model would fill in for property `name`. References and
 * patterns are not followed; nesting ends at eight levels with null.
 */
export function plausibleValue(
  schema: unknown,
  name: string,
  context: ValueContext,
  depth = 0,
): unknown {
  const rules = asObject(schema) ?? {};
  if (depth > DEPTH_MAX) return null;
  if (rules['const'] !== undefined) return rules['const'];
  const choices = asArray(rules['enum']);
  if (choices.length > 0) return pickFrom(choices, context.random);
  const [alternative] = [...asArray(rules['anyOf']), ...asArray(rules['oneOf'])];
  if (alternative !== undefined) return plausibleValue(alternative, name, context, depth + 1);
  switch (typeOf(rules)) {
    case 'object':
      return objectFor(rules, context, depth);
    case 'array':
      return [plausibleValue(rules['items'], name, context, depth + 1)];
    case 'integer':
      return numberFor(rules, true, context.random);
    case 'number':
      return numberFor(rules, false, context.random);
    case 'boolean':
      return context.random() < 0.5;
    case 'null':
      return null;
    default:
      return stringFor(rules, name, context);
  }
}
