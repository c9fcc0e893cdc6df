import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  openSync,
  renameSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { QbatchError } from '../../src/errors.ts';
import { findJob } from '../../src/ledger/jobs.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { rebaseJob } from '../../src/ledger/rebase.ts';
import { nothingSeen } from '../../src/plan.ts';
import { surveyInput } from '../../src/survey.ts';
import { createPricing } from '../../src/pricing.ts';
import { type CountingServer, promptFor, startCountingServer } from '../helpers/counting-server.ts';
import { defaultsOf } from '../helpers/parse-text.ts';
import { closeHarnesses, createHarness, type Harness, type HarnessRun } from './job-harness.ts';

/*
 * Inputs that change while they are read: by a writer that is not done, an editor, a copy over them. Each change
 * is made from within the program's own reading, at a place that it has not come to yet.
 */

const LINES = 150;
/** What changes is far behind what a reader may hold already. */
const CHANGED = 140;
/** Read and answered before the change. */
const SAMPLE = 5;

afterEach(closeHarnesses);

/** 4 KB that no compression makes small, the same for the same line. */
function lineText(lineNo: number, seed = ''): string {
  let filler = '';
  for (let part = 0; part < 46; part += 1)
    filler += createHash('sha512').update(`${lineNo} ${part} ${seed}`).digest('base64');
  return `${JSON.stringify({ custom_id: `id-${lineNo}`, prompt: `${promptFor(`id-${lineNo}`)} ${filler}` })}\n`;
}

const TEXTS = Array.from({ length: LINES }, (_, index) => lineText(index + 1));
const WHOLE = TEXTS.join('');

/** Where a line begins. */
const startOf = (lineNo: number): number => Buffer.byteLength(TEXTS.slice(0, lineNo - 1).join(''));

function writeAt(path: string, position: number, text: string | Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(text), 0, Buffer.byteLength(text), position);
  closeSync(file);
}

function replace(path: string, content: string | Buffer): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

/** Another line in its place, as many bytes. */
const OTHER = lineText(CHANGED, 'other');

type World = {
  readonly at: Harness;
  readonly server: CountingServer;
  readonly content: Buffer;
  run(options?: HarnessRun): ReturnType<Harness['run']>;
};

async function world(kind: 'plain' | 'gz'): Promise<World> {
  const server = await startCountingServer();
  const inputName = kind === 'gz' ? 'reviews.jsonl.gz' : 'reviews.jsonl';
  const endpoint = {
    dashscope: `${server.origin}/api/v1`,
    openai: `${server.origin}/compatible-mode/v1`,
  };
  const at = await createHarness({ inputName, endpoint });
  const content = kind === 'gz' ? gzipSync(WHOLE) : Buffer.from(WHOLE);
  writeFileSync(at.inputPath, content);
  return {
    at,
    server,
    content,
    run: (options = {}) =>
      at.run({ ...options, settings: { sample: SAMPLE, ...options.settings } }),
  };
}

/** Runs a job whose input is changed once its first lines are answered. */
function runChanging({ at, run }: World, change: (path: string) => void): ReturnType<World['run']> {
  return run({
    confirmSampled: () => {
      change(at.inputPath);
      return Promise.resolve(null);
    },
  });
}

async function refusalOf(run: Promise<unknown>): Promise<QbatchError> {
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof QbatchError)) throw new Error(`no refusal: ${String(error)}`);
  return error;
}

/** Nothing was called but lines as they were surveyed, none twice, and each answer is in the ledger. */
function expectHonest({ at, server }: World, most: number): void {
  const wanted = new Map(
    TEXTS.map((text) => {
      const { custom_id: id, prompt } = JSON.parse(text) as { custom_id: string; prompt: string };
      return [id, prompt];
    }),
  );
  for (const { id, body } of server.calls) expect(body).toContain(wanted.get(id) ?? 'no such line');
  expect([...server.counts().values()].every((count) => count === 1)).toBe(true);
  expect(server.calls.length).toBeLessThanOrEqual(most);
  const answered = at.look(({ database }) =>
    database.prepare("SELECT count(*) FROM lines WHERE state = 'answered'").pluck().get(),
  );
  expect(answered).toBe(server.calls.length);
}

/** With the input as it was, the same command ends the job; no line is paid for twice. */
async function expectToGoOn(world: World): Promise<void> {
  replace(world.at.inputPath, world.content);
  const result = await world.run();
  expect(result).toMatchObject({
    exitCode: 0,
    summary: { lines: { total: LINES, answered: LINES, open: 0 }, attempts: LINES },
  });
  expect(world.at.results()).toHaveLength(LINES);
  expectHonest(world, LINES);
}

test('the line that takes another’s place has its length', () => {
  expect(Buffer.byteLength(OTHER)).toBe(startOf(CHANGED + 1) - startOf(CHANGED));
});

