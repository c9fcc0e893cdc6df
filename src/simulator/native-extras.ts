import { asArray, asObject } from './request.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';

/** Height and width in pixels of every image: the simulator fetches none. */
const IMAGE_HW = [980, 1008] as const;

/** `output.search_info` if `enable_source` requests it, else nothing. */
export function searchInfo({ parameters }: SimulatedRequest): JsonObject {
  const options = asObject(parameters['search_options']);
  if (parameters['enable_search'] !== true || options?.['enable_source'] !== true) return {};
  const results = [1, 2].map((index) => ({
    site_name: 'example.com',
    icon: '',
    index,
    title: `搜索结果 ${index}`,
    url: `https://example.com/${index}`,
  }));
  const extended = options['enable_search_extension'] === true;
  const extra = [{ tool: 'weather', result: '杭州：多云，18 摄氏度' }];
  return {
    search_info: { ...(extended && { extra_tool_info: extra }), search_results: results },
  };
}

/** `output.tool_info` after a run of the code interpreter. */
export const TOOL_INFO: JsonObject = {
  tool_info: [{ code_interpreter: { code: 'print(123**21)' }, type: 'code_interpreter' }],
};

/** `image_hw` beside the text of the last part if `vl_enable_image_hw_output` requests it. */
export function imageSizes({ parameters, messages }: SimulatedRequest): JsonObject {
  if (parameters['vl_enable_image_hw_output'] !== true) return {};
  const parts = messages.flatMap((message) => asArray(message.parts));
  const images = parts.filter((part) => asObject(part)?.['image'] !== undefined);
  return { image_hw: images.map(() => IMAGE_HW) };
}
