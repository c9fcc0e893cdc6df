import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { debugCommand } from '../../src/commands/debug.ts';
import { addJob, openLedger, SAMPLE, temporaryFolder } from '../ledger/sample-job.ts';
import { ANY_JOB, DISPLAY, recordingIo } from './recording-io.ts';

type DebugParsed = Parameters<typeof debugCommand>[0];

const DEBUG: DebugParsed = { command: 'debug', json: true, ...ANY_JOB, ...DISPLAY };
const KEY = 'sk-0123456789abcdef0123456789abcdef';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  folder.remove();
});

function makeLedger(): void {
  const ledger = openLedger(path.join(folder.path, 'exam.qbatch.db'));
  addJob(ledger, SAMPLE, { name: 'exam', inputPath: path.join(folder.path, 'exam.jsonl') });
  ledger.close();
}

test('debugCommand: versions, platform, settings with their origin, and the ledger in numbers', async () => {
  makeLedger();
  const io = recordingIo(folder.path, {
    env: { DASHSCOPE_API_KEY: KEY, QBATCH_MAX_COST: '12.50', QBATCH_SYSTEM: '你是一位语文老师' },
  });
  expect(await debugCommand(DEBUG, io)).toBe(0);
  const report = JSON.parse(io.out()) as Record<string, unknown>;
  expect(report).toMatchObject({
    schema: 1,
    versions: {
      node: process.versions.node,
      'better-sqlite3': expect.stringMatching(/^\d+\./),
      undici: expect.stringMatching(/^\d+\./),
    },
    environment: { DASHSCOPE_API_KEY: 'set', HTTPS_PROXY: 'not set' },
    settings: expect.arrayContaining([
      { name: 'max-cost', value: '"12.50"', origin: 'QBATCH_MAX_COST' },
      { name: 'system', value: 'set', origin: 'QBATCH_SYSTEM' },
    ]),
    ledger: {
      schema: 5,
      journal_mode: 'wal',
      held: false,
      jobs: 1,
      job: { state: 'open', lines: { total: 6, open: 1 } },
    },
    problems: [],
  });
  const { attempts } = report['ledger'] as { attempts: unknown[] };
  expect(attempts).toContainEqual({ class: 'answered', code: null, count: 3 });
  expect(attempts).toContainEqual({ class: 'unknown', code: null, count: 1 });
});

test.each([true, false])(
  'debugCommand: json %s, no key, prompt, answer, id or message of the service',
  async (json) => {
    makeLedger();
    const env = {
      DASHSCOPE_API_KEY: KEY,
      https_proxy: 'http://alice:geheim@proxy:3128',
      QBATCH_CATALOG: 'https://bob:secret@example.com/catalog.json',
      QBATCH_JOB: KEY,
      QBATCH_SET: '{"user":"李清照"}',
      QBATCH_SYSTEM: '你是一位语文老师',
    };
    const io = recordingIo(folder.path, { env });
    await debugCommand({ ...DEBUG, json }, io);
    // They were read, and what they hold was left out.
    for (const told of ['QBATCH_CATALOG', 'QBATCH_JOB', 'QBATCH_SET', 'https://[redacted]@example'])
      expect(io.out()).toContain(told);
    expect(io.out()).toMatch(/HTTPS_PROXY"?: ?"?set/);
    for (const secret of [KEY, 'geheim', 'secret@', '李清照', '语文老师'])
      expect(io.out()).not.toContain(secret);
    for (const content of ['苏轼', 'Peru', 'geo-2', '不合规'])
      expect(io.out()).not.toContain(content);
  },
);

test('debugCommand: as text, the same', async () => {
  makeLedger();
  const io = recordingIo(folder.path, { env: { QBATCH_RPM: '600' } });
  await debugCommand({ ...DEBUG, json: false }, io);
  expect(io.out()).toContain(`  node: ${process.versions.node}\n`);
  expect(io.out()).toMatch(/ {2}rpm: .*600.* \(QBATCH_RPM\)\n/);
  expect(io.out()).toContain('  commits: ');
});

test('debugCommand: settings or ledger that cannot be read, part of the report', async () => {
  writeFileSync(path.join(folder.path, 'exam.qbatch.db'), 'no database'.repeat(1000));
  const io = recordingIo(folder.path, { env: { QBATCH_RPM: 'many' } });
  expect(await debugCommand(DEBUG, io)).toBe(0);
  expect(JSON.parse(io.out())).toMatchObject({
    settings: null,
    ledger: null,
    problems: [
      expect.stringMatching(/^settings: .*QBATCH_RPM/),
      expect.stringMatching(/^ledger: .*exam\.qbatch\.db/),
    ],
  });
  const text = recordingIo(folder.path, { env: { QBATCH_RPM: 'many' } });
  await debugCommand({ ...DEBUG, json: false }, text);
  expect(text.out()).toContain(
    'settings: cannot be read\nledger: none\nproblem with settings: QBATCH_RPM',
  );
});

test('debugCommand: settings that are wrong, without what they hold', async () => {
  const secret = 's3cretpw';
  for (const env of [
    { QBATCH_SET: secret },
    { QBATCH_BASE_URL: `https://gw/api/v1?token=${secret}` },
    { QBATCH_MAX_COST: secret },
  ]) {
    const io = recordingIo(folder.path, { env });
    expect(await debugCommand(DEBUG, io)).toBe(0);
    expect(io.out()).toContain(Object.keys(env)[0]);
    expect(io.out()).not.toContain(secret);
  }
});

test('debugCommand: a job that is named and unknown, 66; none here, no ledger', async () => {
  await expect(debugCommand({ ...DEBUG, job: '高考' }, recordingIo(folder.path))).rejects.toThrow(
    expect.objectContaining({ exitCode: 66 }),
  );
  const io = recordingIo(folder.path);
  expect(await debugCommand(DEBUG, io)).toBe(0);
  expect(JSON.parse(io.out())).toMatchObject({ ledger: null });
});