describe('an input that changes while its lines are sent', () => {
  test.each<[string, (path: string) => void, string]>([
    [
      'cut in the middle of a line',
      (path) => {
        truncateSync(path, startOf(CHANGED) + 2_000);
      },
      `line ${CHANGED} has changed`,
    ],
    [
      'cut at the end of a line',
      (path) => {
        truncateSync(path, startOf(CHANGED));
      },
      `it ends after line ${CHANGED - 1} instead of ${LINES}`,
    ],
    [
      'a line rewritten in place, as long as before',
      (path) => {
        writeAt(path, startOf(CHANGED), OTHER);
      },
      `line ${CHANGED} has changed`,
    ],
    [
      'a line made blank in place',
      (path) => {
        writeAt(path, startOf(CHANGED), ' '.repeat(Buffer.byteLength(OTHER) - 1));
      },
      `line ${CHANGED} has changed`,
    ],
    [
      'two lines joined',
      (path) => {
        writeAt(path, startOf(CHANGED + 1) - 1, ' ');
      },
      `line ${CHANGED} has changed`,
    ],
    [
      'emptied',
      (path) => {
        truncateSync(path, 0);
      },
      'changed while the job ran',
    ],
  ])(
    '%s: 65 naming it, what is answered stays, and the job goes on',
    async (_what, change, says) => {
      const job = await world('plain');
      const refused = await refusalOf(runChanging(job, change));
      expect(refused).toMatchObject({ exitCode: 65, message: expect.stringContaining(says) });
      expectHonest(job, CHANGED - 1);
      await expectToGoOn(job);
    },
  );

  test.each<[string, 'plain' | 'gz', (path: string) => void, number]>([
    [
      'appended to',
      'plain',
      (path) => {
        appendFileSync(path, lineText(LINES + 1));
      },
      LINES + 1,
    ],
    [
      'appended to, the last line half',
      'plain',
      (path) => {
        appendFileSync(path, lineText(LINES + 1).slice(0, 50));
      },
      LINES + 1,
    ],
    [
      'another file moved over it',
      'plain',
      (path) => {
        replace(path, WHOLE.replace(TEXTS[CHANGED - 1] ?? '', OTHER));
      },
      CHANGED,
    ],
    [
      'appended to',
      'gz',
      (path) => {
        appendFileSync(path, gzipSync(lineText(LINES + 1)));
      },
      LINES + 1,
    ],
    [
      'another file moved over it',
      'gz',
      (path) => {
        replace(path, gzipSync(WHOLE.replace(TEXTS[CHANGED - 1] ?? '', OTHER)));
      },
      CHANGED,
    ],
  ])(
    '%s (%s): the lines that were checked are run and no other; the next run is refused with the first that differs',
    async (_what, kind, change, first) => {
      const job = await world(kind);
      expect(await runChanging(job, change)).toMatchObject({
        exitCode: 0,
        summary: { lines: { total: LINES, answered: LINES } },
      });
      expectHonest(job, LINES);
      expect(await refusalOf(job.run())).toMatchObject({
        exitCode: 65,
        message: expect.stringContaining(`line ${first} is the first that differs`),
      });
      await expectToGoOn(job);
    },
  );

  test.each<[string, (path: string, content: Buffer) => void]>([
    [
      'cut',
      (path, content) => {
        truncateSync(path, content.length - 2_000);
      },
    ],
    [
      'rewritten in place, as long as before',
      (path, content) => {
        writeAt(path, content.length - 2_000, Buffer.alloc(1_900, 'x'));
      },
    ],
  ])('a compressed input, %s: 66 naming the place, and the job goes on', async (_what, change) => {
    const job = await world('gz');
    const refused = await refusalOf(
      runChanging(job, (path) => {
        change(path, job.content);
      }),
    );
    expect(refused).toMatchObject({ exitCode: 66, message: expect.stringContaining('gzip') });
    expectHonest(job, LINES - 1);
    await expectToGoOn(job);
  });
});

/** As the survey reads. */
const SURVEY_CHUNK_BYTES = 512 * 1024;
/** So long that the survey's first chunk, and what is read ahead of it, is a part of it. */
const LONG = Array.from({ length: 700 }, (_, index) => lineText(index + 1));
const LONG_BYTES = Buffer.byteLength(LONG.join(''));
const LONG_CHUNKS = Math.ceil(LONG_BYTES / SURVEY_CHUNK_BYTES);

/** Surveys a long input that is changed when its `chunk`th piece was read; sends the first lines, then stops. */
function surveyChanging(
  { at, run }: World,
  content: string | Buffer,
  change: (path: string) => void,
  chunk = 1,
): ReturnType<World['run']> {
  writeFileSync(at.inputPath, content);
  let chunks = 0;
  return run({
    checkStop: () => {
      chunks += 1;
      if (chunks === chunk) change(at.inputPath);
    },
    confirmSampled: () => Promise.resolve('enough'),
  });
}

