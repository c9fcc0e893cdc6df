import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { maximaOf } from '../../src/simulator/model-maxima.ts';
import { modelTraits } from '../../src/simulator/model-traits.ts';

/*
 * The simulator knows models by patterns of their names, the facts know them one by one. Read where
 * they lie; skipped where they are absent.
 */

const FILE = new URL('../../../shared/models/models.json', import.meta.url);

type Model = {
  readonly id: string;
  readonly also_known_as?: string;
  readonly limits: {
    readonly max_input?: number | null;
    readonly max_input_thinking?: number | null;
    readonly max_output?: number | null;
    readonly max_output_thinking?: number | null;
    readonly max_cot?: number | null;
  } | null;
  readonly capabilities: {
    readonly thinking: 'none' | 'hybrid' | 'only' | null;
    readonly default_enable_thinking: boolean | null;
    readonly stream_only: 'always' | 'thinking' | 'no' | null;
    readonly stream_only_basis: string | null;
    readonly input_modalities: readonly string[] | null;
    readonly tools: boolean | 'non-thinking only' | null;
  };
};

const models: readonly Model[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { models: readonly Model[] }).models
  : [];

const THINKING = { none: ['no'], hybrid: ['default-on', 'default-off'], only: ['only'] };
const STREAMS = { always: 'all', thinking: 'thinking', no: 'none' };

/** The ids of the models that `isWrong` says the simulator takes for something else. */
function wrong(isWrong: (model: Model) => boolean): readonly string[] {
  return models.filter(isWrong).map(({ id }) => id);
}

describe.skipIf(models.length === 0)('models of the simulator and the facts of models.json', () => {
  test('whether they think: the same for every model of which it is known, and not inferred as of resellers', () => {
    expect(
      wrong(({ id, capabilities: { thinking } }) => {
        const traits = modelTraits(id);
        if (thinking === 'none' && id.includes('/')) return traits.thinking !== 'default-off';
        return thinking !== null && !THINKING[thinking].includes(traits.thinking);
      }),
    ).toEqual([]);
  });

  test('whether they think by default: the same', () => {
    expect(
      wrong(
        ({ id, capabilities: { thinking, default_enable_thinking: byDefault } }) =>
          thinking === 'hybrid' &&
          byDefault !== null &&
          (modelTraits(id).thinking === 'default-on') !== byDefault,
      ),
    ).toEqual([]);
  });

  test('what is not known of thinking is refused by no model', () => {
    expect(
      wrong(
        ({ id, capabilities: { thinking } }) =>
          thinking === null && ['no', 'only'].includes(modelTraits(id).thinking),
      ),
    ).toEqual([]);
  });

  test('what needs a stream: the same, but where it is inferred for other vendors', () => {
    expect(
      wrong(({ id, capabilities: { stream_only: streams, stream_only_basis: basis } }) => {
        const { qwen, needsStream } = modelTraits(id);
        if (!qwen && basis?.startsWith('inferred') === true) return needsStream !== 'none';
        return streams !== null && STREAMS[streams] !== needsStream;
      }),
    ).toEqual([]);
  });

  test('where the native protocol serves them: not on the path of the other kind', () => {
    expect(
      wrong(({ id, capabilities: { input_modalities: takes } }) => {
        const onlyText = takes?.every((name) => name === 'text');
        const { home } = modelTraits(id);
        return (
          (onlyText === true && home === 'multimodal-generation') ||
          (onlyText === false && home === 'text-generation')
        );
      }),
    ).toEqual([]);
  });

  test('tools: refused by none that takes them, and by every Qwen that does not', () => {
    expect(
      wrong(
        ({ id, capabilities: { tools } }) =>
          (tools !== null && tools !== false && !modelTraits(id).tools) ||
          (tools === false && modelTraits(id).qwen && modelTraits(id).tools),
      ),
    ).toEqual([]);
  });

  test('a second name: the same model', () => {
    const named = models.flatMap(({ id, also_known_as: other }) =>
      other === undefined ? [] : [{ id, other }],
    );
    expect(named).toHaveLength(41);
    for (const { id, other } of named) {
      expect(modelTraits(other)).toEqual(modelTraits(id));
      for (const thinking of [true, false])
        expect(maximaOf(other, thinking)).toEqual(maximaOf(id, thinking));
    }
  });

  test('maxima: none below the documented one, for answers and for chains of thought', () => {
    expect(
      wrong(({ id, limits }) => {
        const { output, thought } = maximaOf(id, false);
        return output < (limits?.max_output ?? 0) || thought < (limits?.max_cot ?? 0);
      }),
    ).toEqual([]);
  });

  test('maxima while thinking: none below the documented one, and no answer longer', () => {
    expect(
      wrong(({ id, limits }) => {
        const { input, output } = maximaOf(id, true);
        const plain = maximaOf(id, false);
        return (
          input < (limits?.max_input_thinking ?? 0) ||
          output < (limits?.max_output_thinking ?? 0) ||
          (plain.output === limits?.max_output && output > (limits.max_output_thinking ?? output))
        );
      }),
    ).toEqual([]);
  });
});
