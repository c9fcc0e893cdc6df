import Database from '../helpers/sqlite.mjs';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type ExitCode, QbatchError } from '../../src/errors.ts';
import { findJob } from '../../src/ledger/jobs.ts';
import { sqliteCode } from '../../src/ledger/database.ts';
import { openForReading } from '../../src/ledger/open-for-reading.ts';
import { readMark } from '../../src/ledger/mark.ts';
import { storageError } from '../../src/ledger/storage-error.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import {
  httpReply,
  startFaultServer,
  closeFaultServers,
  type FaultServer,
} from '../helpers/fault-server.ts';
import { seededRandom } from '../helpers/random.ts';
import { nativeLine, placeIds } from '../helpers/request-lines.ts';
import { closeHarnesses, createHarness, type Harness } from './job-harness.ts';

afterEach(async () => {
  await closeFaultServers();
  await closeHarnesses();
});

const LINES = 60;

/** A job, the files of it as a kill would have left them half way, and what it comes to in the end. */
type Prepared = {
  readonly at: Harness;
  readonly server: FaultServer;
  /** Lines that were settled at the kill: none of them may be sent again. */
  readonly settled: ReadonlySet<string>;
  readonly finished: readonly string[];
  path(name: string): string;
  /** Puts the files of the kill back; with `finished` those of the end. */
  restore(which?: 'killed' | 'finished'): void;
};

function copyFolder(from: string, to: string): void {
  for (const name of readdirSync(to)) rmSync(join(to, name), { recursive: true, force: true });
  for (const name of readdirSync(from)) cpSync(join(from, name), join(to, name));
}

async function prepare(): Promise<Prepared> {
  const server = await startFaultServer();
  const endpoint = { dashscope: `${server.origin}/api/v1`, openai: `${server.origin}/v1` };
  const at = await createHarness({ endpoint });
  const killed = `${at.folder}-killed`;
  const finished = `${at.folder}-finished`;
  const ids = placeIds(LINES);
  at.writeInput(ids.map((id) => nativeLine(id)));
  server.script = ({ id }) =>
    Number(id.slice(-3)) % 10 === 4
      ? [httpReply('{"code":"InvalidParameter","message":"no"}', { status: '400 Bad Request' })]
      : null;
  for (const folder of [killed, finished]) mkdirSync(folder);
  let count = 0;
  await at.run({
    onEvent(event) {
      if (event.event !== 'line-settled') return;
      count += 1;
      // Nothing else happens meanwhile: the files are those of this instant.
      if (count === LINES / 2) copyFolder(at.folder, killed);
    },
  });
  copyFolder(at.folder, finished);
  const path = (name: string): string => join(at.folder, name);
  copyFolder(killed, at.folder);
  const copy = new Database(at.ledgerPath);
  const settled = copy.prepare('SELECT custom_id FROM lines').pluck().all() as string[];
  copy.close();
  expect(settled.length).toBeGreaterThanOrEqual(LINES / 2);
  return {
    at,
    server,
    settled: new Set(settled),
    finished: ['results', 'errors'].map((name) =>
      readFileSync(join(finished, `reviews.${name}.jsonl`), 'utf8'),
    ),
    path,
    restore(which = 'killed') {
      copyFolder(which === 'killed' ? killed : finished, at.folder);
    },
  };
}

/** How a run ends: its exit code and message. Anything that is not for the user is a bug. */
async function outcomeOf(run: Promise<{ exitCode: ExitCode }>) {
  try {
    return { code: (await run).exitCode, message: '' };
  } catch (error) {
    if (error instanceof QbatchError) {
      return { code: error.exitCode, message: `${error.message}; ${error.hint ?? ''}` };
    }
    // The command maps these (`runCommand`); the harness stands below it.
    if (sqliteCode(error) !== '') {
      const { exitCode, message, hint } = storageError(error, 'the ledger');
      return { code: exitCode, message: `${message}; ${hint ?? ''}` };
    }
    return { code: 70, message: String((error as Error).stack) };
  }
}

/** What a refused run must not touch. */
function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => !/-(?:shm|wal)$|\.lock$/.test(name));
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]),
  );
}

type Harm = readonly [
  name: string,
  harm: (job: Prepared) => void,
  /** `ledger`: it is whole, and what happened before this was found may be written into it. */
  expected: { readonly code: ExitCode; readonly says: RegExp; readonly ledger?: 'whole' },
];

const DB = 'reviews.qbatch.db';
const WAL = `${DB}-wal`;
const MARK = `${DB}.mark`;

