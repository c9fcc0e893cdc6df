import { chance, type Making } from './making.ts';
import { isChat, Raw } from './request-draft.ts';

/** Valid conversations: service.md section 3. */

const TEXTS = [
  '请用两句话介绍杭州的西湖。',
  'Explain “rate limits” in one line\u2028and one more.',
  '表情 😀👩‍👩‍👧 and \u0000 control \u001f, tab\t, quote " and \\ back',
  '请按 JSON 回答',
  'ẞ ﬁ İ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢',
] as const;

const IMAGE = 'https://example.com/狗 a.png'.replace(' ', '%20');
const DATA = 'data:image/png;base64,iVBORw0KGgo=';
const SOUND = 'https://example.com/会议.wav';

const text = ({ random, json }: Making): string =>
  random.pick(TEXTS) + (json ? ' (answer in JSON)' : '');

/** Media beside a text, natively or in OpenAI's parts. */
function mediaParts(making: Making): unknown[] {
  const { random, kind, draft } = making;
  const pixels = chance(random) ? {} : { min_pixels: 65_536, max_pixels: 1_310_720 };
  if (isChat(draft)) {
    if (kind.says === 'audio')
      return [{ type: 'input_audio', input_audio: { data: SOUND, format: 'wav' } }];
    return [
      random.pick<unknown>([
        { type: 'image_url', image_url: { url: IMAGE }, ...pixels },
        { type: 'image_url', image_url: { url: DATA } },
        { type: 'video', video: [IMAGE, IMAGE, IMAGE, DATA], fps: new Raw('2.0') },
        { type: 'video_url', video_url: { url: 'https://example.com/a.mp4' }, fps: 10 },
      ]),
    ];
  }
  if (kind.says === 'audio') return [{ audio: SOUND }];
  if (/ocr/.test(kind.model))
    return [{ image: IMAGE, min_pixels: 3136, max_pixels: 6_422_528, enable_rotate: true }];
  return [
    random.pick<unknown>([
      { image: IMAGE, ...pixels, cache_control: { type: 'ephemeral' } },
      { image: DATA },
      { image: IMAGE, text: undefined },
      { video: [IMAGE, IMAGE, DATA, IMAGE], fps: new Raw('1e-1') },
      { video: 'https://example.com/球赛.mp4', fps: 10, max_frames: 512, total_pixels: 1_000_000 },
    ]),
  ];
}

function contentOf(making: Making, said: string, withMedia: boolean): unknown {
  const { kind, draft } = making;
  const multimodal = kind.path === 'multimodal-generation';
  const part = isChat(draft) ? { type: 'text', text: said } : { text: said };
  if (kind.says === 'documents') {
    const parsing = { file_parsing_strategy: 'auto' };
    const document = { type: 'doc_url', doc_url: ['https://example.com/a.pdf'], ...parsing };
    return [{ type: 'text', text: said }, document];
  }
  if (!multimodal) return said;
  if (withMedia) return [...mediaParts(making), part];
  // Flat lines have plain strings wrapped on the way (cli.md section 9): parts arrive as they are.
  return draft.shape === 'flat' || chance(making.random) ? [part] : said;
}

function toolTurn({ random }: Making): unknown[] {
  const call = (id: string): unknown => ({
    id,
    type: 'function',
    function: { name: 'get_current_weather', arguments: `{"地点": "杭州", "第": "${id}"}` },
    index: 0,
  });
  const ids = chance(random) ? ['call_1'] : ['call_1', '调用-2'];
  return [
    { role: 'assistant', content: random.pick<unknown>(['', null]), tool_calls: ids.map(call) },
    ...ids.map((id) => ({ role: 'tool', content: '多云，18 度', tool_call_id: id })),
  ];
}

/** A conversation whose user's messages carry the mark `[#id]`. */
export function validMessages(making: Making, id: string): unknown[] {
  const { random, kind, draft } = making;
  const ask = (withMedia: boolean): unknown => ({
    role: 'user',
    content: contentOf(making, `[#${id}] ${text(making)}`, withMedia),
  });
  // Rule 17: one user message and nothing else.
  if (kind.says === 'translation') return [ask(false)];
  if (kind.says === 'research')
    return [ask(false), { role: 'assistant', content: '您关注哪座城市？' }, ask(false)];
  const messages: unknown[] = [];
  if (chance(random) && kind.says !== 'audio')
    messages.push({ role: 'system', content: contentOf(making, text(making), false) });
  if (kind.says === 'files')
    messages.push({ role: 'system', content: 'fileid://file-fe-1,file-fe-2' });
  messages.push(ask(kind.says === 'image' || kind.says === 'audio'));
  if (kind.says === 'audio') return messages;
  // Flat lines have plain strings wrapped on that path, a tool's answer too.
  const wrapped = draft.shape === 'flat' && kind.path === 'multimodal-generation';
  if (draft.parameters['tools'] !== undefined && !wrapped && chance(random))
    messages.push(...toolTurn(making));
  if (chance(random, 3)) {
    const answer = { role: 'assistant', content: contentOf(making, '好的', false) };
    messages.push(chance(random) ? { ...answer, reasoning_content: '想一想' } : answer);
    messages.push(ask(false));
  }
  // Prefix mode: the answer goes on from the last message.
  if (chance(random, 4) && !making.thinks)
    messages.push({ role: 'assistant', content: contentOf(making, '西湖', false), partial: true });
  return messages;
}
