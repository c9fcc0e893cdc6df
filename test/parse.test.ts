import { describe, expect, test } from 'vitest';
import { parseLine } from '../src/parse.ts';
import { defaultsOf, errorsOf, parseText, requestOf } from './helpers/parse-text.ts';

const MESSAGES = [{ role: 'user', content: '给这条评论分类：物流很快' }];
const codesOf = (line: unknown, defaults = {}): string[] =>
  parseText(line, defaults)
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);

describe('parseLine: JSON', () => {
  test.each([
    ['cut off', '{"custom_id":"a","prompt":"你好"'],
    ['single quotes', "{'prompt':'你好'}"],
    ['a trailing comma', '{"prompt":"你好",}'],
    ['NaN', '{"prompt":"你好","top_p":NaN}'],
    ['two objects', '{"prompt":"a"} {"prompt":"b"}'],
    ['a control character in a string', '{"prompt":"a\u0001b"}'],
  ])('%s: invalid, its custom_id unknown, and the message repeats nothing of it', (_name, text) => {
    const parsed = parseText(text, { model: 'qwen-plus' });
    expect(parsed).toMatchObject({
      kind: 'rejected',
      lineNo: 5,
      customId: null,
      problems: [{ severity: 'error', code: 'qbatch_invalid_json' }],
    });
    expect(parsed.problems[0]?.message).not.toContain('你好');
  });

  test.each([
    ['{"a":1', "expected ',' or '}' after property value at column 7"],
    ['{"a":1,}', 'expected double-quoted property name at column 8'],
    ['{"a":"b', 'unterminated string at column 8'],
    ['{"a":1} {', 'unexpected non-whitespace character at column 9'],
    ['{"a":NaN}', 'unexpected character "N" at column 6: NaN is not JSON'],
    [
      '{"a\\\\":"\\"N","b":[1.5e3, None]}',
      'unexpected character "N" at column 26: None is not JSON',
    ],
    ['{"a":[1, ]}', 'unexpected character "]" at column 10'],
    ['{"a":{"b":true,"c":tru}}', 'unexpected character "}"'],
    ['你好', 'unexpected character "你" at column 1; a line must be one JSON object {...}'],
    [
      'Please, answer this',
      'unexpected character "P" at column 1; a line must be one JSON object {...}',
    ],
    ['a,1', 'unexpected character "a" at column 1; a line must be one JSON object {...}'],
    ['{"a":1},', 'a comma after the object at column 8; lines are not separated by commas'],
    ['{"a",', "expected ':' after property name at column 5"],
    ['{', "expected property name or '}' at column 2"],
    [
      '{"a":1}\r{"a":2}',
      String.raw`a second object at column 9; lines must end with a line feed, not a carriage return alone; to convert: tr '\r' '\n' < FILE`,
    ],
    ['{"a":', 'it ends too early; an object must be on one line'],
    [
      '[',
      "it ends too early; a line must be one object {...}; to convert a JSON array: jq -c '.[]' FILE",
    ],
  ])('%s: the reason in words, with the column counted from 1', (text, reason) => {
    expect(parseText(text, { model: 'qwen-plus' }).problems[0]?.message).toBe(
      `not valid JSON: ${reason}`,
    );
  });

  test.each([
    ['{“model”:1}', '“ (U+201C) at column 2 where JSON needs "'],
    ['{"model":”qwen”}', '” (U+201D) at column 10 where JSON needs "'],
    ['{"a":„b"}', '„ (U+201E) at column 6 where JSON needs "'],
    ['{‘a’:1}', '‘ (U+2018) at column 2 where JSON needs "'],
    ['{"a":"x",’b’:1}', '’ (U+2019) at column 10 where JSON needs "'],
    ['{"a":＂b＂}', '＂ (U+FF02) at column 6 where JSON needs "'],
    ['{"a":"，“","b":"\\"，"，"c":1}', '， (U+FF0C) at column 20 where JSON needs ,'],
    ['{"a"：1}', '： (U+FF1A) at column 5 where JSON needs :'],
    ['{"a":｛"b":1}}', '｛ (U+FF5B) at column 6 where JSON needs {'],
    ['{"a":1｝', '｝ (U+FF5D) at column 7 where JSON needs }'],
    ['{"a":［1]}', '［ (U+FF3B) at column 6 where JSON needs ['],
    ['{"a":[1］}', '］ (U+FF3D) at column 8 where JSON needs ]'],
    ['{"a":【1]}', '【 (U+3010) at column 6 where JSON needs ['],
    ['{"a":[1】}', '】 (U+3011) at column 8 where JSON needs ]'],
    ['{"a":\u00A01}', 'a no-break space (U+00A0) at column 6 where JSON needs a plain space'],
    ['{"a":1}\u00A0', 'a no-break space (U+00A0) at column 8 where JSON needs a plain space'],
    ['\u3000{"a":1}', 'an ideographic space (U+3000) at column 1 where JSON needs a plain space'],
  ])('%s: names the character that stands for one of JSON, and that one', (text, reason) => {
    const hint = '; word processors and Chinese keyboards insert such characters: replace them all';
    expect(parseText(text).problems).toMatchObject([
      {
        severity: 'error',
        code: 'qbatch_invalid_json',
        message: `not valid JSON: ${reason}${hint}`,
      },
    ]);
  });

  test.each([
    ['a full-width comma alone behind the object', '{"a":1}，', 'a comma after the object'],
    ['a typographic quote at its begin', '“你好”', '“ (U+201C) at column 1'],
    ['the same: what a line is', '“你好”', '; a line must be one JSON object {...}'],
    ['a character that no key writes for one of JSON', '{"a":。}', 'character "。" at column 6'],
  ])('%s: said so', (_name, text, part) => {
    expect(parseText(text).problems[0]?.message).toContain(part);
  });

  test.each([
    ['behind a backslash in a string', String.raw`{"a":"\“"}`],
    ['in a string that never ends', '{"a":"b”}'],
    ['in a string that ends at a later quote', '{"a":"b”,"c":1}'],
    ['in a string before the place of the mistake', '{"a“，":"：\u00A0" "b":1}'],
  ])('a look-alike %s: not what is told of', (_name, text) => {
    const [problem] = parseText(text).problems;
    expect(problem?.code).toBe('qbatch_invalid_json');
    expect(problem?.message).not.toContain('U+');
  });

  test.each(['[1]', '"text"', '12', 'null', 'true'])('%s: not an object', (text) => {
    expect(codesOf(text)).toEqual(['qbatch_invalid_json']);
    const [problem] = parseText(text).problems;
    expect(problem?.message.includes("jq -c '.[]' FILE")).toBe(text === '[1]');
  });

  test('a line of an output file: said so', () => {
    const [problem] = parseText('{"id":"a-1","custom_id":"a","response":{},"error":null}').problems;
    expect(problem).toMatchObject({ severity: 'error', code: 'qbatch_invalid_request' });
    expect(problem?.message).toContain('is from an output file');
  });

  test('a line of none of the four shapes: names the keys that it has', () => {
    const [problem] = parseText('{"custom_id":"a","model":"qwen-plus","输入":{}}').problems;
    expect(problem?.message).toContain('the line has "custom_id", "model", "输入"; see');
    const [empty] = parseText('{}').problems;
    expect(empty?.message).toContain('is given; see');
  });

  test('depth 512 is fine, 513 is not; a line 100,000 deep does no harm', () => {
    // The line's own braces, messages' brackets and braces are levels too.
    const nested = (levels: number): string =>
      `{"model":"qwen-plus","messages":${JSON.stringify(MESSAGES)},"extra_body":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(codesOf(nested(511))).toEqual([]);
    expect(codesOf(nested(512))).toEqual(['qbatch_too_deep']);
    expect(codesOf(nested(100_000))).toEqual(['qbatch_too_deep']);
  });

  test('a long line: refused for its depth before it is parsed, and only for that', () => {
    // Not JSON, which is found out only once all of it was taken apart.
    expect(codesOf('['.repeat(2_000_000))).toEqual(['qbatch_too_deep']);
    const long = `${'[{'.repeat(40_000)}"`.repeat(20);
    expect(codesOf(JSON.stringify({ model: 'qwen-plus', prompt: long }))).toEqual([]);
  });

  test.each([
    ['the line', '{"custom_id":"a","custom_id":"b","prompt":"你好"}', 'custom_id'],
    ['the line, written in escapes', '{"prompt":"你好","pro\\u006dpt":"再见"}', 'prompt'],
    [
      'body',
      '{"url":"/v1/chat/completions","body":{"model":"qwen-plus","messages":[],"model":"qwen-max"}}',
      'model',
    ],
    ['input', '{"model":"qwen-plus","input":{"messages":[],"messages":[]}}', 'messages'],
    [
      'parameters',
      '{"model":"qwen-plus","input":{"messages":[]},"parameters":{"top_p":0.1,"seed":1,"top_p":0.9}}',
      'top_p',
    ],
    [
      'body.parameters',
      '{"url":"/services/aigc/text-generation/generation","body":{"model":"qwen-plus","input":{"messages":[]},"parameters":{"n":1,"n":2}}}',
      'n',
    ],
  ])('a key twice in %s: invalid, naming it', (_where, text, key) => {
    const parsed = parseText(text, { model: 'qwen-plus' });
    expect(parsed).toMatchObject({
      kind: 'rejected',
      problems: [{ code: 'qbatch_duplicate_key' }],
    });
    expect(parsed.problems[0]?.message).toContain(`"${key}"`);
  });

  test('a key twice further down: passes through', () => {
    const text =
      '{"model":"qwen-plus","messages":[{"role":"user","content":"你好"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"},"a":{"type":"number"}}}}}]}';
    expect(codesOf(text)).toEqual([]);
  });

  test('an input whose first line ends within its object: how to make lines of it', () => {
    expect(parseText('{', {}, 1).problems[0]?.message).toBe(
      "not valid JSON: expected property name or '}' at column 2; an object must be on one line; to convert JSON that spans several lines: jq -c . FILE",
    );
  });

  test("an unreadable line: the reader's reason", () => {
    const problem = {
      severity: 'error',
      path: '',
      code: 'qbatch_invalid_utf8',
      message: 'the line is not valid UTF-8; save the file as UTF-8',
    } as const;
    const line = { lineNo: 9, byteOffset: 0, bytes: Buffer.from([0xff]), text: null, problem };
    expect(parseLine(line, defaultsOf())).toEqual({
      kind: 'rejected',
      lineNo: 9,
      customId: null,
      problems: [problem],
    });
  });
});