function flip(path: string, position: number): void {
  const bytes = readFileSync(path);
  bytes[position] = (bytes[position] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
}

function older(job: Prepared): void {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64LE(3n);
  writeFileSync(job.path(MARK), counter);
}

const WENT_BACKWARDS = { code: 78, says: /went backwards.*--adopt-outputs/ } as const;
const LOST = { code: 78, says: /lost.*--adopt-outputs/ } as const;
const DAMAGED = {
  code: 78,
  says: /is damaged, or the disk failed to read it.*--adopt-outputs/,
} as const;

const REFUSED: readonly Harm[] = [
  ['the write-ahead log is gone', ({ path }) => rmSync(path(WAL)), WENT_BACKWARDS],
  ['the write-ahead log is empty', ({ path }) => truncateSync(path(WAL)), WENT_BACKWARDS],
  [
    'the write-ahead log is cut in half',
    ({ path }) => truncateSync(path(WAL), readFileSync(path(WAL)).length / 2),
    WENT_BACKWARDS,
  ],
  [
    'the head of the write-ahead log has a flipped bit',
    ({ path }) => flip(path(WAL), 17),
    WENT_BACKWARDS,
  ],
  [
    'a frame of the write-ahead log has a flipped bit',
    ({ path }) => flip(path(WAL), 40_000),
    WENT_BACKWARDS,
  ],
  [
    'the write-ahead log is gone, and the mark is older',
    (job) => {
      rmSync(job.path(WAL));
      older(job);
    },
    WENT_BACKWARDS,
  ],
  [
    'the write-ahead log and the mark are gone',
    ({ path }) => {
      rmSync(path(WAL));
      rmSync(path(MARK));
    },
    { code: 78, says: /ledger (?:went backwards|was lost).*--adopt-outputs/ },
  ],
  ['the ledger is gone', ({ path }) => rmSync(path(DB)), LOST],
  [
    'everything of the ledger is gone',
    ({ path }) => {
      for (const end of ['', '-wal', '-shm', '.mark', '.lock'])
        rmSync(path(DB + end), { force: true });
    },
    LOST,
  ],
  ['the ledger is empty', ({ path }) => truncateSync(path(DB)), { code: 78, says: /is empty/ }],
  [
    'the ledger is text',
    ({ path }) => {
      rmSync(path(WAL));
      writeFileSync(path(DB), '不是数据库'.repeat(999));
    },
    DAMAGED,
  ],
  [
    'another program’s database is in its place',
    ({ path }) => {
      for (const end of ['', '-wal', '-shm']) rmSync(path(DB + end), { force: true });
      const other = new Database(path(DB));
      other.exec('CREATE TABLE notes (text)');
      other.close();
    },
    { code: 78, says: /not a qbatch ledger/ },
  ],
  [
    'a newer qbatch wrote it',
    ({ path }) => {
      const newer = new Database(path(DB));
      newer.pragma('user_version = 99');
      newer.close();
    },
    { code: 78, says: /newer.*upgrade/ },
  ],
  [
    'the results hold a line that the ledger does not',
    ({ path }) => {
      writeFileSync(path('reviews.results.jsonl'), '{"id":"reviews-59","custom_id":"x"}\n', {
        flag: 'a',
      });
    },
    { code: 78, says: /line 59, which the ledger does not hold/, ledger: 'whole' },
  ],
];

/** Runs the job to its end: the same files as ever, and nothing that was settled is sent again. */
async function expectGoesOn(job: Prepared, name: string): Promise<void> {
  const { at, server } = job;
  const sent = server.calls.length;
  expect({ name, ...(await outcomeOf(at.run())) }).toEqual({ name, code: 1, message: '' });
  const again = server.calls.slice(sent).filter(({ id }) => job.settled.has(id));
  expect({ name, again }).toEqual({ name, again: [] });
  expect(at.texts()).toEqual(job.finished);
}

describe('storage that was harmed: told, nothing sent, nothing touched; then it goes on', () => {
  test('78 for every loss and damage of the ledger', async () => {
    const job = await prepare();
    const { at, server } = job;
    for (const [name, harm, expected] of REFUSED) {
      job.restore();
      harm(job);
      const before = filesIn(at.folder);
      const sent = server.calls.length;
      const outcome = await outcomeOf(at.run());
      expect({ name, ...outcome }).toEqual({
        name,
        code: expected.code,
        message: expect.stringMatching(expected.says) as unknown,
      });
      expect({ name, sent: server.calls.length }).toEqual({ name, sent });
      const kept = filesIn(at.folder);
      // The ballast of a run that ended in the middle holds nothing.
      const own = [`${DB}.ballast`, ...(expected.ledger === 'whole' ? [DB, MARK] : [])];
      const touched = Object.keys(before).filter(
        (file) => kept[file] !== before[file] && !own.includes(file),
      );
      expect({ name, touched }).toEqual({ name, touched: [] });

      job.restore();
      await expectGoesOn(job, name);
    }
    process.stdout.write(`${REFUSED.length} losses of a ledger: 0 sent, 0 files touched\n`);
  });

  const HARMLESS: readonly (readonly [string, (job: Prepared) => void])[] = [
    ['the kill alone', () => undefined],
    ['the mark is gone', ({ path }) => rmSync(path(MARK))],
    ['the mark is torn', ({ path }) => truncateSync(path(MARK), 5)],
    ['the shared memory is gone', ({ path }) => rmSync(path(`${DB}-shm`), { force: true })],
    ['the lock is text', ({ path }) => writeFileSync(path(`${DB}.lock`), '锁'.repeat(99))],
    ['the results are gone', ({ path }) => rmSync(path('reviews.results.jsonl'))],
    ['the errors are gone', ({ path }) => rmSync(path('reviews.errors.jsonl'))],
    ['the results are empty', ({ path }) => truncateSync(path('reviews.results.jsonl'))],
    ['the results are cut', ({ path }) => truncateSync(path('reviews.results.jsonl'), 99)],
    [
      'the results end in a torn line',
      ({ path }) => writeFileSync(path('reviews.results.jsonl'), '{"id":"rev', { flag: 'a' }),
    ],
  ];

  test('what can be derived is derived: the same files, nothing sent twice', async () => {
    const job = await prepare();
    for (const [name, harm] of HARMLESS) {
      job.restore();
      harm(job);
      await expectGoesOn(job, name);
      expect(existsSync(job.path(`${DB}.lock`))).toBe(false);
    }
  });
});

/**
 * What `status --verify` answers for: lines, answers, the fate and the price of calls, the job's sums and
 * cursor. Not the pace, when calls began, and how many tokens they took. Null where it cannot be read.
 */
const WATCHED = [
  'SELECT * FROM lines',
  'SELECT * FROM bodies',
  'SELECT line_no, attempt, class, cost_pico FROM attempts',
  `SELECT name, state, line_count, answered, failed, rejected, cost_pico, cursor_line, results_bytes,
     errors_bytes FROM jobs`,
];

function contentOf(path: string): string | null {
  try {
    const database = new Database(path, { readonly: true });
    try {
      return JSON.stringify(WATCHED.map((sql) => database.prepare(sql).raw().all()));
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}

async function findingsOf(job: Prepared): Promise<readonly string[]> {
  try {
    const mark = readMark(job.at.ledgerPath);
    const database = openForReading(job.at.ledgerPath);
    try {
      const found = findJob(database, 'reviews');
      if (found === null) return ['no such job'];
      const options = { ledgerPath: job.at.ledgerPath, running: false, mark };
      const stop = new AbortController().signal;
      return (await verifyLedger(database, found, { ...options, stop })).findings;
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof QbatchError || sqliteCode(error) !== '') return [(error as Error).message];
    throw error;
  }
}

test('one bit of a finished ledger flipped, in every page: named, or of no consequence; never a bug', async () => {
  const job = await prepare();
  job.restore('finished');
  const { at, server } = job;
  const whole = readFileSync(at.ledgerPath);
  const content = contentOf(at.ledgerPath);
  const seed = Number(process.env['STORAGE_SEED'] ?? 7);
  const flipsAPage = Number(process.env['STORAGE_FLIPS'] ?? 6);
  const random = seededRandom(seed);
  const pageBytes = whole.readUInt16BE(16);
  const sent = server.calls.length;
  const silent: string[] = [];
  const wrong: string[] = [];
  let flips = 0;
  for (let page = 0; page < whole.length; page += pageBytes) {
    for (let nth = 0; nth < flipsAPage; nth += 1) {
      // The head of the page, and anywhere in it.
      const position = page + (nth < 2 ? nth * 4 + 3 : random.between(0, pageBytes - 1));
      const bytes = Buffer.from(whole);
      bytes[position] = (bytes[position] ?? 0) ^ (1 << random.between(0, 7));
      writeFileSync(at.ledgerPath, bytes);
      flips += 1;
      const harmed = contentOf(at.ledgerPath) !== content;
      const findings = await findingsOf(job);
      if (harmed && findings.length === 0) silent.push(`byte ${position}`);
      const { code, message } = await outcomeOf(at.run());
      if (![1, 74, 78].includes(code)) wrong.push(`byte ${position}: ${code} ${message}`);
      job.restore('finished');
    }
  }
  const again = `STORAGE_SEED=${seed} STORAGE_FLIPS=${flipsAPage} npx vitest run --config .ci/vitest.config.ts test/component/storage-faults.test.ts`;
  expect({ silent, wrong }, `again with: ${again}`).toEqual({ silent: [], wrong: [] });
  expect(server.calls).toHaveLength(sent);
  process.stdout.write(`${flips} flipped bits (seed ${seed}): 0 unnoticed, 0 lines sent again\n`);
});
