import { readdirSync, statSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BAD_REQUEST, prepareCliJob } from '../helpers/cli-job.ts';
import { openBench, type Bench } from '../helpers/bench.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { jsonl, nativeLine } from '../helpers/request-lines.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

/** The files of the program, with who may read them; `mine` were there before. */
function modesIn(bench: Bench, mine: readonly string[]): Record<string, string> {
  const names = readdirSync(bench.folder).filter((name) => !mine.includes(name));
  return Object.fromEntries(
    names.map((name) => [name, (statSync(bench.path(name)).mode & 0o777).toString(8)]),
  );
}

const shared = (modes: Readonly<Record<string, string>>): string[] =>
  Object.entries(modes).flatMap(([name, mode]) => (mode === '600' ? [] : [`${name}: ${mode}`]));

describe.each([0o000, 0o022])('files under umask %o are for their owner alone', (mask) => {
  const withMask = (): void => {
    const before = process.umask(mask);
    onTestFinished(() => {
      process.umask(before);
    });
  };

  test('while a run works, when it is finished, and whatever is written from it', async () => {
    withMask();
    const { bench, server, args } = await prepareCliJob(3);
    server.hold();
    const run = startCli(bench, args);
    await run.before(server.seen(3));
    const during = modesIn(bench, ['a.jsonl']);
    expect(Object.keys(during)).toEqual(
      expect.arrayContaining([
        'a.qbatch.db',
        'a.qbatch.db-wal',
        'a.qbatch.db-shm',
        'a.qbatch.db.lock',
        'a.qbatch.db.mark',
        'a.results.jsonl',
        'a.errors.jsonl',
      ]),
    );
    expect(shared(during)).toEqual([]);
    server.release();
    expect(await run.finished).toMatchObject({ status: 0 });
    for (const command of [
      ['usage', 'a', '--format', 'html', '-o', 'usage.html'],
      ['usage', 'a', '--format', 'parquet', '-o', 'usage.parquet'],
      ['export', 'a', '--what', 'attempts', '--format', 'csv', '-o', 'attempts.csv'],
    ]) {
      expect([command, (await runCli(bench, command)).status]).toEqual([command, 0]);
    }
    const after = modesIn(bench, ['a.jsonl']);
    expect(Object.keys(after)).toEqual(
      expect.arrayContaining(['usage.html', 'usage.parquet', 'attempts.csv']),
    );
    expect(shared(after)).toEqual([]);
  });

  test('the copy of stdin', async () => {
    withMask();
    const bench = openBench();
    const server = await startCountingServer();
    server.script = () => BAD_REQUEST;
    const stdin = jsonl([nativeLine('杭州')]);
    expect(await runCli(bench, ['run', '-', ...server.flags], { stdin })).toMatchObject({
      status: 1,
    });
    const modes = modesIn(bench, []);
    expect(Object.keys(modes).some((name) => /^stdin-[0-9a-f]{12}\.jsonl$/.test(name))).toBe(true);
    expect(shared(modes)).toEqual([]);
  });
});

describe('hostile ids, models, tags and errors in everything that people read', () => {
  /** No character of these may reach a terminal; a line feed may. */
  const CONTROL =
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;
  const HOSTILE = [
    '\u001b]52;c;aGFja2Vk\u0007',
    '\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\',
    '\u001bP$q"p\u001b\\',
    '\u009b31m\u009d0;title\u009c',
    '\u202Eevil\u2066x\u2069\u200f',
    '\u2028\u2029\r\b\u0000\u007f',
    '=HYPERLINK("https://evil.example")',
    '</script><img src=x onerror=alert(1)>',
  ];

  test('no control character, no formula, no markup', async () => {
    const { bench, server, args } = await prepareCliJob(0);
    const lines = HOSTILE.map((text, index) =>
      nativeLine(`x${index}`, {
        custom_id: `${text}${index}`,
        model: index % 2 === 0 ? `${text}model` : 'qwen-plus',
        metadata: { team: text },
      }),
    );
    bench.write('a.jsonl', jsonl(lines));
    let nth = 0;
    server.script = () => {
      const text = HOSTILE[nth % HOSTILE.length] ?? '';
      nth += 1;
      return { kind: 'error', status: 400, code: `${text}Code`, message: `${text} message` };
    };
    expect(await runCli(bench, args)).toMatchObject({ status: 1 });
    const commands = [
      ['status', 'a', '--verify'],
      ['jobs'],
      ['check', 'a.jsonl'],
      ['debug', 'a'],
      ...['table', 'markdown', 'csv'].map((format) => [
        ...['usage', 'a', '--by', 'model,code,tag:team', '--format'],
        format,
      ]),
      ...['attempts', 'errors'].map((what) => [
        ...['export', 'a', '--what', what, '--format', 'csv', '-o', '-'],
      ]),
    ];
    for (const command of commands) {
      const { status, stdout, stderr } = await runCli(bench, command);
      expect([command, status]).toEqual([command, 0]);
      const text = (stdout + stderr).replaceAll('\r\n', '\n');
      // CSV is data: its cells hold what was said, defused for spreadsheets.
      const at = command.includes('csv') ? -1 : text.search(CONTROL);
      expect([command, at === -1 ? '' : JSON.stringify(text.slice(at - 40, at + 40))]).toEqual([
        command,
        '',
      ]);
      if (command.includes('csv')) expect(stdout).not.toMatch(/(?:^|,|")=HYPERLINK/m);
      if (command.includes('markdown')) expect(stdout).not.toContain('<img');
    }
    const page = await runCli(bench, ['usage', 'a', '--by', 'model,code', '--format', 'html']);
    expect(page).toMatchObject({ status: 0 });
    expect(page.stdout).not.toContain('<img src=x');
  });
});