describe('parseLine: custom_id', () => {
  test('left out: line-<lineNo>', () => {
    expect(parseText({ model: 'qwen-plus', messages: MESSAGES }, {}, 12).customId).toBe('line-12');
  });

  test.each([[''], [7], [null], [['a']]])('%j: invalid', (customId) => {
    expect(
      parseText({ custom_id: customId, model: 'qwen-plus', messages: MESSAGES }),
    ).toMatchObject({ kind: 'rejected', customId: null, problems: [{ path: 'custom_id' }] });
  });

  test('a number, as pandas writes an index: how it is to be written', () => {
    expect(parseText({ custom_id: 7, prompt: '你好' }).problems[0]?.message).toBe(
      'custom_id is 7; it must be a non-empty string, as in "7"',
    );
  });

  test.each([
    [null, 'null'],
    ['', '""'],
  ])('%j, as exports write a missing value: it may be left out', (given, shown) => {
    const parsed = parseText({ custom_id: given, model: 'qwen-plus', prompt: '你好' }, {}, 12);
    expect(parsed.problems[0]?.message).toBe(
      `custom_id is ${shown}; it must be a non-empty string; leave custom_id out, and the line is called line-12`,
    );
  });

  test.each([
    ['12345678901234567890', '12345678901234567000'],
    ['1e400', 'too large a number'],
  ])('%s: no other number is proposed for it', (written, shown) => {
    const line = `{"custom_id":${written},"model":"qwen-plus","prompt":"a"}`;
    expect(parseText(line).problems[0]?.message).toBe(
      `custom_id is ${shown}; it must be a non-empty string`,
    );
  });

  test('any text: kept as it is', () => {
    for (const customId of ['评论-1', '😀', ' a ', '__proto__', 'a\u2028b', '../../etc/passwd']) {
      expect(
        requestOf({ custom_id: customId, model: 'qwen-plus', messages: MESSAGES }).customId,
      ).toBe(customId);
    }
  });

  test('of a line that is invalid further on: still known', () => {
    expect(parseText({ custom_id: '评论-1', model: 'qwen-plus' })).toMatchObject({
      kind: 'rejected',
      customId: '评论-1',
    });
  });
});

