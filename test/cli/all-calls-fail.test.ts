import { expect, test } from 'vitest';
import type { Reaction } from '../helpers/counting-server.ts';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const CASES: readonly (readonly [string, Reaction])[] = [
  [
    'InternalError',
    {
      kind: 'error',
      status: 500,
      code: 'InternalError',
      message: 'An internal error has occured.',
    },
  ],
  ['qbatch_connection_error', { kind: 'reset' }],
];

test.each(CASES)(
  'every call fails for longer than --max-unreachable, %s: 69, lines stay open, the next run finishes them',
  async (code, reaction) => {
    const { bench, server, args } = await prepareCliJob(400);
    server.script = () => reaction;
    const slow = args.map((arg, index) => (args[index - 1] === '--rpm' ? '900' : arg));
    const run = await runCli(bench, [...slow, '--max-unreachable', '3s', '--json']);
    expect(run).toMatchObject({ status: 69 });
    const summary = run.json() as { lines: { answered: number; open: number } };
    expect(summary.lines.answered).toBe(0);
    expect(summary.lines.open).toBeGreaterThan(200);
    expect(run.stderr).toContain(`every call failed for 3 s (--max-unreachable; last: ${code})`);
    server.script = () => ({ kind: 'answer' });
    const next = await runCli(bench, [...args, '--json']);
    const { lines } = next.json() as { lines: { answered: number; failed: number; open: number } };
    expect(lines.open).toBe(0);
    expect(lines.answered).toBeGreaterThanOrEqual(summary.lines.open);
  },
);
