import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { QbatchError } from '../../src/errors.ts';
import { acquireLock, lockHolder, takeLock } from '../../src/ledger/lock.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { FAKE_WALL_START_MS } from '../helpers/fake-clock.ts';
import { openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

/** A process that holds a ledger's lock as a run does: a write transaction on `<ledger>.lock`. */
const HOLDER = fileURLToPath(new URL('../helpers/hold-lock.mjs', import.meta.url));

async function holdElsewhere(ledgerPath: string) {
  const child = fork(HOLDER, [ledgerPath], { stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [answer] = (await once(child, 'message')) as [string];
  return { child, answer };
}

describe('the lock of a ledger', () => {
  test('its file cannot be removed: it is given back all the same', () => {
    const folder = tempFolder();
    const path = join(folder, 'a.lock');
    const lock = takeLock(path, 0, null);
    if (!('release' in lock)) throw new Error('held by nobody, and not taken');
    renameSync(path, join(folder, 'b.lock'));
    mkdirSync(path);
    expect(() => {
      lock.release();
    }).toThrow('directory');
    const again = takeLock(join(folder, 'b.lock'), 0, null);
    expect(again).toHaveProperty('release');
    if ('release' in again) again.release();
  });

  test('held by this process: a second opening is refused with 75, naming pid, host and start', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    let refused: unknown;
    try {
      Ledger.open(ledger.path, { adopt: false, wallMs: FAKE_WALL_START_MS + 1000 });
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(QbatchError);
    expect(refused).toMatchObject({ exitCode: 75 });
    expect(String(refused)).toContain(
      `process ${process.pid} on ${hostname()}, started 2026-01-01T00:00:00.000Z`,
    );
    expect(lockHolder(ledger.path)).toEqual({
      pid: process.pid,
      host: hostname(),
      startedAt: FAKE_WALL_START_MS,
      jobName: null,
    });
  });

  test('released: nobody holds it, and it can be taken again', () => {
    const folder = tempFolder();
    openTempLedger(folder).close();
    expect(lockHolder(join(folder, 'reviews.qbatch.db'))).toBeNull();
    openTempLedger(folder).close();
  });

  test('no ledger at all: nobody holds it, and looking makes no file', () => {
    expect(lockHolder(join(tempFolder(), 'a.qbatch.db'))).toBeNull();
  });

  test('asking who holds it does not take it away', () => {
    const path = join(tempFolder(), 'a.qbatch.db');
    const lock = acquireLock(path, FAKE_WALL_START_MS);
    lockHolder(path);
    lockHolder(path);
    expect(() => acquireLock(path, FAKE_WALL_START_MS)).toThrow(QbatchError);
    lock.release();
  });

  test.each([
    ['quotes and Chinese', `it's; 夜班 "1" --`],
    ['a NUL', 'a\0b'],
    ['as long as it may be', '名'.repeat(333)],
  ])('held for a job: who asks is told its name, %s', (_, name) => {
    const path = join(tempFolder(), 'a.qbatch.db');
    const lock = acquireLock(path, FAKE_WALL_START_MS, name);
    expect(lockHolder(path)).toMatchObject({ pid: process.pid, jobName: name });
    // One page, so that a kill never meets a record that is half written.
    expect(statSync(`${path}.lock`).size).toBe(4096);
    lock.release();
  });

  test('held for a job whose name is too long for one page: held, its name not told', () => {
    const path = join(tempFolder(), 'a.qbatch.db');
    const lock = acquireLock(path, FAKE_WALL_START_MS, 'x'.repeat(5_000));
    expect(lockHolder(path)).toMatchObject({ pid: process.pid, jobName: null });
    expect(statSync(`${path}.lock`).size).toBe(4096);
    lock.release();
  });

  test('refused to this very process: no other process gets it for that', async () => {
    const path = join(tempFolder(), 'a.qbatch.db');
    const lock = acquireLock(path, FAKE_WALL_START_MS);
    expect(() => acquireLock(path, FAKE_WALL_START_MS)).toThrow(QbatchError);
    expect((await holdElsewhere(path)).answer).toBe('busy');
    lock.release();
    expect((await holdElsewhere(path)).answer).toBe('held');
  });

  test('whose release nobody keeps: is held all the same, also when garbage is collected', async () => {
    const path = join(tempFolder(), 'a.qbatch.db');
    acquireLock(path, FAKE_WALL_START_MS);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    collect();
    expect((await holdElsewhere(path)).answer).toBe('busy');
  });

  test('held by another process: 75 with its pid; free as soon as it is killed with -9', async () => {
    const path = join(tempFolder(), 'a.qbatch.db');
    const { child, answer } = await holdElsewhere(path);
    expect(answer).toBe('held');
    // As an older version writes it down: without a job.
    expect(lockHolder(path)).toMatchObject({ pid: child.pid, jobName: null });
    expect(() => acquireLock(path, FAKE_WALL_START_MS)).toThrow(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(lockHolder(path)).toBeNull();
    acquireLock(path, FAKE_WALL_START_MS).release();
  });
});

describe('a lock whose file is gone', () => {
  test('removed with an emptied ledger while it is held: the next one holds a new file, not the old one', async () => {
    const path = join(tempFolder(), 'a.qbatch.db');
    const { child, answer } = await holdElsewhere(path);
    expect(answer).toBe('held');
    const inodeBefore = statSync(`${path}.lock`).ino;
    rmSync(`${path}.lock`);
    const own = acquireLock(path, FAKE_WALL_START_MS);
    expect(statSync(`${path}.lock`).ino).not.toBe(inodeBefore);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(lockHolder(path)?.pid).toBe(process.pid);
    expect(() => acquireLock(path, FAKE_WALL_START_MS)).toThrow(`process ${process.pid}`);
    own.release();
  });
});

test('a path as long as SQLite takes is a ledger; a longer one is refused with its length, and nothing is left', () => {
  const folder = join(realpathSync(tempFolder()), '长'.repeat(60), '路'.repeat(60));
  mkdirSync(folder, { recursive: true });
  const pathOf = (bytes: number): string =>
    join(folder, 'x'.repeat(bytes - Buffer.byteLength(folder) - 1));
  const open = (path: string): Ledger => Ledger.open(path, { adopt: false, wallMs: 0 });
  const refused = expect.objectContaining({
    exitCode: 73,
    message: expect.stringMatching(/the path has 500 bytes, and SQLite takes 499/) as string,
    hint: 'choose a shorter place with --ledger',
  }) as Error;
  expect(() => open(pathOf(500))).toThrow(refused);
  expect(readdirSync(folder)).toEqual([]);
  const longest = open(pathOf(499));
  longest.transact(() => {});
  longest.close();
});