describe('parseLine: shapes', () => {
  test('none of the four keys: invalid', () => {
    expect(codesOf({ model: 'qwen-plus', text: '你好' })).toEqual(['qbatch_invalid_request']);
  });

  test.each([
    [{ body: {}, messages: [] }, 'body and messages'],
    [{ input: {}, messages: [] }, 'input and messages'],
    [{ prompt: 'a', messages: [] }, 'messages and prompt'],
    [{ body: {}, input: {}, messages: [], prompt: 'a' }, 'body and input and messages and prompt'],
  ])('several at once (%j): invalid, naming them', (line, named) => {
    expect(errorsOf({ model: 'qwen-plus', ...line }).join()).toContain(named);
  });

  test.each(['url', 'method'])('%s in a line without body: invalid', (key) => {
    expect(
      errorsOf({
        model: 'qwen-plus',
        messages: MESSAGES,
        [key]: key === 'url' ? '/v1/chat/completions' : 'POST',
      })[0],
    ).toMatch(new RegExp(`^${key}: `));
  });

  test.each([
    ['/v1/chat/completions', 'openai', 'chat-completions'],
    ['/chat/completions', 'openai', 'chat-completions'],
    ['/compatible-mode/v1/chat/completions', 'openai', 'chat-completions'],
  ])('envelope to %s: %s', (url, protocol, endpoint) => {
    expect(
      requestOf({
        custom_id: 'a',
        method: 'POST',
        url,
        body: { model: 'qwen-plus', messages: MESSAGES },
      }).view,
    ).toMatchObject({ shape: 'envelope', protocol, endpoint, model: 'qwen-plus' });
  });

  test.each([
    ['/services/aigc/text-generation/generation', 'text-generation'],
    ['/api/v1/services/aigc/text-generation/generation', 'text-generation'],
    ['/services/aigc/multimodal-generation/generation', 'multimodal-generation'],
    ['/api/v1/services/aigc/multimodal-generation/generation', 'multimodal-generation'],
  ])('envelope to %s: native', (url, endpoint) => {
    const content = endpoint === 'text-generation' ? '你好' : [{ text: '你好' }];
    const model = endpoint === 'text-generation' ? 'qwen-plus' : 'qwen-vl-max';
    expect(
      requestOf({ url, body: { model, input: { messages: [{ role: 'user', content }] } } }).view,
    ).toMatchObject({ protocol: 'dashscope', endpoint });
  });

  test.each([
    ['/v1/embeddings', 'embeddings are not chat calls'],
    ['/v1/responses', 'Responses API is not supported'],
    ['/v1/chat/ds-test', '--simulate'],
    ['/v2/chat/completions', 'use "/v1/chat/completions"'],
    ['v1/chat/completions', 'use "/v1/chat/completions"'],
    ['/v1/chat/completions?key=1', 'use "/v1/chat/completions"'],
    ['/v1/../v1/chat/completions', 'use "/v1/chat/completions"'],
    ['https://api.openai.com/v1/chat/completions', 'names a host'],
    ['//evil.example/v1/chat/completions', 'names a host'],
    ['HTTPS://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions', 'names a host'],
    ['file:///etc/passwd', 'names a host'],
  ])('url %s: refused with the reason', (url, reason) => {
    const errors = errorsOf({ url, body: { model: 'qwen-plus', messages: MESSAGES } });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^url: /);
    expect(errors[0]).toContain(reason);
  });

  test('an envelope without a url, with another method, with a body that is no object', () => {
    expect(errorsOf({ body: { model: 'qwen-plus', messages: MESSAGES } })[0]).toMatch(/^url: /);
    expect(errorsOf({ method: 'GET', url: '/v1/chat/completions', body: {} })[0]).toMatch(
      /^method: /,
    );
    expect(errorsOf({ url: '/v1/chat/completions', body: [] })[0]).toMatch(/^body: /);
    expect(errorsOf({ url: '/v1/chat/completions', body: 'text' })[0]).toMatch(/^body: /);
  });

  test('something beside the body: a warning, and it is not sent', () => {
    const request = requestOf({
      url: '/v1/chat/completions',
      body: { model: 'qwen-plus', messages: MESSAGES },
      temperature: 0.5,
    });
    expect(request.problems).toMatchObject([{ severity: 'warning', path: 'temperature' }]);
    expect(request.view.parameters).toEqual({});
  });

  test.each([
    [
      'native',
      { model: 'qwen-plus', input: { messages: MESSAGES }, parameters: { top_p: 0.5 } },
      'dashscope',
    ],
    ['flat', { model: 'qwen-plus', messages: MESSAGES, top_p: 0.5 }, 'dashscope'],
    ['prompt', { model: 'qwen-plus', prompt: '你好', top_p: 0.5 }, 'dashscope'],
  ])('%s: its model, messages and parameters', (shape, line, protocol) => {
    expect(requestOf(line).view).toMatchObject({
      shape,
      protocol,
      model: 'qwen-plus',
      parameters: { top_p: 0.5 },
    });
  });

  test('--protocol openai: flat and prompt lines change, native lines do not', () => {
    const openai = { protocol: 'openai' } as const;
    expect(requestOf({ model: 'qwen-plus', messages: MESSAGES }, openai).view.protocol).toBe(
      'openai',
    );
    expect(requestOf({ model: 'qwen-plus', prompt: '你好' }, openai).view.protocol).toBe('openai');
    expect(
      requestOf({ model: 'qwen-plus', input: { messages: MESSAGES } }, openai).view.protocol,
    ).toBe('dashscope');
  });

  test('a realtime model: a warning on both protocols, and never the path of text models', () => {
    const catalog = defaultsOf().catalog;
    const realtime = catalog.ids().filter((id) => id.includes('realtime'));
    expect(realtime).toHaveLength(10);
    const text = [{ role: 'user', content: '你好' }];
    const parts = [{ role: 'user', content: [{ text: '你好' }] }];
    for (const model of realtime) {
      for (const line of [
        { model, messages: text },
        { model, messages: parts },
        { model, input: { messages: text } },
        { url: '/v1/chat/completions', body: { model, messages: text } },
      ]) {
        const { view, problems } = requestOf(line);
        expect(view.endpoint).toBe('body' in line ? 'chat-completions' : 'multimodal-generation');
        expect(problems.filter(({ severity }) => severity === 'warning')).toMatchObject([
          { path: 'body' in line ? 'body.model' : 'model', code: 'qbatch_model_list' },
        ]);
        expect(parseText(line, { strict: true }).kind).toBe('rejected');
      }
    }
  });

  test('no Omni model of the catalog goes to the path of text models', () => {
    for (const model of defaultsOf()
      .catalog.ids()
      .filter((id) => id.includes('omni')))
      expect(requestOf({ model, messages: MESSAGES }).view.endpoint).toBe('multimodal-generation');
  });

  test('a model that nobody knows: array content goes to multimodal, else to text', () => {
    expect(requestOf({ model: 'my-own-model', messages: MESSAGES }).view.endpoint).toBe(
      'text-generation',
    );
    expect(
      requestOf({
        model: 'my-own-model',
        messages: [{ role: 'user', content: [{ text: '你好' }] }],
      }).view.endpoint,
    ).toBe('multimodal-generation');
  });

  test.each([[''], [7], [null]])('prompt %j: invalid', (prompt) => {
    expect(errorsOf({ model: 'qwen-plus', prompt })[0]).toMatch(/^prompt: /);
  });

  test('input or parameters that are no objects: invalid', () => {
    expect(errorsOf({ model: 'qwen-plus', input: [] })[0]).toMatch(/^input: /);
    expect(
      errorsOf({ model: 'qwen-plus', input: { messages: MESSAGES }, parameters: 'none' })[0],
    ).toMatch(/^parameters: /);
  });

  test('no model anywhere, or one that is no text: invalid', () => {
    expect(errorsOf({ messages: MESSAGES })[0]).toMatch(/^model: .*--model/);
    expect(errorsOf({ url: '/v1/chat/completions', body: { messages: MESSAGES } })[0]).toMatch(
      /^body\.model: /,
    );
    expect(errorsOf({ model: 7, messages: MESSAGES }, { model: 'qwen-plus' })[0]).toMatch(
      /^model: /,
    );
    expect(errorsOf({ model: '', messages: MESSAGES }, { model: 'qwen-plus' })[0]).toMatch(
      /^model: /,
    );
  });
});

