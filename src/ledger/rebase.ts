import { createHash } from 'node:crypto';
import type { LineDefaults } from '../input/request-parts.ts';
import { refuseChanged } from '../input/input-hash.ts';
import { parseLine, type Rejected } from '../parse.ts';
import type { OutputSeen } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import { readLines } from '../read.ts';
import { type Survey, surveyInput } from '../survey.ts';
import { fingerprint } from '../fingerprint.ts';
import { fingerprintReader, putFingerprints } from './fingerprints.ts';
import { setSumsAside } from './estimates.ts';
import type { Ledger } from './ledger.ts';
import { lastSeq } from './lines.ts';
import { LineSet } from './line-set.ts';
import type { Job, SettledLine } from './records.ts';
import { LINE_KEY_ROOM } from './schema.ts';

export type RebaseOptions = {
  readonly inputPath: string;
  readonly maxLineBytes: number;
  readonly defaults: LineDefaults;
  readonly pricing: Pricing;
  readonly outputSeen: OutputSeen;
  readonly checkStop?: (() => void) | undefined;
  readonly onModel?: ((model: string) => void) | undefined;
  rejectedLine(rejected: Rejected): SettledLine;
  readonly keepRejected: boolean;
};

/** Old lines wait under these numbers while new ones are matched with them; above any real line number. */
const ASIDE = 2 ** 38;

/**
 * Moves a job to a changed input, inside a transaction of the caller's.
 *
 * A settled line keeps its record, answer and attempts if a line with the same `custom_id` (without
 * one: the same line number) and the same content is in the new input; its order of settling stays.
 * An open line keeps its attempts in the same way: what may have been billed is not sent again as if it
 * had never been. Everything else of the new input is open, or rejected anew. Lines that vanished leave
 * the outputs; their attempts stay for the usage report, under negative numbers.
 */
export async function rebaseJob(ledger: Ledger, job: Job, options: RebaseOptions): Promise<Survey> {
  const { database } = ledger;
  setAside(ledger, job);
  const fingerprintWas = fingerprintReader(database, -1);
  const byCustomId = database
    .prepare(
      `SELECT line_no FROM lines WHERE job_id = @job AND line_no > ${ASIDE} AND custom_id = @id AND state <> 'rejected'
       UNION ALL SELECT line_no FROM rebase_tried WHERE custom_id = @id LIMIT 1`,
    )
    .pluck();
  const moves = [
    database.prepare('UPDATE lines SET line_no = ? WHERE job_id = ? AND line_no = ?'),
    database.prepare('UPDATE attempts SET line_no = ? WHERE job_id = ? AND line_no = ?'),
  ];
  const moveBody = database.prepare('UPDATE bodies SET id = ? WHERE id = ?');
  // The first line with an id decides: a later one is a duplicate, whatever it holds.
  const passed = new LineSet();
  const content = createHash('sha256');
  const onBytes = (chunk: Buffer): void => {
    content.update(chunk);
  };
  for await (const lines of readLines(options.inputPath, {
    maxLineBytes: options.maxLineBytes,
    onBytes,
  })) {
    options.checkStop?.();
    for (const line of lines) {
      const parsed = parseLine(line, options.defaults);
      if (parsed.customId === null) continue;
      const known = { job: job.id, id: parsed.customId };
      const aside = byCustomId.get(known) as number | undefined;
      if (aside === undefined || passed.has(aside - ASIDE)) continue;
      const same = fingerprintWas(aside - ASIDE) === fingerprint(line.bytes);
      if (parsed.kind === 'rejected' || !same) {
        passed.add(aside - ASIDE);
        continue;
      }
      for (const move of moves) move.run(line.lineNo, job.id, aside);
      moveBody.run(job.id * LINE_KEY_ROOM + line.lineNo, job.id * LINE_KEY_ROOM + aside);
    }
  }
  dropAside(ledger, job);
  setSumsAside(ledger, job.id);
  let seq = lastSeq(database, job.id);
  const survey = await surveyInput(options.inputPath, {
    maxLineBytes: options.maxLineBytes,
    defaults: options.defaults,
    pricing: options.pricing,
    outputSeen: options.outputSeen,
    ...(options.checkStop === undefined ? {} : { checkStop: options.checkStop }),
    ...(options.onModel === undefined ? {} : { onModel: options.onModel }),
    onRejected: (rejected) => {
      if (!options.keepRejected) return;
      seq += 1;
      ledger.settleLine(job.id, seq, options.rejectedLine(rejected));
    },
    onFingerprints: (block, bytes) => {
      putFingerprints(ledger, job.id, block, bytes);
    },
  });
  // A record was kept for what the first pass has read.
  refuseChanged(options.inputPath, content.digest('hex'), survey.sha256);
  return survey;
}

function setAside(ledger: Ledger, job: Job): void {
  const { database } = ledger;
  database.exec('CREATE INDEX rebase_ids ON lines (job_id, custom_id)');
  // Job numbers are positive: the old fingerprints wait under -1.
  database.pragma('defer_foreign_keys = ON');
  database.prepare('DELETE FROM input_blocks WHERE job_id = -1').run();
  database.prepare('UPDATE input_blocks SET job_id = -1 WHERE job_id = ?').run(job.id);
  database.prepare('UPDATE lines SET line_no = line_no + ? WHERE job_id = ?').run(ASIDE, job.id);
  database
    .prepare('UPDATE attempts SET line_no = line_no + ? WHERE job_id = ? AND line_no > 0')
    .run(ASIDE, job.id);
  // Open lines that were tried: few, for most of what was tried is settled.
  database
    .prepare(
      `CREATE TEMP TABLE rebase_tried AS SELECT DISTINCT a.custom_id, a.line_no FROM attempts a
       LEFT JOIN lines l ON l.job_id = a.job_id AND l.line_no = a.line_no
       WHERE a.job_id = ${job.id} AND a.line_no > ${ASIDE} AND l.line_no IS NULL`,
    )
    .run();
  database.exec('CREATE INDEX temp.rebase_tried_ids ON rebase_tried (custom_id)');
  database
    .prepare('UPDATE bodies SET id = id + ? WHERE id BETWEEN ? AND ?')
    .run(ASIDE, job.id * LINE_KEY_ROOM, (job.id + 1) * LINE_KEY_ROOM - 1);
}

function dropAside(ledger: Ledger, job: Job): void {
  const { database } = ledger;
  database.prepare('DELETE FROM input_blocks WHERE job_id = -1').run();
  database.prepare('DELETE FROM lines WHERE job_id = ? AND line_no > ?').run(job.id, ASIDE);
  database
    .prepare('DELETE FROM bodies WHERE id BETWEEN ? AND ?')
    .run(job.id * LINE_KEY_ROOM + ASIDE, (job.id + 1) * LINE_KEY_ROOM - 1);
  database
    .prepare(
      'UPDATE attempts SET line_no = -(line_no - ? + ? * ?) WHERE job_id = ? AND line_no > ?',
    )
    .run(ASIDE, 2 ** 32, job.generation, job.id, ASIDE);
  database.prepare('UPDATE jobs SET generation = generation + 1 WHERE id = ?').run(job.id);
  database.exec('DROP INDEX rebase_ids; DROP TABLE rebase_tried');
}
