import type { PlannedLine } from '../../src/plan.ts';

/** A planned native line; `fields` replace what a test is about. */
export function plannedLine(lineNo: number, fields: Partial<PlannedLine> = {}): PlannedLine {
  const body = Buffer.from(
    `{"model":"qwen-plus","input":{"messages":[{"role":"user","content":"给第 ${lineNo} 条评论分类"}]}}`,
  );
  return {
    lineNo,
    customId: `评论-${lineNo}`,
    model: 'qwen-plus',
    call: {
      protocol: 'dashscope',
      path: '/services/aigc/text-generation/generation',
      headers: {},
      body,
      stream: false,
    },
    incremental: null,
    choices: 1,
    mayStream: true,
    bodyBytes: body.length,
    inputTokens: 20,
    outputExpectedTokens: 280,
    outputMaxTokens: 8_192,
    thinking: false,
    estimatedPico: 1_000_000,
    extras: null,
    metadata: null,
    prior: null,
    ...fields,
  };
}
