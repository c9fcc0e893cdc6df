import { PROBLEM_CODES } from './codes.ts';
import { named } from './findings.ts';
import { isOf } from './model-families.ts';
import { formatType, isNative, objectOf } from './request-facts.ts';
import type { RequestView } from './request-view.ts';
import { parameterPlace, ruleOf } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

function formatOnModel(view: RequestView): string {
  const thinking = view.thinking === true ? ', thinking' : '';
  return `response_format asks for ${JSON.stringify(formatType(view))} and the model ${view.model}${thinking}`;
}

function resultOnModel(view: RequestView): string {
  return `${named('result_format', view.parameters['result_format'])} and the model ${view.model}`;
}

/** Rules about `response_format` and `result_format`. */
export const FORMAT_RULES: readonly Rule[] = [
  ruleOf({
    id: 'json-model',
    on: 'response_format',
    models: 'listed without JSON mode',
    when: (view) => formatType(view) === 'json_object',
    must: (view) => view.profile.jsonObject !== false,
    place: parameterPlace('response_format'),
    found: formatOnModel,
    text: 'this model is documented without JSON mode',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.openai,
  }),
  ruleOf({
    id: 'json-schema-model',
    on: 'response_format',
    models: 'listed without JSON schemas, or without them while they think',
    when: (view) => formatType(view) === 'json_schema',
    must: (view) =>
      view.profile.jsonSchema !== false &&
      !(view.profile.jsonSchema === 'non-thinking only' && view.thinking === true),
    place: parameterPlace('response_format'),
    found: formatOnModel,
    text: 'this model is documented without JSON schemas, or without them while it thinks',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.openai,
  }),
  ruleOf({
    id: 'json-schema-shape',
    on: 'response_format',
    when: (view) => formatType(view) === 'json_schema',
    must: (view) => {
      const schema = objectOf(view, 'response_format')['json_schema'];
      return (
        typeof schema === 'object' && schema !== null && 'name' in schema && 'schema' in schema
      );
    },
    place: parameterPlace('response_format.json_schema'),
    text: 'it is documented as {"name": "...", "schema": {...}, "strict": true}',
    severity: 'warning',
    source: SOURCES.openai,
  }),
  ruleOf({
    id: 'format-ignored',
    on: 'result_format',
    models: 'VL, QVQ, OCR and Audio before Qwen3, qwen3.5-ocr',
    when: (view) => isNative(view) && isOf(view, 'textFormatIgnored'),
    must: (view) => view.parameters['result_format'] !== 'text',
    place: parameterPlace('result_format'),
    found: resultOnModel,
    text: '"text" has no effect on VL, QVQ, OCR and Audio models',
    severity: 'note',
    source: SOURCES.reference,
  }),
  ruleOf({
    id: 'format-message-only',
    on: 'result_format',
    models: 'Qwen3-Max and Qwen3-VL that do not think',
    when: (view) => isNative(view) && isOf(view, 'messageOnly') && view.thinking !== true,
    must: (view) => view.parameters['result_format'] !== 'text',
    place: parameterPlace('result_format'),
    found: resultOnModel,
    text: 'Qwen3-Max and Qwen3-VL are documented with "message" only',
    severity: 'warning',
    source: SOURCES.reference,
  }),
];