describe('parseLine: defaults of the command line', () => {
  test('--model: for lines that name none', () => {
    expect(requestOf({ prompt: '你好' }, { model: 'qwen-max' }).view.model).toBe('qwen-max');
    expect(
      requestOf({ model: 'qwen-plus', prompt: '你好' }, { model: 'qwen-max' }).view.model,
    ).toBe('qwen-plus');
  });

  test('--set: for parameters that the line does not give', () => {
    const set = new Map([
      ['top_p', '0.5'],
      ['seed', '7'],
    ]);
    expect(
      requestOf({ model: 'qwen-plus', prompt: '你好', top_p: 0.1 }, { set }).view.parameters,
    ).toEqual({ top_p: 0.1, seed: 7 });
    expect(
      requestOf({ model: 'qwen-plus', input: { messages: MESSAGES } }, { set }).view.parameters,
    ).toEqual({ top_p: 0.5, seed: 7 });
  });

  test('--system: in front of messages that have none', () => {
    const system = '你是客服。';
    expect(requestOf({ model: 'qwen-plus', prompt: '你好' }, { system }).view.messages).toEqual([
      { role: 'system', content: system },
      { role: 'user', content: '你好' },
    ]);
    const own = [{ role: 'system', content: '自己的' }, ...MESSAGES];
    expect(requestOf({ model: 'qwen-plus', messages: own }, { system }).view.messages).toEqual(own);
  });

  test('--system does not turn empty messages into a request', () => {
    expect(errorsOf({ model: 'qwen-plus', messages: [] }, { system: '你是客服。' })).not.toEqual(
      [],
    );
    expect(
      errorsOf(
        { url: '/v1/chat/completions', body: { model: 'qwen-plus', messages: [] } },
        { system: '你是客服。' },
      ),
    ).not.toEqual([]);
  });

  test('--strict: warnings are errors, those that always were errors come first, notes stay notes', () => {
    const line = { model: 'qwen-plus', messages: MESSAGES, not_a_parameter: 1 };
    expect(parseText(line).kind).toBe('request');
    expect(parseText(line, { strict: true })).toMatchObject({
      kind: 'rejected',
      problems: [{ severity: 'error', code: 'qbatch_unknown_parameter' }],
    });
    expect(parseText({ ...line, top_p: 3 }, { strict: true })).toMatchObject({
      kind: 'rejected',
      problems: [
        { severity: 'error', path: 'top_p' },
        { severity: 'error', path: 'not_a_parameter' },
      ],
    });
  });
});