describe('an input that changes while it is checked', () => {
  test('appended to: the new line is checked with the others', async () => {
    const job = await world('plain');
    const { summary } = await surveyChanging(job, LONG.join(''), (path) => {
      appendFileSync(path, lineText(701));
    });
    expect(summary.lines).toMatchObject({ total: 701, answered: SAMPLE });
    // What was checked is what is there: the job goes on.
    expect(
      (await job.run({ confirmSampled: () => Promise.resolve('enough') })).summary.lines.total,
    ).toBe(701);
  });

  test.each<[string, (path: string) => void]>([
    [
      'a half line appended',
      (path) => {
        appendFileSync(path, lineText(701).slice(0, 99));
      },
    ],
    [
      'cut in the middle of a line',
      (path) => {
        truncateSync(path, LONG_BYTES - 999);
      },
    ],
  ])('%s: 65, nothing is sent and no job is left', async (_what, change) => {
    const job = await world('plain');
    const refused = await refusalOf(surveyChanging(job, LONG.join(''), change));
    expect(refused).toMatchObject({
      exitCode: 65,
      message: expect.stringMatching(/1 of \d+ lines is invalid; nothing was sent/),
    });
    expect(job.server.calls).toEqual([]);
    expect(job.at.look(({ database }) => findJob(database, 'reviews'))).toBeNull();
  });

  test('cut, compressed: 66, nothing is sent', async () => {
    const job = await world('gz');
    const content = gzipSync(LONG.join(''));
    const refused = await refusalOf(
      surveyChanging(job, content, (path) => {
        truncateSync(path, content.length - 999);
      }),
    );
    expect(refused).toMatchObject({ exitCode: 66, message: expect.stringContaining('gzip') });
    expect(job.server.calls).toEqual([]);
  });

  test.each<[string, 'plain' | 'gz', (path: string) => void]>([
    [
      'a line that was checked rewritten in place',
      'plain',
      (path) => {
        writeAt(path, startOf(3), lineText(3, 'other'));
      },
    ],
    [
      'another file moved over it',
      'plain',
      (path) => {
        replace(path, LONG.with(2, lineText(3, 'other')).join(''));
      },
    ],
    [
      'another file moved over it',
      'gz',
      (path) => {
        replace(path, gzipSync(LONG.with(2, lineText(3, 'other')).join('')));
      },
    ],
  ])(
    '%s (%s): 65 naming the first open line that differs, which is not sent',
    async (_what, kind, change) => {
      const job = await world(kind);
      const content = kind === 'gz' ? gzipSync(LONG.join('')) : LONG.join('');
      const refused = await refusalOf(surveyChanging(job, content, change));
      expect(refused).toMatchObject({
        exitCode: 65,
        message: expect.stringContaining('line 3 has changed'),
      });
      expectHonest(job, 2);
    },
  );

  test('changed between the first look and the one for repeated ids: 65, nothing is sent', async () => {
    const job = await world('plain');
    const twice = [...LONG.slice(0, -1), lineText(1)].join('');
    const refused = await refusalOf(
      surveyChanging(
        job,
        twice,
        (path) => {
          writeAt(path, 0, lineText(2));
        },
        LONG_CHUNKS,
      ),
    );
    expect(refused).toMatchObject({
      exitCode: 65,
      message: expect.stringContaining('was changed while it was checked'),
    });
    expect(job.server.calls).toEqual([]);
  });

  test('changed while the answers of an earlier input are kept: 65, and they stay as they were', async () => {
    const job = await world('plain');
    await job.run();
    const defaults = defaultsOf({ model: 'qwen-plus' });
    const read = { maxLineBytes: 1024 * 1024, defaults };
    const ledger = Ledger.open(job.at.ledgerPath, { adopt: false, wallMs: 0 });
    const before = findJob(ledger.database, 'reviews');
    if (before === null) throw new Error('no job');
    const rebasing = ledger.transactWhile(() =>
      rebaseJob(ledger, before, { inputPath: job.at.inputPath, ...read }, () => {
        writeAt(job.at.inputPath, startOf(CHANGED), OTHER);
        const pricing = createPricing(defaults.catalog, 'cn', 'CNY');
        return surveyInput(job.at.inputPath, { ...read, pricing, outputSeen: nothingSeen });
      }),
    );
    const refused = await refusalOf(rebasing);
    ledger.close();
    expect(refused).toMatchObject({
      exitCode: 65,
      message: expect.stringContaining('was changed while it was checked'),
    });
    await expectToGoOn(job);
  });
});
