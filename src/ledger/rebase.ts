import { createHash } from 'node:crypto';
import type { LineDefaults } from '../input/request-parts.ts';
import { refuseChanged } from '../input/input-hash.ts';
import { parseLine } from '../parse.ts';
import { readLines } from '../read.ts';
import type { Survey } from '../survey.ts';
import { fingerprint } from '../fingerprint.ts';
import { fingerprintReader } from './fingerprints.ts';
import { setSumsAside } from './estimates.ts';
import type { Ledger } from './ledger.ts';
import { LineSet } from './line-set.ts';
import type { Job } from './records.ts';
import { bodyKey, bodyKeys } from './schema.ts';

/** The changed input, and how its lines are read. */
export type ChangedInput = {
  readonly inputPath: string;
  readonly maxLineBytes: number;
  readonly defaults: LineDefaults;
  /** Called for each chunk; throws if the user wants to stop. */
  readonly checkStop?: () => void;
};

/** Offset for old lines while new ones are matched with them; above any real line number. */
const ASIDE = 2 ** 38;

/**
 * Moves a job to a changed input, within the caller's transaction.
 *
 * A settled line keeps its record, answer and attempts if the new input has a line with the same `custom_id` (without one:
 * the same line number) and the same content; its place in settling order stays. An open line keeps its attempts in the
 * same way: calls that may have been billed must not be forgotten. All other lines are open, or rejected again by `survey`,
 * which reads the input once the old lines are out of the way. Vanished lines leave the outputs; their attempts stay for
 * the usage report, under negative numbers. Throws 65 if the two passes read different content.
 */
export async function rebaseJob(
  ledger: Ledger,
  job: Job,
  input: ChangedInput,
  survey: () => Promise<Survey>,
): Promise<Survey> {
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
  const { inputPath, maxLineBytes, defaults } = input;
  for await (const lines of readLines(inputPath, { maxLineBytes, onBytes })) {
    input.checkStop?.();
    for (const line of lines) {
      const parsed = parseLine(line, defaults);
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
      moveBody.run(bodyKey(job.id, line.lineNo), bodyKey(job.id, aside));
    }
  }
  dropAside(ledger, job);
  setSumsAside(ledger, job.id);
  const surveyed = await survey();
  // Records were kept for what the first pass read.
  refuseChanged(inputPath, content.digest('hex'), surveyed.sha256);
  return surveyed;
}

function setAside(ledger: Ledger, job: Job): void {
  const { database } = ledger;
  database.exec('CREATE INDEX rebase_ids ON lines (job_id, custom_id)');
  // Job ids are positive: the old fingerprints wait under -1.
  database.pragma('defer_foreign_keys = ON');
  database.prepare('DELETE FROM input_blocks WHERE job_id = -1').run();
  database.prepare('UPDATE input_blocks SET job_id = -1 WHERE job_id = ?').run(job.id);
  database.prepare('UPDATE lines SET line_no = line_no + ? WHERE job_id = ?').run(ASIDE, job.id);
  database
    .prepare('UPDATE attempts SET line_no = line_no + ? WHERE job_id = ? AND line_no > 0')
    .run(ASIDE, job.id);
  // Open lines with attempts: few, since most tried lines are settled.
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
    .run(ASIDE, ...bodyKeys(job.id));
}

function dropAside(ledger: Ledger, job: Job): void {
  const { database } = ledger;
  database.prepare('DELETE FROM input_blocks WHERE job_id = -1').run();
  database
    .prepare('DELETE FROM bodies WHERE id BETWEEN ? AND ?')
    .run(bodyKey(job.id, ASIDE), bodyKeys(job.id)[1]);
  dropOldLines(ledger, job, ASIDE);
  database.exec('DROP INDEX rebase_ids; DROP TABLE rebase_tried');
}

/**
 * Removes the lines of a job's old input, numbered above `aside`: their records are deleted, their attempts stay for the
 * usage report, under negative numbers. Inside a transaction.
 */
export function dropOldLines({ database }: Ledger, job: Job, aside: number): void {
  database.prepare('DELETE FROM lines WHERE job_id = ? AND line_no > ?').run(job.id, aside);
  // Each replaced input gets its own range of negative numbers.
  database
    .prepare(
      'UPDATE attempts SET line_no = -(line_no - ? + ? * ?) WHERE job_id = ? AND line_no > ?',
    )
    .run(aside, 2 ** 32, job.generation, job.id, aside);
  database.prepare('UPDATE jobs SET generation = generation + 1 WHERE id = ?').run(job.id);
}
