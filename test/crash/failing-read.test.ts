import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { canTrace, tracer, wasInjected } from '../helpers/strace.ts';

/** A finished job is opened with so many reads of its ledger, and a few more. */
const READS = 6;

test.skipIf(!canTrace)(
  'a disk that fails to read the ledger once is not told as damage alone, and the same command goes on',
  async () => {
    const { bench, args } = await prepareCliJob(3);
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    const ended: (number | null)[] = [];
    for (let nth = 1; nth <= READS; nth += 1) {
      const trace = join(bench.home, 'trace');
      const { command } = tracer(trace, {
        paths: [bench.path('a.qbatch.db')],
        calls: ['pread64'],
        inject: `error=EIO:when=${nth}`,
      });
      const met = await runCli(bench, args, { under: command });
      expect(wasInjected(trace), `read ${nth}`).toBe(true);
      ended.push(met.status);
      if (met.status === 78) {
        expect(met.stderr).toMatch(/a\.qbatch\.db is damaged, or the disk failed to read it/);
        expect(met.stderr).toMatch(/run the same command again.*--adopt-outputs/);
      } else expect([0, 74]).toContain(met.status);
      expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    }
    expect(ended).toContain(78);
  },
);
