import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { debugCommand } from '../../src/commands/debug.ts';
import { exportCommand } from '../../src/commands/export.ts';
import { jobsCommand } from '../../src/commands/jobs.ts';
import { statusCommand } from '../../src/commands/status.ts';
import { usageCommand } from '../../src/commands/usage.ts';
import { errorText } from '../../src/reporters/error-text.ts';
import { ANY_JOB, DISPLAY, recordingIo } from '../commands/recording-io.ts';
import { hostileText, rawIn } from '../helpers/hostile-text.ts';
import { addJob, openLedger, SAMPLE, temporaryFolder } from '../ledger/sample-job.ts';

/*
 * Ledgers that hold hostile text in every column, below folders and under names that are hostile too,
 * through the commands that tell of them.
 */

const CASES = Math.ceil(Number(process.env['HOSTILE_CASES'] ?? 2_400) / 60);
const SEED = Number(process.env['HOSTILE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const TEST_MS = 60_000 + CASES * 2_000;

/** A name that a file may have: no slash, no NUL, whole characters, at most 255 bytes. */
const fileName = hostileText.map((text) =>
  Array.from(Buffer.from(text.replaceAll(/[/\0]/g, '')).toString())
    .slice(0, 24)
    .join(''),
);

type Case = { readonly texts: readonly string[]; readonly folder: string; readonly job: string };

function makeLedger(
  root: string,
  { texts, folder, job }: Case,
): { folder: string; ledger: string } {
  const below = path.join(root, folder);
  mkdirSync(below);
  const next = (index: number): string => texts[index % texts.length] ?? '';
  const lines = SAMPLE.map((line, index) => ({
    ...line,
    customId: `${next(index)}-${index}`,
    model: next(index + 1),
    code: line.state === 'failed' || line.state === 'rejected' ? next(index + 2) : null,
    message: line.state === 'failed' ? next(index + 3) : null,
    metadata: { team: next(index + 4) },
    attempts: line.attempts.map((attempt) => ({
      ...attempt,
      code: attempt.code === null ? null : next(index + 2),
    })),
  }));
  const ledger = openLedger(path.join(below, `${job}.qbatch.db`));
  addJob(ledger, lines, { name: job, inputPath: path.join(below, `${job}.jsonl`) });
  addJob(ledger, lines.slice(0, 2), { name: `${job}2`, inputPath: path.join(below, 'b.jsonl') });
  ledger.close();
  writeFileSync(path.join(below, `${job}3.qbatch.db`), 'no ledger at all '.repeat(100));
  return { folder: below, ledger: path.join(below, `${job}.qbatch.db`) };
}

type Io = ReturnType<typeof recordingIo>;

/** What each command prints, errors included. */
async function told(act: (io: Io) => Promise<number>, io: Io): Promise<string> {
  let error = '';
  try {
    await act(io);
  } catch (thrown) {
    error = errorText(thrown);
  }
  return io.out() + io.err() + error;
}

function commands(made: Case, ledger: string): readonly ((io: Io) => Promise<number>)[] {
  const one = { ...ANY_JOB, ledger, jobName: made.job };
  const usage = {
    ...DISPLAY,
    command: 'usage' as const,
    jobs: [],
    by: ['job', 'model', 'code', 'status', 'tag:team'] as const,
    output: undefined,
    ledger,
    jobName: undefined,
  };
  return [
    (io) => statusCommand({ ...one, ...DISPLAY, command: 'status', verify: true, json: false }, io),
    (io) => usageCommand({ ...usage, format: 'table' }, io),
    (io) => usageCommand({ ...usage, format: 'markdown' }, io),
    (io) => jobsCommand({ ...DISPLAY, command: 'jobs', dir: '.', json: false }, io),
    (io) => debugCommand({ ...one, ...DISPLAY, command: 'debug', json: false }, io),
    // Which of the two jobs? A refusal that names them.
    (io) =>
      statusCommand(
        { ...ANY_JOB, ledger, ...DISPLAY, command: 'status', verify: false, json: false },
        io,
      ),
    (io) =>
      statusCommand(
        {
          ...one,
          jobName: `${made.job}?`,
          ...DISPLAY,
          command: 'status',
          verify: false,
          json: false,
        },
        io,
      ),
    (io) =>
      usageCommand(
        { ...usage, jobs: [made.texts[0] ?? ''], ledger: undefined, format: 'table' },
        io,
      ),
    (io) => usageCommand({ ...usage, format: 'table', output: ledger }, io),
    (io) =>
      exportCommand(
        {
          ...one,
          ...DISPLAY,
          command: 'export',
          what: 'errors',
          format: 'jsonl',
          order: 'input',
          output: `${ledger}/x`,
        },
        io,
      ),
  ];
}

test(
  'commands that tell of a hostile ledger: nothing that a terminal obeys, no line of its own',
  async () => {
    const cases = fc.record({
      texts: fc.array(hostileText, { minLength: 4, maxLength: 8 }),
      folder: fileName,
      job: fileName,
    });
    await fc.assert(
      fc.asyncProperty(cases, async (made) => {
        const root = temporaryFolder();
        try {
          const { folder, ledger } = makeLedger(root.path, made);
          for (const act of commands(made, ledger)) {
            const env = { QBATCH_JOB: made.job, QBATCH_LEDGER: ledger };
            const shown = await told(act, recordingIo(folder, { env }));
            expect(shown).not.toBe('');
            expect(rawIn(shown)).toBeNull();
          }
        } finally {
          root.remove();
        }
      }),
      { numRuns: CASES, seed: SEED },
    );
  },
  TEST_MS,
);

test('what was tried', () => {
  process.stdout.write(`hostile ledgers: ${CASES} (seed ${SEED})\n`);
});
