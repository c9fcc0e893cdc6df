import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { paint, wantsColor } from '../../src/reporters/style.ts';
import { fakeTerminal } from './fake-terminal.ts';

describe('colour', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const clean = (): void => {
    for (const name of ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS']) {
      vi.stubEnv(name, undefined);
    }
  };

  test('wantsColor: auto follows the stream, the flag wins', () => {
    clean();
    const terminal = fakeTerminal({ columns: 80 }).stream;
    const pipe = new PassThrough();
    expect(wantsColor('auto', terminal)).toBe(true);
    expect(wantsColor('auto', pipe)).toBe(false);
    expect(wantsColor('always', pipe)).toBe(true);
    expect(wantsColor('never', terminal)).toBe(false);
  });

  test('wantsColor: FORCE_COLOR colours a pipe', () => {
    clean();
    vi.stubEnv('FORCE_COLOR', '1');
    expect(wantsColor('auto', new PassThrough())).toBe(true);
    expect(wantsColor('never', new PassThrough())).toBe(false);
  });

  test('paint: only where colour is on', () => {
    expect(paint(false, 'red', '失败')).toBe('失败');
    expect(paint(true, 'red', '失败')).toBe('\u001B[31m失败\u001B[39m');
  });
});