describe('parseLine: headers and metadata', () => {
  test('documented headers: kept under lower-case names', () => {
    const request = requestOf({
      model: 'qwen-plus',
      messages: MESSAGES,
      headers: { 'X-DashScope-DataInspection': '{"input":"cip"}', 'x-dashscope-workspace': 'ws-1' },
    });
    expect(request.headers).toEqual({
      'x-dashscope-datainspection': '{"input":"cip"}',
      'x-dashscope-workspace': 'ws-1',
    });
  });

  test.each([
    ['Authorization', 'Bearer sk-x'],
    ['X-DashScope-Async', 'enable'],
    ['Host', 'evil.example'],
    ['Content-Length', '0'],
    ['X-DashScope-WorkSpace', 'a\r\nAuthorization: Bearer sk-x'],
  ])('the header %s: invalid', (name, value) => {
    expect(
      errorsOf({ model: 'qwen-plus', messages: MESSAGES, headers: { [name]: value } })[0],
    ).toContain(name);
  });

  test('metadata: kept as raw text, never sent', () => {
    expect(
      requestOf('{"model":"qwen-plus","prompt":"你好","metadata":{"team" : "客服"}}').metadata,
    ).toBe('{"team" : "客服"}');
    expect(requestOf({ model: 'qwen-plus', prompt: '你好' }).metadata).toBeNull();
    expect(errorsOf({ model: 'qwen-plus', prompt: '你好', metadata: { team: 7 } })[0]).toMatch(
      /^metadata/,
    );
  });
});

describe('parseLine: hostile keys', () => {
  test('__proto__, constructor and the like are members like others and change nothing', () => {
    const text =
      '{"__proto__":{"model":"qwen-max","polluted":1},"constructor":1,"model":"qwen-plus","messages":[{"role":"user","content":"你好"}]}';
    const request = requestOf(text);
    expect(request.view.model).toBe('qwen-plus');
    expect(request.parts().parameters.map(({ key }) => key)).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect((request.view.parameters as { polluted?: number }).polluted).toBeUndefined();
  });

  test('a model given through __proto__ only: none is given', () => {
    expect(
      errorsOf(
        '{"__proto__":{"model":"qwen-max"},"messages":[{"role":"user","content":"你好"}]}',
      )[0],
    ).toMatch(/^model: /);
  });
});
