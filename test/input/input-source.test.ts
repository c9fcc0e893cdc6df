import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  createWriteStream,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { openInput, stemOf } from '../../src/input/input-source.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

const CONTENT = '{"custom_id":"评论-1","prompt":"你好"}\n';
const HASH = createHash('sha256').update(CONTENT).digest('hex');
const noStdin = Readable.from([]);

/** Where an input is looked for, without a signal to stop. */
function from(cwd: string, stdin: Readable): Parameters<typeof openInput>[1] {
  return { cwd, stdin, stop: new AbortController().signal, signalCode: () => null };
}

describe('stemOf', () => {
  test.each([
    ['reviews.jsonl', 'reviews'],
    ['/data/in/reviews.jsonl.gz', 'reviews'],
    ['reviews', 'reviews'],
    ['reviews.2026.jsonl', 'reviews.2026'],
    ['.jsonl', '.jsonl'],
    ['评论.txt', '评论'],
  ])('%s: %s', (path, stem) => {
    expect(stemOf(path)).toBe(stem);
  });
});

describe('openInput', () => {
  test('a file: its path, stem and folder', async () => {
    const folder = tempFolder();
    const path = join(folder, 'reviews.jsonl');
    writeFileSync(path, CONTENT);
    expect(await openInput(path, from('/', noStdin))).toEqual({
      path,
      stem: 'reviews',
      folder,
      spooled: false,
    });
  });

  test('stdin: spooled into the working folder under its hash, private', async () => {
    const cwd = tempFolder();
    const before = process.umask(0o022);
    try {
      const source = await openInput(
        '-',
        from(cwd, Readable.from([Buffer.from(CONTENT.slice(0, 9)), Buffer.from(CONTENT.slice(9))])),
      );
      const stem = `stdin-${HASH.slice(0, 12)}`;
      expect(source).toEqual({
        path: join(cwd, `${stem}.jsonl`),
        stem,
        folder: cwd,
        spooled: true,
      });
      expect(readFileSync(source.path, 'utf8')).toBe(CONTENT);
      expect((statSync(source.path).mode & 0o777).toString(8)).toBe('600');
      expect(readdirSync(cwd)).toEqual([`${stem}.jsonl`]);
    } finally {
      process.umask(before);
    }
  });

  test('the same content twice: the same file', async () => {
    const cwd = tempFolder();
    const first = await openInput('-', from(cwd, Readable.from([CONTENT])));
    expect(await openInput('-', from(cwd, Readable.from([CONTENT])))).toEqual(first);
    expect(readdirSync(cwd)).toHaveLength(1);
  });

  test('spooled for one look: a copy of its own, beside that of a job', async () => {
    const cwd = tempFolder();
    const job = await openInput('-', from(cwd, Readable.from([CONTENT])));
    const look = await openInput('-', from(cwd, Readable.from([CONTENT])), true);
    expect(look).toMatchObject({ stem: job.stem, spooled: true });
    expect(look.path).not.toBe(job.path);
    expect([job, look].map(({ path }) => readFileSync(path, 'utf8'))).toEqual([CONTENT, CONTENT]);
  });

  test.each(['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])('%s: stdin', async (name) => {
    const cwd = tempFolder();
    const source = await openInput(name, from(cwd, Readable.from([CONTENT])));
    expect(source).toMatchObject({ folder: cwd, spooled: true });
    expect(readFileSync(source.path, 'utf8')).toBe(CONTENT);
  });

  test('an open descriptor of a regular file: spooled, nothing is put beside its name', async () => {
    const cwd = tempFolder();
    const path = join(cwd, 'reviews.jsonl');
    writeFileSync(path, CONTENT);
    const file = openSync(path, 'r');
    try {
      const source = await openInput(`/dev/fd/${file}`, from(cwd, noStdin));
      expect(source).toMatchObject({ folder: cwd, spooled: true });
      expect(readFileSync(source.path, 'utf8')).toBe(CONTENT);
    } finally {
      closeSync(file);
    }
  });

  test('stdin that breaks off with an error: refused, nothing left behind', async () => {
    const cwd = tempFolder();
    const broken = new Readable({
      read() {
        this.destroy(new Error('EIO'));
      },
    });
    await expect(openInput('-', from(cwd, broken))).rejects.toMatchObject({
      message: expect.stringContaining('EIO'),
    });
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('stopped while stdin is read: the code of the signal, nothing left behind', async () => {
    const cwd = tempFolder();
    const stop = new AbortController();
    const endless = new Readable({
      read() {
        this.push(CONTENT);
        setImmediate(() => {
          stop.abort();
        });
      },
    });
    const opening = openInput('-', {
      cwd,
      stdin: endless,
      stop: stop.signal,
      signalCode: () => 143,
    });
    await expect(opening).rejects.toMatchObject({ exitCode: 143 });
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('stdin that is a terminal: 64', async () => {
    const stdin = Object.assign(Readable.from([]), { isTTY: true });
    await expect(openInput('-', from(tempFolder(), stdin))).rejects.toMatchObject({
      exitCode: 64,
    });
  });

  test.runIf(process.platform === 'linux')('a FIFO: spooled like stdin', async () => {
    const cwd = tempFolder();
    const fifo = join(cwd, 'pipe');
    execFileSync('mkfifo', [fifo]);
    createWriteStream(fifo).end(CONTENT);
    const source = await openInput(fifo, from(cwd, noStdin));
    expect(source).toMatchObject({ stem: `stdin-${HASH.slice(0, 12)}`, spooled: true });
    expect(readFileSync(source.path, 'utf8')).toBe(CONTENT);
  });

  test.runIf(process.platform === 'linux')(
    'a FIFO whose writer comes later, writes in pieces, and goes: its whole content, once',
    async () => {
      const cwd = tempFolder();
      const fifo = join(cwd, 'pipe');
      execFileSync('mkfifo', [fifo]);
      const opening = openInput(fifo, from(cwd, noStdin));
      // More than a pipe holds, so that each piece is read before the next can be written.
      const piece = CONTENT.repeat(5000);
      const writer = await open(fifo, 'w');
      for (let count = 0; count < 3; count += 1) await writer.writeFile(piece);
      await writer.close();
      expect(readFileSync((await opening).path, 'utf8')).toBe(piece.repeat(3));
    },
  );

  test.runIf(process.platform === 'linux')(
    'a FIFO whose writer writes nothing: empty',
    async () => {
      const cwd = tempFolder();
      const fifo = join(cwd, 'pipe');
      execFileSync('mkfifo', [fifo]);
      const opening = openInput(fifo, from(cwd, noStdin));
      await (await open(fifo, 'w')).close();
      expect(readFileSync((await opening).path, 'utf8')).toBe('');
    },
  );

  test('a device that is at its end: empty', async () => {
    const source = await openInput('/dev/null', from(tempFolder(), noStdin));
    expect(source.spooled).toBe(true);
    expect(readFileSync(source.path, 'utf8')).toBe('');
  });

  test('missing, or a folder: 66', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'reviews'));
    await expect(
      openInput(join(folder, 'nowhere.jsonl'), from(folder, noStdin)),
    ).rejects.toMatchObject({ exitCode: 66, message: expect.stringContaining('no such file') });
    await expect(openInput(join(folder, 'reviews'), from(folder, noStdin))).rejects.toMatchObject({
      exitCode: 66,
      message: expect.stringContaining('folder'),
    });
  });
});
