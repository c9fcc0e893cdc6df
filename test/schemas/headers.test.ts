import { describe, expect, test } from 'vitest';
import { checkHeaders, checkMetadata } from '../../src/schemas/headers.ts';

describe('headers', () => {
  test('the documented ones, in any case: kept under lower-case names', () => {
    const checked = checkHeaders(
      {
        'X-DashScope-SSE': 'enable',
        'x-dashscope-datainspection': '{"input":"cip","output":"cip"}',
        'X-DASHSCOPE-OSSRESOURCERESOLVE': 'enable',
        'X-DashScope-WorkSpace': 'llm-6a1b',
        'X-DashScope-Wait-Timeout': '30',
      },
      'headers',
    );
    expect(checked).toEqual({
      headers: {
        'x-dashscope-sse': 'enable',
        'x-dashscope-datainspection': '{"input":"cip","output":"cip"}',
        'x-dashscope-ossresourceresolve': 'enable',
        'x-dashscope-workspace': 'llm-6a1b',
        'x-dashscope-wait-timeout': '30',
      },
      problems: [],
    });
  });

  test('any other name: an error with the reason, and not kept', () => {
    const reason = (name: string): string | undefined => {
      const { headers, problems } = checkHeaders({ [name]: 'enable' }, 'headers');
      expect(headers).toEqual({});
      expect(problems).toMatchObject([
        { severity: 'error', path: `headers.${name}`, code: 'qbatch_invalid_request' },
      ]);
      return problems[0]?.message;
    };
    expect(reason('X-DashScope-Async')).toContain('no task mode');
    expect(reason('authorization')).toContain('DASHSCOPE_API_KEY');
    expect(reason('X-DashScope-Plugin')).toContain('X-DashScope-SSE');
    expect(reason('constructor')).toContain('refused');
    expect(reason('Host')).toContain('refused');
  });

  test('a refused value is never repeated in the message of Authorization', () => {
    const [problem] = checkHeaders({ Authorization: 'Bearer sk-0123456789' }, 'headers').problems;
    expect(problem?.message).not.toContain('sk-');
  });

  test('values: strings of printable ASCII, or an error', () => {
    for (const value of [
      'enable\r\nX-Evil: 1',
      'enable\n',
      'énable',
      '启用',
      '\u0000',
      5,
      true,
      null,
      ['enable'],
    ]) {
      const { headers, problems } = checkHeaders({ 'X-DashScope-SSE': value }, 'headers');
      expect(headers, String(value)).toEqual({});
      expect(problems, String(value)).toMatchObject([
        { severity: 'error', path: 'headers.X-DashScope-SSE' },
      ]);
    }
  });

  test('an object where its JSON is meant: said so', () => {
    const cip = { input: 'cip', output: 'cip' };
    const [problem] = checkHeaders({ 'X-DashScope-DataInspection': cip }, 'headers').problems;
    expect(problem?.message).toContain("its JSON is meant as text: '{...}'");
  });

  test('a value outside the documented form: a warning, and kept', () => {
    const checked = checkHeaders({ 'X-DashScope-Wait-Timeout': '30s' }, 'headers');
    expect(checked.headers).toEqual({ 'x-dashscope-wait-timeout': '30s' });
    expect(checked.problems).toMatchObject([{ severity: 'warning', code: 'qbatch_rule' }]);
  });

  test('one name twice in different cases: an error', () => {
    const { problems } = checkHeaders(
      { 'X-DashScope-SSE': 'enable', 'x-dashscope-sse': 'enable' },
      'headers',
    );
    expect(problems).toMatchObject([{ severity: 'error', path: 'headers.x-dashscope-sse' }]);
  });

  test('not an object: an error at the path', () => {
    for (const headers of [null, [], 'X-DashScope-SSE: enable', 1]) {
      expect(checkHeaders(headers, 'headers').problems).toMatchObject([
        { severity: 'error', path: 'headers' },
      ]);
    }
    expect(checkHeaders(undefined, 'headers')).toEqual({ headers: {}, problems: [] });
  });
});

describe('metadata', () => {
  test('an object of strings, or nothing: clean', () => {
    expect(checkMetadata({ 项目: '客服质检', team: 'nlp' })).toEqual([]);
    expect(checkMetadata({})).toEqual([]);
    expect(checkMetadata(undefined)).toEqual([]);
  });

  test('other values: an error at the member; other shapes: at the whole', () => {
    expect(checkMetadata({ team: 'nlp', 批次: 7 })).toMatchObject([
      { severity: 'error', path: 'metadata.批次', code: 'qbatch_invalid_request' },
    ]);
    for (const metadata of [null, [], 'nlp']) {
      expect(checkMetadata(metadata)).toMatchObject([{ severity: 'error', path: 'metadata' }]);
    }
  });

  test.each([
    [7, 'the number 7'],
    [true, 'the boolean true'],
    [null, 'null'],
    [['a', 'b'], 'an array of 2'],
    [{}, 'an object'],
    [JSON.parse('1e400'), 'too large a number'],
  ])('a value that is %j: its type is named, and what the value must be', (value, told) => {
    expect(checkMetadata({ team: 'nlp', 批次: value })[0]?.message).toMatch(
      `metadata.批次 is ${told}; each value in metadata must be a string ("7", not 7); `,
    );
  });
});
