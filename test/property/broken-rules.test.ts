import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/models/catalog.ts';
import type { Problem } from '../../src/problem.ts';
import { PARAMETERS } from '../../src/schemas/parameters.ts';
import { RULES } from '../../src/schemas/rules.ts';
import { SHAPE_RULES } from '../../src/schemas/shape-rules.ts';
import { parseText } from '../helpers/parse-text.ts';
import { seededRandom } from '../helpers/random.ts';
import { MODEL_KINDS } from './model-kinds.ts';
import type { Mutator } from './mutator.ts';
import { CONTENT_MUTATORS } from './mutators-content.ts';
import { LINE_MUTATORS } from './mutators-lines.ts';
import { MESSAGE_MUTATORS } from './mutators-messages.ts';
import { MODEL_MUTATORS } from './mutators-models.ts';
import { OUTPUT_MUTATORS } from './mutators-output.ts';
import { PARAMETER_MUTATORS } from './mutators-parameters.ts';
import { RULE_MUTATORS } from './mutators-rules.ts';
import { writeDraft, type Draft } from './request-draft.ts';
import { validRequest } from './valid-requests.ts';

const MUTATORS: readonly Mutator[] = [
  ...PARAMETER_MUTATORS,
  ...RULE_MUTATORS,
  ...OUTPUT_MUTATORS,
  ...MODEL_MUTATORS,
  ...MESSAGE_MUTATORS,
  ...CONTENT_MUTATORS,
  ...LINE_MUTATORS,
];

/** What every message of a rule ends with: the page and its date. */
const CITED = / \[[^\]]+, 20\d\d-\d\d\]$/;

/** What must hold, in the words of the tables, by rule. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ...RULES.map(({ id, text }) => [id, text] as const),
  ...SHAPE_RULES.map(({ id, must }) => [id, must] as const),
  ...PARAMETERS.map(({ name }) => [name, name] as const),
]);

/** A kind whose messages suit a model that the generator does not know. */
function likeModel(model: string): string {
  if (MODEL_KINDS.some((kind) => kind.model === model)) return model;
  if (model.includes('ocr')) return 'qwen-vl-ocr-2025-11-20';
  return model.includes('-vl') ? 'qwen-vl-max' : 'qwen-max';
}

/** A valid request of the mutator's model, right with all that the mutator needs. */
function requestFor(mutator: Mutator, seed: number): Draft {
  const random = seededRandom(seed);
  const model = mutator.model ?? 'qwen-plus';
  const wish = { model: likeModel(model), shape: mutator.shape ?? 'native', plain: true } as const;
  const draft = validRequest(random, `b-${seed}`, wish);
  draft.model = model;
  mutator.given?.(draft, random);
  return draft;
}

function problemsOf(
  mutator: Mutator,
  draft: Draft,
  { strict, broken }: { readonly strict: boolean; readonly broken: boolean },
): [string, readonly Problem[]] {
  const model = mutator.model ?? 'qwen-plus';
  const { catalog: capabilities } = mutator;
  const catalog =
    capabilities === undefined
      ? {}
      : { catalog: loadCatalog({ models: [{ id: model, capabilities }] }) };
  const parsed = parseText(writeDraft(draft, 'b').text, {
    strict,
    batchChat: broken && mutator.batchChat === true,
    ...catalog,
  });
  return [parsed.kind, parsed.problems];
}

function isHit(mutator: Mutator, { severity, path, message }: Problem): boolean {
  const words = WORDS.get(mutator.breaks) ?? '';
  return (
    severity === mutator.severity &&
    (path.endsWith(mutator.at) ||
      path.includes(`${mutator.at}.`) ||
      path.includes(`${mutator.at}[`)) &&
    message.includes(mutator.says) &&
    message.includes(words)
  );
}

describe('broken rules', () => {
  test('every rule and every parameter of the tables has a mutator, and every mutator its rule', () => {
    const broken = new Set(MUTATORS.map(({ breaks }) => breaks));
    expect([...WORDS.keys()].filter((id) => !broken.has(id))).toEqual([]);
    expect([...broken].filter((id) => !WORDS.has(id))).toEqual([]);
  });

  test.each(MUTATORS.map((mutator) => [mutator.breaks, mutator] as const))(
    '%s: broken alone, the line is judged by it, in its words and with its source',
    (_id, mutator) => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed) => {
          const draft = requestFor(mutator, seed);
          const [, before] = problemsOf(mutator, draft, { strict: false, broken: false });
          expect(before.filter((problem) => isHit(mutator, problem))).toEqual([]);
          expect(before.filter(({ severity }) => severity === 'error')).toEqual([]);

          mutator.mutate(draft, seededRandom(seed));
          const [kind, after] = problemsOf(mutator, draft, { strict: false, broken: true });
          const hits = after.filter((problem) => isHit(mutator, problem));
          expect(hits, JSON.stringify(after)).toHaveLength(1);
          expect(hits[0]?.message).toMatch(CITED);
          const errors = after.filter(({ severity }) => severity === 'error');
          expect(errors).toEqual(mutator.severity === 'error' ? hits : []);
          expect(kind).toBe(mutator.severity === 'error' ? 'rejected' : 'request');
          const [strictly] = problemsOf(mutator, draft, { strict: true, broken: true });
          if (mutator.severity === 'warning') expect(strictly).toBe('rejected');
        }),
        { numRuns: mutator.breaks.endsWith('-bytes') ? 2 : 25 },
      );
    },
  );
});
