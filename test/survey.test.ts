import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rejected } from '../src/parse.ts';
import { nothingSeen } from '../src/plan.ts';
import { createPricing } from '../src/pricing.ts';
import { type Survey, surveyInput, type SurveyOptions } from '../src/survey.ts';
import { loadExactTokenizer } from '../src/tokenizer/exact-tokens.ts';
import { defaultsOf } from './helpers/parse-text.ts';
import { tempFolder } from './helpers/temp-ledger.ts';

/** cli.md section 7. */
const PROBLEMS_MAX = 10_000;
const defaults = defaultsOf({ model: 'qwen-plus' });
const pricing = createPricing(defaults.catalog, 'cn', 'CNY');

function writeLines(folder: string, lines: readonly unknown[], name = 'reviews.jsonl'): string {
  const path = join(folder, name);
  const text = lines
    .map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
    .join('');
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

async function surveyOf(
  path: string,
  more: Partial<SurveyOptions> = {},
): Promise<Survey & { rejected: Rejected[]; blocks: Map<number, Buffer> }> {
  const rejected: Rejected[] = [];
  const blocks = new Map<number, Buffer>();
  const survey = await surveyInput(path, {
    maxLineBytes: 1024 * 1024,
    defaults,
    pricing,
    outputSeen: nothingSeen,
    onRejected: (one) => {
      rejected.push(one);
    },
    onFingerprints: (block, bytes) => {
      blocks.set(block, Buffer.from(bytes));
    },
    ...more,
  });
  return { ...survey, rejected, blocks };
}

const prompt = (customId: string | undefined, text = '给这条评论分类'): object => ({
  ...(customId === undefined ? {} : { custom_id: customId }),
  prompt: text,
});

describe('surveyInput: values of half a megabyte', () => {
  const LONG = 'x'.repeat(500_000);
  const chat = (around: object, body: object = {}): string =>
    JSON.stringify({
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'qwen-plus', messages: [{ role: 'user', content: 'a' }], ...body },
      ...around,
    });

  test.each([
    ['a key that is given twice', `{"${LONG}":1,"${LONG}":2}`],
    ['a method', chat({ method: LONG })],
    ['a url', chat({ url: LONG })],
    ['a url with a host', chat({ url: `https://${LONG}` })],
    ['an id that is no text', chat({ custom_id: [LONG] })],
    ['a model that is no text', chat({}, { model: { name: LONG } })],
    ['a rule that names the model', chat({}, { model: LONG, max_tokens: -1 })],
    ['a role', chat({}, { messages: [{ role: LONG, content: 'a' }] })],
    ['an id that is given twice', `${chat({ custom_id: LONG })}\n${chat({ custom_id: LONG })}`],
  ])('%s: what is told of it is short', async (_name, line) => {
    const { rejected, problems } = await surveyOf(writeLines(tempFolder(), [line]));
    expect(rejected).toHaveLength(1);
    const told = rejected.flatMap((one) => one.problems);
    expect(told.length).toBeGreaterThan(0);
    for (const { path, message } of [...told, ...problems])
      expect(Math.max(path.length, message.length)).toBeLessThan(2_100);
  });
});

