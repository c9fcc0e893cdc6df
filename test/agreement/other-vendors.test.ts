import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/models/catalog.ts';
import { openBench } from '../helpers/bench.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { lineOf } from './lines.ts';
import type { Draft, Fields } from './lines.ts';
import { refusalOf, withSimulator } from './refusals.ts';

/*
 * Refusals that are documented for the Qwen family may not hold for other vendors' models: there
 * `check` warns and the simulator answers. Both are asked about every such model of the catalog.
 */

const MODELS = loadCatalog()
  .ids()
  .filter((id) => !/^q(?:wen|wq|vq)/.test(id));

const ON = { enable_thinking: true };
const JSON_MODE = { response_format: { type: 'json_object' } };
const SCHEMA = { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {} } } };

type Case = {
  readonly name: string;
  readonly parameters: Fields;
  /** Natively by the header, else by `stream`. */
  readonly stream?: boolean;
  readonly only?: Draft['protocol'];
  /** The models, if any, on which both refuse it, and in what words. */
  readonly refused?: { readonly of: RegExp; readonly service: string };
};

/** Listed as not thinking by pages of their own; what is listed of resellers' models is inferred. */
const THINKLESS = /^(?:deepseek-v3|farui-plus|Moonshot-Kimi-K2-Instruct|tongyi-.*)$/;
const NOT_THINKING = { of: THINKLESS, service: 'does not support enable_thinking.' };

/** Documented to take an effort. */
const WITH_EFFORTS = /^(?:.*\/)?(?:deepseek-v4|glm-5|kimi-k3)/i;
const EFFORT = { of: WITH_EFFORTS, service: "'reasoning_effort' must be one of" };

const CASES: readonly Case[] = [
  { name: 'thinking as by default', parameters: {} },
  { name: 'thinking', parameters: ON, refused: NOT_THINKING },
  { name: 'no thinking', parameters: { enable_thinking: false } },
  { name: 'no stream', parameters: { stream: false } },
  { name: 'thinking, no stream', parameters: { ...ON, stream: false }, refused: NOT_THINKING },
  { name: 'JSON mode', parameters: JSON_MODE },
  { name: 'thinking, JSON mode', parameters: { ...ON, ...JSON_MODE }, refused: NOT_THINKING },
  { name: 'a JSON schema', parameters: SCHEMA },
  { name: 'text', parameters: { result_format: 'text' }, only: 'native' },
  {
    name: 'thinking, text',
    parameters: { ...ON, result_format: 'text' },
    only: 'native',
    refused: NOT_THINKING,
  },
  { name: 'no pieces', parameters: { incremental_output: false }, only: 'native' },
  {
    name: 'thinking, no pieces',
    parameters: { ...ON, incremental_output: false },
    only: 'native',
    refused: NOT_THINKING,
  },
  {
    name: 'thinking, a stream without pieces',
    parameters: { ...ON, incremental_output: false },
    stream: true,
    only: 'native',
    refused: NOT_THINKING,
  },
  { name: 'effort low', parameters: { reasoning_effort: 'low' } },
  { name: 'effort none', parameters: { reasoning_effort: 'none' }, refused: EFFORT },
  { name: 'effort minimal', parameters: { reasoning_effort: 'minimal' }, refused: EFFORT },
];

/** A case put to a model in one protocol; `id` names all three. */
type Asked = { readonly id: string; readonly draft: Draft; readonly refused: string | null };

function askedOf({ name, parameters, stream = false, only, refused }: Case): Asked[] {
  const protocols: readonly Draft['protocol'][] = only === undefined ? ['native', 'chat'] : [only];
  return protocols.flatMap((protocol) =>
    MODELS.map((model) => {
      const isMultimodal = model.endsWith('-ocr');
      const text = 'Name three rivers, as json.';
      const content = isMultimodal && protocol === 'native' ? [{ text }] : text;
      const messages = [{ role: 'user', content }];
      return {
        id: `${name}: ${model}, ${protocol}`,
        draft: { protocol, model, isMultimodal, messages, parameters, stream },
        refused: refused?.of.test(model) === true ? refused.service : null,
      };
    }),
  );
}

const ASKED = CASES.flatMap(askedOf);
const REFUSED = ASKED.filter(({ refused }) => refused !== null);

describe("other vendors' models, by what goes with thinking", () => {
  test('all of them are asked, and the documentation refuses some', () => {
    expect(MODELS.length).toBeGreaterThan(60);
    expect(REFUSED.length).toBeGreaterThan(100);
  });

  test('what check passes is answered under --simulate, and only what is documented to be refused is not passed', async () => {
    const bench = openBench();
    const lines = ASKED.map(({ id, draft }) => `${JSON.stringify(lineOf(id, draft))}\n`);
    bench.write('lines.jsonl', lines.join(''));
    await runCli(bench, ['run', 'lines.jsonl', '--simulate=latency=0ms', '--skip-invalid']);
    const errors = bench.lines('lines.errors.jsonl');
    const sent = errors.filter(
      ({ error }) => (error as Fields)['code'] !== 'qbatch_invalid_request',
    );
    expect(sent).toEqual([]);
    expect(errors.map(({ custom_id: id }) => id)).toEqual(REFUSED.map(({ id }) => id));
    expect(bench.lines('lines.results.jsonl')).toHaveLength(ASKED.length - REFUSED.length);
  });

  test('what check refuses, the simulator refuses in the service’s words', async () => {
    const wrong = await withSimulator(async (simulator) => {
      const errors = await Promise.all(REFUSED.map(({ draft }) => refusalOf(simulator, draft)));
      return REFUSED.filter(({ refused }, at) => !errors[at]?.message.includes(refused ?? ''));
    });
    expect(wrong.map(({ id }) => id)).toEqual([]);
  });
});
