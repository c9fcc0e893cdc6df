import { isObject } from '../json/is-object.ts';
import * as z from 'zod';
import {
  booleanValue,
  filledString,
  listOf,
  objectValue,
  oneOf,
  openObject,
  stringValue,
} from './values.ts';

const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The name of a function: documented characters and length; the service refuses `search`. */
const toolName: z.ZodType = z
  .string({ error: 'a string' })
  .regex(TOOL_NAME, { error: '1 to 64 letters, digits, _ or -' })
  .refine((name) => name !== 'search', {
    error: 'another name (service: Tool names are not allowed to be [search])',
  });

const functionTool: z.ZodType = z.looseObject(
  {
    name: toolName,
    description: stringValue.nullish(),
    parameters: objectValue.nullish(),
    strict: booleanValue.nullish(),
  },
  { error: 'an object with a name' },
);

const tool: z.ZodType = z.looseObject(
  { type: stringValue.nullish(), function: functionTool.nullish() },
  { error: 'an object like {"type":"function","function":{...}}' },
);

/**
 * `tools`. Types and names are checked here; a missing `description` or `type` is left to the rules, since the
 * documentation calls them required without stating the consequence.
 * Source: DashScope API reference, 2026-09.
 */
export const toolList: z.ZodType = listOf(tool, 'an array of tools');

const forcedTool: z.ZodType = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({ name: filledString }),
});

/**
 * `tool_choice`: a string or `{"type":"function","function":{"name"}}`. `required` passes here:
 * the rules refuse it for Qwen and warn for others.
 */
export const toolChoice: z.ZodType = z.custom(
  (value) =>
    value === 'auto' ||
    value === 'none' ||
    value === 'required' ||
    (isObject(value) && forcedTool.safeParse(value).success),
);

/** `response_format`. `json_schema` needs a later model. Source: OpenAI-compatible reference, 2026-09. */
export const responseFormat: z.ZodType = z.looseObject(
  {
    type: oneOf(['text', 'json_object', 'json_schema']),
    json_schema: openObject({
      name: stringValue,
      schema: objectValue,
      strict: booleanValue,
      description: stringValue,
    }).nullish(),
  },
  { error: 'an object like {"type":"json_object"}' },
);

/** The `tool_calls` of an assistant message: the service's own answer, sent back. */
export const toolCalls: z.ZodType = listOf(
  z.looseObject(
    {
      id: stringValue.nullish(),
      type: stringValue.nullish(),
      function: z.looseObject(
        { name: filledString, arguments: stringValue.nullish() },
        { error: 'an object with name and arguments' },
      ),
    },
    { error: 'an object like {"id":...,"type":"function","function":{...}}' },
  ),
  'an array of tool calls',
);
