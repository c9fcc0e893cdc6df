import { breach, named } from './findings.ts';
import type { Examination } from './findings.ts';
import { HEADER_RULES } from './line-rules.ts';
import { FAMILIES } from './model-families.ts';
import type { ShapeRule } from './shape-rule.ts';

function inspectionRule(model: string): ShapeRule | undefined {
  if (FAMILIES.audio.test(model)) return HEADER_RULES.inspectionAudio;
  return FAMILIES.vision.test(model) ? HEADER_RULES.inspectionVision : undefined;
}

/** Checks whether the line's headers suit its model and protocol; their form was checked before. */
export function checkHeaderUse(examination: Examination): void {
  const { headers, model, protocol } = examination.view;
  const inspection = headers['x-dashscope-datainspection'];
  const rule = inspection === undefined ? undefined : inspectionRule(model);
  if (rule !== undefined) {
    const found = `${named('X-DashScope-DataInspection', inspection)}, and the model is ${model}`;
    breach(examination, rule, 'headers.X-DashScope-DataInspection', found);
  }
  const sse = headers['x-dashscope-sse'];
  if (sse === undefined || protocol === 'dashscope') return;
  const found = `${named('X-DashScope-SSE', sse)} on a line for compatible mode`;
  breach(examination, HEADER_RULES.sseCompatible, 'headers.X-DashScope-SSE', found);
}
