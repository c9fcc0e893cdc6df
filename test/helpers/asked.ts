import type { Asked } from '../../src/protocols/protocol.ts';

/** What a plain request asked for; `fields` replace what a test is about. */
export function asked(fields: Partial<Asked> = {}): Asked {
  return { model: 'qwen-plus', incremental: null, choices: 1, ...fields };
}