describe('surveyInput: counts', () => {
  test('valid, invalid and blank lines, the hash and size of the content', async () => {
    const path = writeLines(tempFolder(), [
      prompt('a'),
      '',
      '{"custom_id":"b"',
      prompt('c'),
      '   ',
    ]);
    const survey = await surveyOf(path);
    const content = `${JSON.stringify(prompt('a'))}\n\n{"custom_id":"b"\n${JSON.stringify(prompt('c'))}\n   \n`;
    expect(survey).toMatchObject({
      lines: 3,
      valid: 2,
      invalid: 1,
      lastLineNo: 4,
      bytes: Buffer.byteLength(content),
      sha256: createHash('sha256').update(content).digest('hex'),
      problemCounts: { error: 1, warning: 0 },
    });
    expect(survey.rejected.map(({ lineNo }) => lineNo)).toEqual([3]);
    expect(survey.problems.filter(({ severity }) => severity === 'error')).toMatchObject([
      { line: 3, custom_id: null, code: 'qbatch_invalid_json' },
    ]);
  });

  test('a first line of megabytes, over the limit: the memory for ids is not sized after it', async () => {
    const path = writeLines(tempFolder(), ['x'.repeat(8 * 1024 * 1024), prompt('a'), prompt('a')]);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const survey = await surveyOf(path, {
      maxLineBytes: 1000,
      onRejected: () => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      },
    });
    expect(survey).toMatchObject({ lines: 3, valid: 1, invalid: 2 });
    expect(most).toBeLessThan(32 * 1024 * 1024);
  });

  test('an empty input', async () => {
    const survey = await surveyOf(writeLines(tempFolder(), []));
    expect(survey).toMatchObject({ lines: 0, valid: 0, invalid: 0, lastLineNo: 0, bytes: 0 });
    expect(survey.models.size).toBe(0);
  });

  test('compressed: counts, hash and size are those of the content', async () => {
    const folder = tempFolder();
    const lines = [prompt('a'), prompt('b')];
    const plain = await surveyOf(writeLines(folder, lines));
    const packed = await surveyOf(writeLines(folder, lines, 'reviews.jsonl.gz'));
    expect(packed).toEqual(plain);
  });

  test('models: lines, tokens and money of each; unpriced ones told apart', async () => {
    const path = writeLines(tempFolder(), [
      prompt('a'),
      prompt('b', '你好'),
      { ...prompt('c'), model: 'qwen-max' },
      { ...prompt('d'), model: 'my-own-model' },
    ]);
    const { models } = await surveyOf(path);
    expect([...models].map(([model, { lines, priced }]) => [model, lines, priced])).toEqual([
      ['qwen-plus', 2, true],
      ['qwen-max', 1, true],
      ['my-own-model', 1, false],
    ]);
    const one = (await surveyOf(writeLines(tempFolder(), [prompt('a')]))).models.get('qwen-plus');
    const other = (await surveyOf(writeLines(tempFolder(), [prompt('b', '你好')]))).models.get(
      'qwen-plus',
    );
    const both = models.get('qwen-plus');
    expect(both?.inputTokens).toBe((one?.inputTokens ?? 0) + (other?.inputTokens ?? 0));
    expect(both?.outputExpectedTokens).toBe(
      (one?.outputExpectedTokens ?? 0) + (other?.outputExpectedTokens ?? 0),
    );
    expect(both?.expectedPico).toBeCloseTo(
      (one?.expectedPico ?? 0) + (other?.expectedPico ?? 0),
      0,
    );
    expect(both?.expectedPico).toBeLessThanOrEqual(both?.maxPico ?? Infinity);
  });

  test('more problems than are kept: all are counted, errors have the right of way', async () => {
    const warned = { model: 'qwen-plus', prompt: '你好', not_a_parameter: 1 };
    const path = writeLines(tempFolder(), [
      ...Array.from({ length: PROBLEMS_MAX + 50 }, () => warned),
      '{"broken"',
    ]);
    const survey = await surveyOf(path);
    expect(survey.problemCounts).toMatchObject({ error: 1, warning: PROBLEMS_MAX + 50 });
    expect(survey.problems).toHaveLength(PROBLEMS_MAX);
    expect(survey.problems.at(-1)).toMatchObject({ severity: 'error', line: PROBLEMS_MAX + 51 });
    expect(survey.problems.map(({ line }) => line)).toEqual(
      survey.problems.map(({ line }) => line).toSorted((a, b) => a - b),
    );
  });
});

