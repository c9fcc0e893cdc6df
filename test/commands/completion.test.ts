import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { COMMANDS } from '../../src/command-line/command-specs.ts';
import { completionScript } from '../../src/commands/completion.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

function hasShell(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

describe('completionScript', () => {
  it.each(SHELLS)('%s: names every command and every flag', (shell) => {
    const script = completionScript(shell);
    for (const command of COMMANDS) {
      for (const name of [command.name, ...command.aliases]) expect(script).toContain(name);
      for (const flag of command.flags) {
        expect(script).toContain(shell === 'fish' ? `-l ${flag.name} ` : `--${flag.name}`);
        for (const choice of flag.choices ?? []) expect(script).toContain(choice);
      }
    }
  });

  it.each(SHELLS)('%s: never runs qbatch', (shell) => {
    expect(completionScript(shell)).not.toMatch(/\$\(qbatch|`qbatch|<\(qbatch/);
  });

  it.each(SHELLS)('%s: the shell itself finds no fault with the script', (shell) => {
    const script = completionScript(shell);
    if (!hasShell(shell)) {
      // Shells that are not installed: at least every quotation mark must be closed.
      const code = script
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .join('\n');
      const unescaped = code.replaceAll(/\\./g, '');
      expect((unescaped.match(/'/g)?.length ?? 0) % 2).toBe(0);
      return;
    }
    execFileSync(shell, ['-n'], { input: script });
  });
});

describe.skipIf(!hasShell('bash'))('completionScript: bash at work', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'qbatch-completion-'));
    writeFileSync(path.join(folder, 'in put.jsonl'), '');
    mkdirSync(path.join(folder, 'jobs'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function complete(...words: string[]): readonly string[] {
    const script = [
      completionScript('bash'),
      'COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _qbatch',
      '(( ${#COMPREPLY[@]} == 0 )) || printf "%s\\n" "${COMPREPLY[@]}"',
    ].join('\n');
    const output = execFileSync('bash', ['-c', script, 'bash', 'qbatch', ...words], {
      cwd: folder,
      encoding: 'utf8',
    });
    return output.split('\n').filter((line) => line !== '');
  }

  it.each([
    [['re'], ['resume', 'retry']],
    [['run', '--max-c'], ['--max-cost']],
    [['run', '--region', 't'], ['tokyo']],
    [['run', '--region', '=', 't'], ['tokyo']],
    [
      ['run', '--order', '='],
      ['input', 'settled'],
    ],
    [['run', '-o', 'in'], ['in put.jsonl']],
    [['validate', 'in'], ['in put.jsonl']],
    [['jobs', ''], ['jobs']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['run', '--model', ''], []],
    [['status', '--ver'], ['--verify']],
    [['check', '--max-a'], []],
  ])('%j offers %j', (words, expected) => {
    expect(complete(...words)).toEqual(expected);
  });
});
