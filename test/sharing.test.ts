import { describe, expect, it, test } from 'vitest';
import { mayShare, sharedTests } from '../.ci/may-share.ts';

/** Whether `a/a.test.ts` may share, in a folder of these files. */
const may = (files: Readonly<Record<string, string>>): boolean =>
  mayShare('a/a.test.ts', (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`${path} is read`);
    return text;
  });

describe('a test file in one process with others', () => {
  it('is one that changes nothing but what it holds itself', () => {
    const text = [
      "import { afterEach, expect, test } from 'vitest';",
      "import { run } from '../../src/run.ts';",
      "import { line } from '../helpers/line.ts';",
      "const { later } = await import('./later.ts');",
      'afterEach(close);',
      "process.stdout.write('the process is in global use');",
      "const failure = { kind: 'http' };",
    ].join('\n');
    const helpers = {
      'helpers/line.ts': "import type { Line } from '../a/a.test.ts';",
      'a/later.ts': "import '../helpers/line.ts';\n  afterEach(close);",
    };
    expect(may({ 'a/a.test.ts': text, ...helpers })).toBe(true);
  });

  test.each([
    "vi.mock('node:fs');",
    "import { test, vi } from 'vitest';",
    "process.env['HOME'] = '/';",
    "process['env'].HOME = '/';",
    "process?.chdir('/');",
    "import { env } from 'node:process';",
    'const { env } = process;',
    'globalThis.fetch = fetch;',
    'global.fetch = fetch;',
    'Array.prototype.at = at;',
    "import { spawn } from 'node:child_process';",
    "import http from 'http';",
    "import { getHeapStatistics } from 'node:v8';",
    "const dns = await import('node:dns/promises');",
  ])('is none that has %s, by itself or in what it loads', (text) => {
    expect(may({ 'a/a.test.ts': text })).toBe(false);
    const far = { 'a/near.ts': "export * from '../far.ts';", 'far.ts': text };
    expect(may({ 'a/a.test.ts': "import { near } from './near.ts';", ...far })).toBe(false);
    expect(may({ 'a/a.test.ts': "await import('./near.ts');", ...far })).toBe(false);
    expect(may({ 'a/a.test.ts': "import './near.ts';", ...far })).toBe(false);
  });

  it('is none that loads a helper with hooks, which would hold for the first file alone', () => {
    const helper = { 'helpers/bench.ts': 'const open = 1;\nafterEach(() => open);\n' };
    expect(may({ 'a/a.test.ts': "import '../helpers/bench.ts';", ...helper })).toBe(false);
  });

  it('is most of them, and none that is known to mock', () => {
    const shared = sharedTests();
    expect(shared.length).toBeGreaterThan(100);
    expect(shared).toContain('test/limits/pacer.test.ts');
    expect(shared).not.toContain('test/simulation/simulation.test.ts');
    expect(shared).not.toContain('test/sharing.test.ts');
  });
});