describe('surveyInput: exact counts', () => {
  const text =
    '请把这条评论翻译成英文，再用一句话说明它是好评还是差评：杯子很好看，就是盖子有点松。';

  test('the sum of three lines is what the vocabulary counts; other vocabularies have no scale', async () => {
    const tokenizer = await loadExactTokenizer();
    const lines = ['a', 'b', 'c'].map((id) => prompt(id, text.repeat(60)));
    const other = { ...prompt('d', text), model: 'deepseek-v3.2' };
    const { models } = await surveyOf(writeLines(tempFolder(), [...lines, other]));
    // The template is 8 tokens of a line with one message.
    const exact = 3 * (tokenizer.count(text.repeat(60)) + 8);
    const counted = models.get('qwen-plus');
    expect(Math.abs((counted?.inputTokens ?? 0) - exact)).toBeLessThanOrEqual(3);
    expect(counted?.countedLines).toBe(3);
    expect(models.get('deepseek-v3.2')).toMatchObject({ countedLines: 0, textScale: 1 });
  });

  test('a few lines of little text: the fast estimate does, nothing is loaded to count them', async () => {
    const { models } = await surveyOf(writeLines(tempFolder(), [prompt('a', text.repeat(20))]));
    expect(models.get('qwen-plus')).toMatchObject({ countedLines: 0, textScale: 1 });
  });

  test('money follows the scale: input at its price, whatever the fast estimate was', async () => {
    const path = writeLines(tempFolder(), [prompt('a', text.repeat(90))]);
    const entry = (await surveyOf(path)).models.get('qwen-plus');
    expect(entry?.countedLines).toBe(1);
    const { inputTokens = 0, outputExpectedTokens = 0, expectedPico = 0 } = entry ?? {};
    // qwen-plus, Beijing, first tier: 0.8 and 2 CNY a million.
    const expected = inputTokens * 800_000 + outputExpectedTokens * 2_000_000;
    expect(Math.abs(expectedPico - expected)).toBeLessThanOrEqual(800_000);
  });

  test('a file of two halves: its later lines are estimated by lines like them', async () => {
    const tokenizer = await loadExactTokenizer();
    const english = 'Summarise the meeting notes below in five bullet points for the whole team.';
    const lines = Array.from({ length: 12_000 }, (_, index) =>
      prompt(`line ${index}`, index < 6_000 ? english : text),
    );
    const { models } = await surveyOf(writeLines(tempFolder(), lines));
    const exact = 6_000 * (tokenizer.count(english) + tokenizer.count(text) + 16);
    expect(Math.abs((models.get('qwen-plus')?.inputTokens ?? 0) / exact - 1)).toBeLessThan(0.03);
  });
});

