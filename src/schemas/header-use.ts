import { breach, named } from './findings.ts';
import type { Examination } from './findings.ts';
import { HEADER_RULES } from './line-rules.ts';
import { isOf } from './model-families.ts';
import type { RequestView } from './request-view.ts';
import type { ShapeRule } from './shape-rule.ts';

function inspectionRule(view: RequestView): ShapeRule | undefined {
  if (isOf(view, 'audio')) return HEADER_RULES.inspectionAudio;
  return isOf(view, 'vision') ? HEADER_RULES.inspectionVision : undefined;
}

/** Checks whether the line's headers suit its model and protocol; their form is checked elsewhere. */
export function checkHeaderUse(examination: Examination): void {
  const { headers, model, protocol } = examination.view;
  const inspection = headers['x-dashscope-datainspection'];
  const rule = inspection === undefined ? undefined : inspectionRule(examination.view);
  if (rule !== undefined) {
    const found = `${named('X-DashScope-DataInspection', inspection)}, and the model is ${model}`;
    breach(examination, rule, 'headers.X-DashScope-DataInspection', found);
  }
  const sse = headers['x-dashscope-sse'];
  if (sse === undefined || protocol === 'dashscope') return;
  const found = `${named('X-DashScope-SSE', sse)} on a line for compatible mode`;
  breach(examination, HEADER_RULES.sseCompatible, 'headers.X-DashScope-SSE', found);
}
