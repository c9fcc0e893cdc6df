import { asArray, asObject } from './request.ts';
import type { JsonObject } from './request.ts';

/** Maximum number of references and `allOf` parts followed per value; they may be circular. */
const PARTS_MAX = 1000;

/** Keywords for which the larger number applies when schemas are merged. */
const LEAST: ReadonlySet<string> = new Set([
  'minimum',
  'exclusiveMinimum',
  'minLength',
  'minItems',
  'multipleOf',
]);
/** Those for which the smaller applies. */
const MOST: ReadonlySet<string> = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems']);

function decoded(token: string): string {
  try {
    return decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return token;
  }
}

/** The target of a reference within the schema (`#`, `#/$defs/Name`); undefined: none, or another document. */
function pointedAt(root: unknown, reference: string): unknown {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined;
  let found = root;
  for (const token of reference.split('/').slice(1)) {
    const name = decoded(token);
    const isThere = typeof found === 'object' && found !== null && Object.hasOwn(found, name);
    found = isThere ? (found as JsonObject)[name] : undefined;
  }
  return found;
}

function both(one: unknown, other: unknown): JsonObject {
  return { allOf: [one, other] };
}

function commonTypes(one: unknown, other: unknown): unknown {
  const [ours, theirs] = [one, other].map((type) => (Array.isArray(type) ? asArray(type) : [type]));
  const fits = (type: unknown, types: readonly unknown[]): boolean =>
    types.includes(type) || (type === 'integer' && types.includes('number'));
  const common = [
    ...(ours ?? []).filter((type) => fits(type, theirs ?? [])),
    ...(theirs ?? []).filter((type) => type === 'integer' && fits(type, ours ?? [])),
  ];
  return common.length === 0 ? other : common;
}

function mergeKeyword(keyword: string, one: unknown, other: unknown): unknown {
  if (typeof one === 'number' && typeof other === 'number') {
    if (LEAST.has(keyword)) return Math.max(one, other);
    if (MOST.has(keyword)) return Math.min(one, other);
  }
  switch (keyword) {
    case 'type':
      return commonTypes(one, other);
    case 'required':
      return [...new Set([...asArray(one), ...asArray(other)])];
    case 'enum': {
      const theirs = new Set(asArray(other).map((value) => JSON.stringify(value)));
      return asArray(one).filter((value) => theirs.has(JSON.stringify(value)));
    }
    case 'properties': {
      const merged = new Map(Object.entries(asObject(one) ?? {}));
      for (const [name, schema] of Object.entries(asObject(other) ?? {}))
        merged.set(name, merged.has(name) ? both(merged.get(name), schema) : schema);
      return Object.fromEntries(merged);
    }
    case 'items':
    case 'additionalProperties':
      return both(one, other);
    default:
      return other;
  }
}

function mergeRules(one: JsonObject, other: JsonObject): JsonObject {
  const merged = new Map(Object.entries(one));
  for (const [keyword, value] of Object.entries(other))
    merged.set(
      keyword,
      merged.has(keyword) ? mergeKeyword(keyword, merged.get(keyword), value) : value,
    );
  return Object.fromEntries(merged);
}

/** A schema with `$ref` and `allOf` merged in. `root` is the base of references. */
export function flatRules(schema: unknown, root: unknown): JsonObject {
  let left = PARTS_MAX;
  const flatten = (part: unknown): JsonObject => {
    const rules = asObject(part) ?? {};
    if (rules['$ref'] === undefined && rules['allOf'] === undefined) return rules;
    left -= 1;
    if (left < 0) return {};
    const { $ref: reference, allOf, ...own } = rules;
    const parts = asArray(allOf);
    const all = typeof reference === 'string' ? [pointedAt(root, reference), ...parts] : [...parts];
    return all.map(flatten).reduce(mergeRules, own);
  };
  return flatten(schema);
}