describe('surveyInput: duplicates', () => {
  const duplicatesIn = ({ rejected }: { rejected: Rejected[] }): [number, string | null][] =>
    rejected
      .filter(({ problems }) => problems[0]?.code === 'qbatch_duplicate_custom_id')
      .map(({ lineNo, customId }) => [lineNo, customId]);

  test('given three times: the later two are invalid, naming the first', async () => {
    const survey = await surveyOf(
      writeLines(tempFolder(), [prompt('a'), prompt('b'), '', prompt('a'), prompt('a')]),
    );
    expect(duplicatesIn(survey)).toEqual([
      [4, 'a'],
      [5, 'a'],
    ]);
    expect(survey).toMatchObject({ valid: 2, invalid: 2 });
    expect(survey.models.get('qwen-plus')?.lines).toBe(2);
    for (const { message } of survey.problems.filter(({ severity }) => severity === 'error'))
      expect(message).toContain('on line 1');
  });

  test('an id of thousands of characters: where it was given first is told all the same', async () => {
    const id = 'x'.repeat(3_000);
    const { rejected, problems } = await surveyOf(
      writeLines(tempFolder(), [prompt('a'), prompt(id), prompt(id)]),
    );
    const told = [...problems, ...rejected.flatMap((one) => one.problems)];
    const duplicates = told.filter(({ code }) => code === 'qbatch_duplicate_custom_id');
    expect(duplicates).toHaveLength(2);
    for (const { message } of duplicates)
      expect(message).toMatch(/^custom_id "x+"… .* on line 2; make one of them different$/);
  });

  test('generated ids take part', async () => {
    const survey = await surveyOf(
      writeLines(tempFolder(), [
        prompt('line-3'),
        prompt(undefined),
        prompt(undefined),
        prompt('line-2'),
      ]),
    );
    expect(duplicatesIn(survey)).toEqual([
      [3, 'line-3'],
      [4, 'line-2'],
    ]);
  });

  test('the first one is invalid for another reason: the later one is a duplicate all the same', async () => {
    const survey = await surveyOf(writeLines(tempFolder(), [{ custom_id: 'a' }, prompt('a')]));
    expect(survey).toMatchObject({ valid: 0, invalid: 2 });
    expect(duplicatesIn(survey)).toEqual([[2, 'a']]);
  });

  test('the later one is invalid anyway: counted once, told twice', async () => {
    const survey = await surveyOf(writeLines(tempFolder(), [prompt('a'), { custom_id: 'a' }]));
    expect(survey).toMatchObject({ valid: 1, invalid: 1 });
    expect(survey.rejected).toHaveLength(1);
    expect(survey.problemCounts.error).toBe(2);
  });

  test.each(['qwen-max', 'my-own-model'])(
    'all lines of %s are duplicates: it is no model of the job',
    async (model) => {
      const survey = await surveyOf(
        writeLines(tempFolder(), [prompt('a'), { ...prompt('a'), model }]),
      );
      expect([...survey.models.keys()]).toEqual(['qwen-plus']);
    },
  );

  test('a duplicate takes its tokens and money out of the sums', async () => {
    const folder = tempFolder();
    const without = await surveyOf(writeLines(folder, [prompt('a'), prompt('b')]));
    const { models } = await surveyOf(
      writeLines(folder, [prompt('a'), prompt('b'), prompt('a', '一段长得多的文字'.repeat(100))]),
    );
    const sums = models.get('qwen-plus');
    const expected = without.models.get('qwen-plus');
    expect(sums).toMatchObject({
      lines: 2,
      inputTokens: expected?.inputTokens,
      outputExpectedTokens: expected?.outputExpectedTokens,
    });
    expect(sums?.expectedPico).toBeCloseTo(expected?.expectedPico ?? 0, 0);
  });

  test('any ids: the same lines as a Set says', async () => {
    const folder = tempFolder();
    const id = fc.oneof(
      fc.constantFrom('a', 'b', 'line-1', 'line-2', 'line-5', '评论', '__proto__'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(id, { nil: undefined }), { maxLength: 40 }),
        async (ids) => {
          const path = writeLines(
            folder,
            ids.map((one) => prompt(one)),
          );
          const seen = new Set<string>();
          const expected: number[] = [];
          for (const [index, one] of ids.entries()) {
            const customId = one ?? `line-${index + 1}`;
            if (seen.has(customId)) expected.push(index + 1);
            seen.add(customId);
          }
          const survey = await surveyOf(path);
          expect(duplicatesIn(survey).map(([lineNo]) => lineNo)).toEqual(expected);
          expect(survey.valid).toBe(ids.length - expected.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('surveyInput: fingerprints', () => {
  const at = (blocks: Map<number, Buffer>, lineNo: number): string | undefined => {
    const index = (lineNo - 1) % 4096;
    return blocks
      .get(Math.floor((lineNo - 1) / 4096))
      ?.subarray(index * 8, index * 8 + 8)
      .toString('hex');
  };
  const expected = (text: string): string =>
    createHash('sha256').update(text).digest('hex').slice(0, 16);

  test('eight bytes of SHA-256 for each line, zero for blank ones, in blocks of 4,096', async () => {
    const lines = Array.from({ length: 9000 }, (_, index) =>
      index % 5 === 3 ? '' : JSON.stringify(prompt(`评论-${index + 1}`)),
    );
    const { blocks } = await surveyOf(writeLines(tempFolder(), lines));
    expect([...blocks.keys()]).toEqual([0, 1, 2]);
    for (const lineNo of [1, 2, 4, 4095, 4096, 4097, 8192, 8193, 9000]) {
      const line = lines[lineNo - 1] ?? '';
      expect([lineNo, at(blocks, lineNo)]).toEqual([
        lineNo,
        line === '' ? '0000000000000000' : expected(line),
      ]);
    }
  });

  test('a stretch of blank lines over a whole block: blocks in between are zero', async () => {
    const { blocks } = await surveyOf(
      writeLines(tempFolder(), [
        prompt('a'),
        ...Array.from({ length: 10_000 }, () => ''),
        prompt('b'),
      ]),
    );
    expect([...blocks.keys()]).toEqual([0, 1, 2]);
    expect(blocks.get(1)?.every((byte) => byte === 0)).toBe(true);
    expect(at(blocks, 10_002)).toBe(expected(JSON.stringify(prompt('b'))));
  });

  test('line ends and the byte order mark are no part of it', async () => {
    const folder = tempFolder();
    const path = join(folder, 'crlf.jsonl');
    writeFileSync(path, `\uFEFF${JSON.stringify(prompt('a'))}\r\n`);
    expect(at((await surveyOf(path)).blocks, 1)).toBe(expected(JSON.stringify(prompt('a'))));
  });
});
