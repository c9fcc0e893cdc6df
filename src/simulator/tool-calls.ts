import type { ToolCall } from './answer-shape.ts';
import { hashText } from './randomness.ts';
import { asArray, asObject } from './request.ts';
import type { SimulatedRequest } from './request.ts';
import { plausibleValue } from './schema-values.ts';
import type { ValueContext } from './schema-values.ts';

type Tool = { readonly name: string; readonly description: string; readonly parameters: unknown };

/** Character pairs that occur in nearly every description and say nothing about the subject. */
const COMMON_PAIRS = new Set(
  '查询 获取 可以 用户 信息 使用 一个 时候 什么 需要 进行 当前 指定 现在 非常 有用 想要 如何 怎么 返回 调用 工具'.split(
    ' ',
  ),
);

function readTools(value: unknown): readonly Tool[] {
  return asArray(value).flatMap((item) => {
    const definition = asObject(asObject(item)?.['function']);
    const name = definition?.['name'];
    if (definition === null || typeof name !== 'string') return [];
    const description = definition['description'];
    return [
      {
        name,
        description: typeof description === 'string' ? description : '',
        parameters: definition['parameters'],
      },
    ];
  });
}

function isMeant(tool: Tool, text: string): boolean {
  const lower = text.toLowerCase();
  if (lower.includes(tool.name.toLowerCase())) return true;
  const words = tool.name.toLowerCase().split(/[_-]+|\d+/);
  if (words.some((word) => word.length >= 4 && lower.includes(word))) return true;
  for (let at = 0; at + 2 <= tool.description.length; at += 1) {
    const pair = tool.description.slice(at, at + 2);
    if (/^[\u4e00-\u9fff]{2}$/.test(pair) && !COMMON_PAIRS.has(pair) && text.includes(pair))
      return true;
  }
  return false;
}

/**
 * The tools that the answer calls: the one forced by `tool_choice`; else, after a user message, the first one that the
 * message mentions (its name, a word of its name, or two Chinese characters of its description), or all of these with
 * `parallel_tool_calls`. Arguments are generated from the tool's JSON schema.
 */
export function chooseToolCalls(
  request: SimulatedRequest,
  context: ValueContext,
): { readonly calls: readonly ToolCall[]; readonly forced: boolean } {
  const { parameters, messages, thinking } = request;
  const tools = readTools(parameters['tools']);
  const choice = parameters['tool_choice'];
  if (tools.length === 0 || choice === 'none' || messages.at(-1)?.role !== 'user')
    return { calls: [], forced: false };
  const forcedName = thinking ? undefined : asObject(asObject(choice)?.['function'])?.['name'];
  const forced = typeof forcedName === 'string';
  const meant = tools.filter((tool) =>
    forced ? tool.name === forcedName : isMeant(tool, context.text),
  );
  const called = parameters['parallel_tool_calls'] === true ? meant : meant.slice(0, 1);
  const calls = called.map((tool, index) => {
    const schema = asObject(tool.parameters);
    const values =
      schema === null ? {} : plausibleValue({ type: 'object', ...schema }, tool.name, context);
    const text = JSON.stringify(values);
    const id = hashText(`${tool.name}${text}${index}`, Math.floor(context.random() * 2 ** 32));
    return {
      index,
      id: `call_${id.toString(16).padStart(8, '0').repeat(3).slice(0, 22)}`,
      name: tool.name,
      arguments: text,
    };
  });
  return { calls, forced: forced && calls.length > 0 };
}
