import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/requests/', import.meta.url));
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl'));
const INVALID = NAMES.filter((name) => name.endsWith('.invalid.jsonl'));
const VALID = NAMES.filter((name) => !INVALID.includes(name));
const NO_KEY = { env: { DASHSCOPE_API_KEY: undefined } };

describe('the request files of this repository', () => {
  test('the valid ones: all that the README speaks of', () => {
    expect(VALID.toSorted()).toEqual(['extraction.jsonl', 'translation.jsonl', 'travel.jsonl']);
  });

  test.each(VALID)('%s: valid, and every line is answered by the simulator', async (name) => {
    const bench = openBench();
    copyFileSync(FOLDER + name, bench.path('requests.jsonl'));
    const run = await runCli(
      bench,
      ['run', 'requests.jsonl', '--simulate=latency=0ms', '--json'],
      NO_KEY,
    );
    expect(run).toMatchObject({ status: 0 });
    const count = bench.read('requests.jsonl').trimEnd().split('\n').length;
    expect(bench.lines('requests.results.jsonl')).toHaveLength(count);
    expect(run.json()).toMatchObject({
      lines: { total: count, answered: count },
      possibly_billed: { attempts: 0 },
    });
  });

  test('mistakes.invalid.jsonl: each mistake is named with its line', async () => {
    expect(INVALID).toEqual(['mistakes.invalid.jsonl']);
    const bench = openBench();
    copyFileSync(`${FOLDER}mistakes.invalid.jsonl`, bench.path('requests.jsonl'));
    const run = await runCli(bench, ['check', 'requests.jsonl', '--json'], NO_KEY);
    expect(run).toMatchObject({ status: 65 });
    const { lines, problems } = run.json() as {
      lines: object;
      problems: { severity: string; line: number; custom_id: string | null; code: string }[];
    };
    expect(lines).toEqual({ total: 7, valid: 1, invalid: 6 });
    const errors = problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ line, custom_id: customId, code }) => [line, customId, code])).toEqual([
      [2, 'hot', expect.stringMatching(/^qbatch_/)],
      [3, 'good', 'qbatch_duplicate_custom_id'],
      [4, null, 'qbatch_invalid_json'],
      [5, 'elsewhere', 'qbatch_invalid_request'],
      [6, 'both', 'qbatch_invalid_request'],
      [7, 'embedding', 'qbatch_invalid_request'],
    ]);
  });
});

test.each(['README.md', 'README.zh-CN.md'])(
  '%s: its example is what the program prints today',
  async (front) => {
    const page = readFileSync(front, 'utf8');
    const bench = openBench();
    mkdirSync(bench.path('fixtures'));
    copyFileSync(`${FOLDER}../quickstart.jsonl`, bench.path('fixtures/quickstart.jsonl'));
    const run = await runCli(bench, ['run', 'fixtures/quickstart.jsonl', '--simulate'], NO_KEY);
    expect(run, run.stderr).toMatchObject({ status: 0 });
    const told = (run.stderr + run.stdout)
      .replaceAll(bench.folder, '…')
      .replace(/in [\d.]+s$/m, 'in 0.1s');
    const [, example] = /```text\n(job quickstart.*?)```/s.exec(page) ?? [];
    expect(told).toBe(example);
    const [, line] = /```jsonl\n(\{"id":"quickstart-8".*?)\n```/s.exec(page) ?? [];
    expect(bench.lines('fixtures/quickstart.results.jsonl')).toContainEqual(JSON.parse(line ?? ''));
  },
);
