import { expect, test } from 'vitest';
import { CRASH_SEED } from '../helpers/crash-run.ts';
import {
  type CrashPoint,
  enumeratePoints,
  everyPoint,
  type PointEnd,
  pointName,
  pointNamed,
  tryPoint,
} from '../helpers/crash-points.ts';
import { openPointLog } from '../helpers/point-log.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { seededRandom } from '../helpers/random.ts';
import { openSmallJob, type SmallJob, SITUATIONS } from '../helpers/small-job.ts';
import { canTrace } from '../helpers/strace.ts';

/** How many points are tried: the first of a seeded order, or `all` (`npm run test:long`). */
const MOST = process.env['CRASH_POINTS'] ?? '24';
/** One point alone, as a failure names it. */
const ONLY = process.env['CRASH_POINT'];
/** A file of the points that were tried, which are not tried again: a campaign of hours, in parts. */
const LOG = process.env['CRASH_POINTS_LOG'];
/** The job is gone on with by the program after one point in so many, else in this process. */
const AGAIN_BY_PROGRAM = MOST === 'all' ? 20 : 4;

/** `runHere` for several lanes: each run waits for the one before. */
function runHereInTurn(): typeof runHere {
  let last: Promise<unknown> = Promise.resolve();
  return (bench, args) => {
    const run = last.then(() => runHere(bench, args));
    last = run.catch(() => undefined);
    return run;
  };
}

test.skipIf(!canTrace)(
  'every system call on the state files as a crash point: killed, refused, cut short; the same command then finishes the job',
  async () => {
    const jobs = new Map<string, SmallJob>();
    for (const situation of SITUATIONS) jobs.set(situation, await openSmallJob(situation));
    const all: CrashPoint[] = [];
    for (const job of jobs.values()) all.push(...(await enumeratePoints(job)));
    const random = seededRandom(CRASH_SEED);
    const most = MOST === 'all' ? all.length : Number(MOST);
    const chosen = ONLY === undefined ? everyPoint(all, random).slice(0, most) : [pointNamed(ONLY)];
    const log = openPointLog(LOG);
    const { ends } = log;
    const wrong: string[] = [];
    const inTurn = runHereInTurn();
    // While a run here has the process, `process.stdout` is that run's.
    const { stdout } = process;
    const lane = async (job: SmallJob): Promise<void> => {
      for (const [at, point] of chosen.entries()) {
        if (point.situation !== job.situation || log.has(point)) continue;
        const end = await tryPoint(job, point, at % AGAIN_BY_PROGRAM > 0 ? inTurn : runCli);
        log.add(point, end);
        if (ends.length % 100 === 0) stdout.write(`${ends.length} of ${chosen.length}\n`);
        if (end.problems.length === 0) continue;
        wrong.push(`${pointName(point)}: ${end.problems.join('; ')}`);
        // At once: all of them take hours.
        stdout.write(`wrong: ${wrong.at(-1) ?? ''}\n`);
      }
    };
    await Promise.all([...jobs.values()].map(lane));
    const count = (has: (end: PointEnd) => boolean): number => ends.filter(has).length;
    stdout.write(
      `crash points: ${all.length} enumerated, ${ends.length} tried, ${count((end) => end.reached)} reached, ` +
        `${count(({ status }) => status === null)} killed, ${count(({ status }) => status === 1)} absorbed, ${[73, 74, 75, 78].map((code) => `${count(({ status }) => status === code)} ended in ${code}`).join(', ')}, ` +
        `${ends.reduce((sum, { resent }) => sum + resent, 0)} calls sent again (seed ${CRASH_SEED})\n`,
    );
    expect(wrong, 'one again: CRASH_POINT=<name> npm run test:crash').toEqual([]);
    if (ONLY !== undefined) return;
    expect(all.length).toBeGreaterThan(500);
    // Commits are grouped by what happens at one time, so that a run may have less calls than the one
    // that was counted.
    expect(count(({ reached }) => reached) / ends.length).toBeGreaterThan(0.75);
    expect(count(({ status }) => status === null)).toBeGreaterThan(0);
  },
);
