import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BAD_REQUEST, customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { jsonl, nativeLine } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli } from '../helpers/spawn-cli.ts';

describe('a ledger that was lost, and an input that changed since', () => {
  test('--adopt-outputs: 65 naming the first line, nothing sent, no answer written over; the input put back, all are taken', async () => {
    const { bench, server, args, ids } = await prepareCliJob(5);
    server.script = ({ id }) => (id === ids[3] ? BAD_REQUEST : { kind: 'answer' });
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    const input = bench.read('a.jsonl');
    const files = [bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')];
    for (const end of ['', '.mark']) rmSync(bench.path(`a.qbatch.db${end}`));
    bench.write(
      'a.jsonl',
      jsonl([ids[0], ids[2], ids[3], ids[4]].map((id) => nativeLine(id ?? ''))),
    );
    const refused = await runCli(bench, [...args, '--adopt-outputs', '--json']);
    expect(refused).toMatchObject({ status: 65 });
    expect(refused.json()).toMatchObject({
      error: {
        message: expect.stringContaining(
          `4 of their lines no longer match it, the first is line 2 (custom_id ${ids[1]})`,
        ) as unknown,
        hint: expect.stringContaining('--accept-changed-input') as unknown,
      },
    });
    expect(await runCli(bench, args)).toMatchObject({ status: 78 });
    expect([bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')]).toEqual(files);
    bench.write('a.jsonl', input);
    expect(await runCli(bench, [...args, '--adopt-outputs'])).toMatchObject({ status: 1 });
    expect([bench.read('a.results.jsonl'), bench.read('a.errors.jsonl')]).toEqual(files);
    expect(server.calls).toHaveLength(5);
  });

  test('with --accept-changed-input too: answers follow their custom_id, new lines alone are sent', async () => {
    const { bench, server, args, ids } = await prepareCliJob(5);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    for (const end of ['', '.mark']) rmSync(bench.path(`a.qbatch.db${end}`));
    const now = ['Wuhan', ids[4], ids[0], ids[1], 'Harbin', ids[3]].map((id) => id ?? '');
    bench.write('a.jsonl', jsonl(now.map((id) => nativeLine(id))));
    const flags = ['--adopt-outputs', '--accept-changed-input'];
    expect(await runHere(bench, [...args, ...flags])).toMatchObject({ status: 0 });
    expect(
      server.calls
        .slice(5)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(['Harbin', 'Wuhan']);
    expect(customIds(bench, 'a.results.jsonl')).toEqual(now);
    const lines = bench.lines('a.results.jsonl') as { id: string }[];
    expect(lines.map(({ id }) => id)).toEqual(now.map((_, index) => `a-${index + 1}`));
    for (const [index, id] of now.entries())
      expect(JSON.stringify(lines[index])).toContain(`One sentence about ${id}.`);
    const verified = await runHere(bench, ['status', '--verify', '--json']);
    expect(verified.json()).toMatchObject({ verify: { ok: true } });
  });
});

describe('--adopt-outputs beside a ledger that lost nothing', () => {
  const CAP = ['--max-failures', '1', '-c', '1'];

  test('a changed line is asked anew, not given the answer to the question before', async () => {
    const { bench, server, args, ids } = await prepareCliJob(4);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const changed = nativeLine(ids[2] ?? '', {
      parameters: { result_format: 'message', top_p: 0.5 },
    });
    bench.write(
      'a.jsonl',
      jsonl([
        nativeLine(ids[0] ?? ''),
        nativeLine(ids[1] ?? ''),
        changed,
        nativeLine(ids[3] ?? ''),
      ]),
    );
    server.script = () => ({ kind: 'answer', content: 'the new answer' });
    const flags = ['--accept-changed-input', '--adopt-outputs'];
    expect(await runHere(bench, [...args, ...flags])).toMatchObject({ status: 0 });
    expect(server.calls.slice(4).map(({ id }) => id)).toEqual([ids[2]]);
    expect(JSON.stringify(bench.lines('a.results.jsonl')[2])).toContain('the new answer');
  });

  test('nor once the run that took the changed input has ended early', async () => {
    const { bench, server, args, ids } = await prepareCliJob(3);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const changed = ids
      .slice(0, 2)
      .map((id) => nativeLine(id, { parameters: { result_format: 'message', top_p: 0.5 } }));
    bench.write('a.jsonl', jsonl([...changed, nativeLine(ids[2] ?? '')]));
    server.script = () => BAD_REQUEST;
    const early = [...args, '--accept-changed-input', ...CAP];
    expect(await runHere(bench, early)).toMatchObject({ status: 3 });
    server.script = () => ({ kind: 'answer', content: 'the new answer' });
    server.forget();
    expect(await runHere(bench, [...args, '--adopt-outputs'])).toMatchObject({ status: 1 });
    expect(server.calls.map(({ id }) => id)).toEqual([ids[1]]);
    expect(JSON.stringify(bench.lines('a.results.jsonl')[0])).toContain('the new answer');
  });
});
