import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { loadCatalog } from '../../src/models/catalog.ts';
import type { ModelProfile } from '../../src/models/model-profile.ts';

type Field = keyof Omit<ModelProfile, 'id' | 'canonicalId' | 'known' | 'near' | 'limitsSure'>;

/** How the user's catalog file says a fact of the profile: where, values, and what it must not take. */
type Row = {
  readonly at: 'capabilities' | 'limits';
  readonly key: string;
  /** Each as the file has it, and as the profile then has it. */
  readonly good: readonly (readonly [unknown, unknown])[];
  readonly bad: readonly unknown[];
};

const same = (...values: readonly unknown[]): Row['good'] => values.map((value) => [value, value]);
const ability = (key: string): Row => ({
  at: 'capabilities',
  key,
  good: same(true, false, 'non-thinking only'),
  bad: ['sometimes', 1, null],
});
const limit = (key: string): Row => ({
  at: 'limits',
  key,
  good: same(1, 123_456),
  bad: [0, -1, 1.5, '4096'],
});
const modalities = (key: string): Row => ({
  at: 'capabilities',
  key,
  good: same(['text'], ['text', 'image', 'video', 'audio']),
  bad: [[], ['smell'], 'text'],
});

const ROWS: Readonly<Record<Field, Row>> = {
  thinking: {
    at: 'capabilities',
    key: 'thinking',
    good: same('none', 'hybrid', 'only'),
    bad: ['sometimes', true],
  },
  thinkingDefault: {
    at: 'capabilities',
    key: 'default_enable_thinking',
    good: same(true, false),
    bad: ['true', 1],
  },
  streamOnly: {
    at: 'capabilities',
    key: 'stream_only',
    good: same('always', 'thinking', 'no'),
    bad: [true, 'never'],
  },
  nativeEndpoint: {
    at: 'capabilities',
    key: 'native_endpoint',
    good: same('text-generation', 'multimodal-generation'),
    bad: ['chat-completions', null],
  },
  inputModalities: modalities('input_modalities'),
  outputModalities: modalities('output_modalities'),
  tools: ability('tools'),
  nMax: { at: 'capabilities', key: 'n', good: same(1, 4), bad: [0, 1.5, '4'] },
  logprobs: { at: 'capabilities', key: 'logprobs', good: same(true, false), bad: ['yes', 5] },
  jsonObject: ability('json_object'),
  jsonSchema: ability('json_schema'),
  webSearch: {
    at: 'capabilities',
    key: 'web_search',
    good: [
      [true, true],
      [false, false],
      [['cn'], true],
      [[], false],
    ],
    bad: ['cn', ['moon'], 1],
  },
  batchChat: {
    at: 'capabilities',
    key: 'batch_chat_cn',
    good: same(true, false),
    bad: ['cn', 1],
  },
  contextWindow: limit('context_window'),
  maxInput: limit('max_input'),
  maxOutput: limit('max_output'),
  maxThinking: limit('max_thinking'),
  maxInputThinking: limit('max_input_thinking'),
  maxOutputThinking: limit('max_output_thinking'),
};

/**
 * What else changes, unless the file says that too: where a model is served follows from what it
 * takes, and a limit that is said anew holds while thinking.
 */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  inputModalities: ['nativeEndpoint'],
  maxInput: ['maxInputThinking'],
  maxOutput: ['maxOutputThinking'],
};

/** A model that the bundled catalog knows, and one that it does not. */
const MODELS = ['qwen-plus', 'qwen-our-finetune'] as const;

function profileWith(model: string, { at, key }: Row, value: unknown): ModelProfile {
  return loadCatalog({ models: [{ id: model, [at]: { [key]: value } }] }).profile(model);
}

describe("the user's catalog file", () => {
  it('has a way to say every fact of a profile', () => {
    const {
      id: _id,
      canonicalId: _canonicalId,
      known: _known,
      near: _near,
      limitsSure: _limitsSure,
      ...facts
    } = loadCatalog().profile('qwen-plus');
    expect(Object.keys(facts).toSorted()).toEqual(Object.keys(ROWS).toSorted());
  });

  it.each(Object.entries(ROWS))(
    '%s: is what the file says, and nothing else changes',
    (name, row) => {
      for (const model of MODELS) {
        const before = { ...loadCatalog().profile(model), known: true };
        for (const [value, expected] of row.good) {
          const profile = profileWith(model, row, value);
          expect(profile[name as Field]).toEqual(expected);
          const follows = FOLLOWS[name] ?? [];
          // A limit of the user's own is sure, whoever said the one before.
          const sure = row.at === 'limits' ? true : before.limitsSure;
          expect(profile.limitsSure).toBe(sure);
          const rest = Object.entries(profile).filter(
            ([key]) => key !== name && key !== 'limitsSure' && !follows.includes(key),
          );
          expect(Object.fromEntries(rest)).toEqual(
            Object.fromEntries(rest.map(([key]) => [key, before[key as Field]])),
          );
        }
      }
    },
  );

  it.each(Object.values(ROWS))('$at.$key: refuses what is no such value, and says where', (row) => {
    for (const value of row.bad) {
      expect(() => profileWith('qwen-plus', row, value)).toThrow(ConfigError);
      expect(() => profileWith('qwen-plus', row, value)).toThrow(`models[0].${row.at}.${row.key}`);
    }
  });
});
