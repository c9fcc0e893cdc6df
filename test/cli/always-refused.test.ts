import { expect, test } from 'vitest';
import { customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { runCli } from '../helpers/spawn-cli.ts';

test('a line that is refused with 429 whenever it is sent: all others are answered in the same run, it fails, and retry sends it again', async () => {
  const { bench, server, args, ids } = await prepareCliJob(40);
  const refused = ids[2] ?? '';
  server.script = ({ id }) =>
    id === refused
      ? {
          kind: 'error',
          status: 429,
          code: 'Throttling.RateQuota',
          message: 'Requests rate limit exceeded, please try again later.',
        }
      : { kind: 'answer' };
  // A pace at which others are left to be sent while the line is set aside for a second.
  const slow = args.map((arg, index) => (args[index - 1] === '--rpm' ? '900' : arg));
  const run = await runCli(bench, [...slow, '--max-unreachable', '2s', '--json']);
  expect(run).toMatchObject({ status: 1 });
  expect(run.json()).toMatchObject({
    lines: { total: 40, answered: 39, failed: 1, open: 0 },
    possibly_billed: { attempts: 0 },
  });
  expect(customIds(bench, 'a.errors.jsonl')).toEqual([refused]);
  expect(bench.read('a.errors.jsonl')).toContain(
    'refused 6 times while other calls of the model were admitted',
  );
  expect(server.counts().get(refused)).toBe(6);
  server.script = () => ({ kind: 'answer' });
  expect(await runCli(bench, ['retry', 'a.jsonl', ...args.slice(2)])).toMatchObject({
    status: 0,
  });
  expect(server.counts().get(refused)).toBe(7);
  expect(customIds(bench, 'a.results.jsonl')).toContain(refused);
});
