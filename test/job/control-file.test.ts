import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ControlFile, type ControlNews } from '../../src/job/control-file.ts';
import { controlText, modelsNamed, parseControl } from '../../src/job/control-settings.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

describe('parseControl', () => {
  test('numbers for all models, by model, auto, and concurrency', () => {
    expect(
      parseControl('{"rpm":{"qwen-plus":600,"qwen-max":"auto"},"tpm":1000000,"concurrency":8}'),
    ).toEqual({
      rpm: new Map<string, number | 'auto'>([
        ['qwen-plus', 600],
        ['qwen-max', 'auto'],
      ]),
      tpm: new Map([['', 1_000_000]]),
      concurrency: 8,
    });
    expect(parseControl('{}')).toEqual({});
    expect(parseControl('{"concurrency":"auto"}')).toEqual({ concurrency: 'auto' });
  });

  test.each([
    ['', 'is not JSON'],
    ['{"rpm":600', 'is not JSON'],
    ['[600]', 'is not a JSON object'],
    ['{"rps":10}', 'unknown key rps'],
    ['{"rpm":0}', 'rpm'],
    ['{"rpm":{"qwen-plus":-1}}', 'rpm'],
    ['{"tpm":"fast"}', 'tpm'],
    ['{"tpm":null}', 'tpm'],
    ['{"concurrency":0}', 'concurrency'],
    ['{"concurrency":10001}', 'concurrency'],
    ['{"concurrency":{"qwen-plus":4}}', 'concurrency'],
  ])('%s is refused and says why', (text, expected) => {
    expect(parseControl(text)).toContain(expected);
  });

  test('in words, and the models that it names', () => {
    const control = parseControl('{"rpm":{"qwen-plus":600},"tpm":100000,"concurrency":"auto"}');
    if (typeof control === 'string') throw new Error(control);
    expect(controlText(control)).toBe('rpm 600 for qwen-plus, tpm 100000, concurrency auto');
    expect(modelsNamed(control)).toEqual(['qwen-plus']);
  });
});

describe('ControlFile', () => {
  function watched(): { path: string; file: ControlFile; write: (text: string) => void } {
    const file = new ControlFile(join(tempFolder(), '任务.qbatch.db'));
    let at = 1_800_000_000;
    return {
      path: file.path,
      file,
      write(text) {
        writeFileSync(file.path, text, { mode: 0o600 });
        // A file system that counts in whole seconds would see two writes of one length as one.
        at += 1;
        utimesSync(file.path, at, at);
      },
    };
  }

  const rpmOf = (news: ControlNews): unknown =>
    news.kind === 'changed' ? (news.control?.rpm?.get('') ?? null) : news.kind;

  test('is seen when it comes, when it changes and when it goes, each once', () => {
    const { file, path, write } = watched();
    expect(file.look()).toEqual({ kind: 'same' });
    write('{"rpm":600}');
    expect([rpmOf(file.look()), rpmOf(file.look())]).toEqual([600, 'same']);
    write('{"rpm":300}');
    expect([rpmOf(file.look()), rpmOf(file.look())]).toEqual([300, 'same']);
    rmSync(path);
    expect([rpmOf(file.look()), rpmOf(file.look())]).toEqual([null, 'same']);
  });

  test('half a file, seen while it is written, is no bad file', () => {
    const { file, write } = watched();
    write('{"rpm":');
    expect(file.look()).toEqual({ kind: 'same' });
    write('{"rpm":600}');
    expect(rpmOf(file.look())).toBe(600);
  });

  test('a bad file is told once, and again only when it has changed', () => {
    const { file, path, write } = watched();
    write('{"rpm":"fast"}');
    expect([1, 2, 3, 4].map(() => file.look().kind)).toEqual(['same', 'bad', 'same', 'same']);
    write('{"rpm":"faster"}');
    file.look();
    const news = file.look();
    expect(news).toMatchObject({ kind: 'bad' });
    expect(news.kind === 'bad' && news.problem).toContain(`${path} has a rpm that is not`);
  });

  /** What is said of a file that stays as it is. */
  const problemOf = (file: ControlFile): string => {
    file.look();
    const news = file.look();
    return news.kind === 'bad' ? news.problem : news.kind;
  };

  test('a link is not followed, wherever it leads', () => {
    const { file, path } = watched();
    const target = join(tempFolder(), 'elsewhere.json');
    writeFileSync(target, '{"rpm":600}', { mode: 0o600 });
    symlinkSync(target, path);
    expect(problemOf(file)).toContain('symbolic link');
  });

  test('a file that everyone may write is not used until it is closed to others', () => {
    const { file, path, write } = watched();
    write('{"rpm":600}');
    chmodSync(path, 0o666);
    expect(problemOf(file)).toContain('chmod o-w');
    chmodSync(path, 0o664);
    expect(rpmOf(file.look())).toBe(600);
  });

  test('a folder in its place, and a file without end, are refused', () => {
    const { file, path, write } = watched();
    mkdirSync(path);
    expect(problemOf(file)).toContain('not a regular file');
    rmSync(path, { recursive: true });
    file.look();
    write(' '.repeat(70_000));
    expect(problemOf(file)).toContain('larger than 65536 bytes');
  });
});
