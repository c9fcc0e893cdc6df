import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BAD_REQUEST, prepareCliJob } from '../helpers/cli-job.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { canTrace, tracer } from '../helpers/strace.ts';

/** What happens as the adopted lines are about to be written from the log into the ledger's file, and how the run ends. */
const FATES = [
  ['signal=SIGKILL:when=1', null],
  ['error=ENOSPC:when=1+', 1],
] as const;

test.skipIf(!canTrace).each(FATES)(
  'outputs are adopted into an older copy, then %s: its log is not taken for that of a newer one',
  async (inject, status) => {
    const { bench, server, args, ids } = await prepareCliJob(4);
    server.script = ({ id }) => (id === ids[0] ? BAD_REQUEST : { kind: 'answer' });
    expect(await runCli(bench, [...args, '-c', '1', '--max-failures', '1'])).toMatchObject({
      status: 3,
    });
    const old = bench.bytes('a.qbatch.db');
    server.script = () => ({ kind: 'answer' });
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    bench.write('a.qbatch.db', old);
    const { command: under } = tracer(join(bench.home, 'trace'), {
      paths: [bench.path('a.qbatch.db')],
      calls: ['pwrite64'],
      inject,
    });
    const adopting = await runCli(bench, [...args, '--adopt-outputs'], { under });
    expect(adopting.status).toBe(status);
    expect(bench.names()).toContain('a.qbatch.db-wal');
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    expect(server.calls).toHaveLength(4);
  },
);
