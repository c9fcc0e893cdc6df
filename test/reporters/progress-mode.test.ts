import { describe, expect, test } from 'vitest';
import { progressMode } from '../../src/reporters/progress-mode.ts';

describe('progressMode', () => {
  const terminal = {
    asked: 'auto',
    quiet: false,
    isTty: true,
    ci: false,
    terminalName: 'xterm',
  } as const;
  test.each([
    [terminal, 'tty'],
    [{ ...terminal, isTty: false }, 'lines'],
    [{ ...terminal, ci: true }, 'lines'],
    [{ ...terminal, terminalName: 'dumb' }, 'lines'],
    [{ ...terminal, asked: 'tty', ci: true }, 'tty'],
    [{ ...terminal, asked: 'tty', isTty: false }, 'lines'],
    [{ ...terminal, asked: 'lines' }, 'lines'],
    [{ ...terminal, quiet: true }, 'quiet'],
    [{ ...terminal, asked: 'json', quiet: true }, 'json'],
    [{ ...terminal, asked: 'none' }, 'none'],
  ] as const)('progressMode: %j is %s', (surroundings, mode) => {
    expect(progressMode(surroundings)).toBe(mode);
  });
});
