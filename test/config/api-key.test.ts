import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readApiKey as readKeyAt } from '../../src/config/api-key.ts';
import { ConfigError } from '../../src/errors.ts';

type Surroundings = Parameters<typeof readKeyAt>[0];

/** In a folder that nothing is to be looked for in. */
function readApiKey(env: Surroundings['env'], home: string | null): string {
  return readKeyAt({
    env,
    home,
    get cwd(): string {
      throw new Error('the working folder was looked at');
    },
  });
}

let home: string;
let named: string;

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'qbatch-key-'));
  mkdirSync(path.join(home, '.dashscope'));
  named = path.join(home, 'key.txt');
});

afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

function refusal(env: Record<string, string | undefined>): ConfigError {
  try {
    readApiKey(env, home);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readApiKey', () => {
  it('the variable wins over the named file, that over the one in the home folder', () => {
    writeFileSync(path.join(home, '.dashscope', 'api_key'), 'sk-home\n');
    writeFileSync(named, '\uFEFF sk-named \r\n');
    const env = { DASHSCOPE_API_KEY: ' sk-variable\n', DASHSCOPE_API_KEY_FILE_PATH: named };
    expect(readApiKey(env, home)).toBe('sk-variable');
    expect(readApiKey({ ...env, DASHSCOPE_API_KEY: ' ' }, home)).toBe('sk-named');
    expect(readApiKey({ DASHSCOPE_API_KEY_FILE_PATH: '' }, home)).toBe('sk-home');
  });

  it('a relative path is taken from the working folder', () => {
    writeFileSync(named, 'sk-named');
    const env = { DASHSCOPE_API_KEY_FILE_PATH: path.basename(named) };
    expect(readKeyAt({ env, home: null, cwd: home })).toBe('sk-named');
    const elsewhere = path.join(home, '.dashscope');
    expect(() => readKeyAt({ env, home: null, cwd: elsewhere })).toThrow(
      `cannot read the API key file ${path.join(elsewhere, 'key.txt')}, named by`,
    );
  });

  it('without a home: the variable and the named file, as ever', () => {
    writeFileSync(named, 'sk-named');
    expect(readApiKey({ DASHSCOPE_API_KEY_FILE_PATH: named }, null)).toBe('sk-named');
    expect(() => readApiKey({}, null)).toThrow('no API key found');
  });

  it('no key anywhere is 78 with the ways to give one', () => {
    const error = refusal({});
    expect(error).toMatchObject({ exitCode: 78, message: 'no API key found' });
    expect(error.hint).toMatch(/DASHSCOPE_API_KEY.*DASHSCOPE_API_KEY_FILE_PATH/s);
    rmSync(path.join(home, '.dashscope'), { recursive: true });
    writeFileSync(path.join(home, '.dashscope'), 'a file where a folder should be');
    expect(refusal({}).message).toBe('no API key found');
  });

  it.each(['"sk-secret"', "'sk-secret'", 'DASHSCOPE_API_KEY=sk-secret'])(
    '%s, as a .env file has it: 78, not repeated',
    (wrapped) => {
      writeFileSync(named, `${wrapped}\n`);
      for (const env of [{ DASHSCOPE_API_KEY: wrapped }, { DASHSCOPE_API_KEY_FILE_PATH: named }]) {
        const error = refusal(env);
        expect(error).toMatchObject({
          exitCode: 78,
          message: expect.stringContaining('in quotes') as string,
        });
        expect(error.message).not.toContain('secret');
      }
      expect(readApiKey({ DASHSCOPE_API_KEY: 'sk-a"b=' }, home)).toBe('sk-a"b=');
    },
  );

  it('an empty file is 78 and named', () => {
    writeFileSync(named, ' \n');
    const error = refusal({ DASHSCOPE_API_KEY_FILE_PATH: named });
    expect(error).toMatchObject({ exitCode: 78, message: `no API key found: ${named} is empty` });
  });

  it('a named file that is missing or no file is 78 and named, and no other key is taken', () => {
    writeFileSync(path.join(home, '.dashscope', 'api_key'), 'sk-home');
    for (const [file, code] of [
      [named, 'ENOENT'],
      [home, 'EISDIR'],
    ] as const) {
      const error = refusal({ DASHSCOPE_API_KEY_FILE_PATH: file });
      expect(error.exitCode).toBe(78);
      expect(error.message).toContain(file);
      expect(error.message).toContain(code);
    }
  });

  it.each([
    'canary\nkey',
    'canary key',
    'Bearer canary',
    'canary\u0000key',
    'canary\u007f',
    '密钥canary',
    'canary\u200b',
    'canary'.repeat(1000),
  ])('a value that cannot be a key is 78 and not repeated', (value) => {
    writeFileSync(named, value);
    for (const env of [{ DASHSCOPE_API_KEY: value }, { DASHSCOPE_API_KEY_FILE_PATH: named }]) {
      const error = refusal(env);
      expect(error.exitCode).toBe(78);
      expect(JSON.stringify([error.message, error.hint, error.cause])).not.toContain('canary');
    }
  });
});
