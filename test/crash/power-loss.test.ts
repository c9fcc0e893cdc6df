import { expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { openCheckpointJob } from '../helpers/checkpoint-job.ts';
import { CRASH_SEED } from '../helpers/crash-run.ts';
import {
  type Checkpoint,
  type DiskEvent,
  type Recording,
  recordRun,
} from '../helpers/disk-recording.ts';
import { memoryFolder } from '../helpers/memory-folder.ts';
import { checkImage, imageOf, rerunImage } from '../helpers/power-loss.ts';
import { seededRandom } from '../helpers/random.ts';
import { openSmallJob, SITUATIONS } from '../helpers/small-job.ts';
import { canTrace } from '../helpers/strace.ts';

const IMAGES = Number(process.env['CRASH_IMAGES'] ?? 200);
/** So many images are also run to their end by the command. */
const RERUN_EVERY = 20;

test.skipIf(!canTrace)(
  'power lost at any moment: any part of what was not synced may be gone, nothing that was told to be settled is',
  async () => {
    const recordings: Recording[] = [];
    for (const situation of SITUATIONS)
      recordings.push(await recordRun(await openSmallJob(situation, openBench(memoryFolder()))));
    const long = await recordRun(await openCheckpointJob(openBench(memoryFolder())));
    recordings.push(long);
    const wrong: string[] = [];
    const counts = { reruns: 0, settled: 0, finished: 0, copying: 0 };
    for (let number = 0; number < IMAGES; number += 1) {
      const seed = CRASH_SEED + number;
      const random = seededRandom(seed);
      const recording = random.pick(recordings as [Recording, ...Recording[]]);
      const image = imageOf(recording, random);
      const problems = await checkImage(recording, image);
      if (number % RERUN_EVERY === 0) {
        problems.push(...(await rerunImage(recording, image)));
        counts.reruns += 1;
      }
      if (number % 1_000 === 999)
        process.stdout.write(`${number + 1} of ${IMAGES} images, ${wrong.length} wrong\n`);
      counts.settled += image.settled.size;
      counts.finished += image.finished ? 1 : 0;
      const { cut } = image;
      const copying = recording.checkpoints.some(({ from, to }) => from < cut && cut <= to);
      counts.copying += copying ? 1 : 0;
      if (problems.length === 0) continue;
      wrong.push(
        `${recording.job.situation}, event ${cut} of ${recording.events.length} (CRASH_SEED=${seed} CRASH_IMAGES=1): ${problems.join('; ')}`,
      );
      // At once: ten thousand take half an hour.
      process.stdout.write(`wrong: ${wrong.at(-1) ?? ''}\n`);
    }
    const events = recordings.reduce((sum, one) => sum + one.events.length, 0);
    process.stdout.write(
      `power loss: ${IMAGES} images of ${events} recorded events, ${counts.settled} lines told to be settled, ` +
        `${counts.copying} in the middle of a checkpoint, ${counts.finished} images of finished jobs, ${counts.reruns} run to their end; ${wrong.length} wrong (seed ${CRASH_SEED})\n`,
    );
    expect(wrong.slice(0, 20)).toEqual([]);
    // The log was copied into the ledger, and begun anew, while lines were still to be settled.
    expect(long.checkpoints.length).toBeGreaterThanOrEqual(1);
    const [{ from, to }] = long.checkpoints as [Checkpoint, ...Checkpoint[]];
    expect(to - from).toBeGreaterThan(50);
    const isSettled = ({ kind }: DiskEvent): boolean => kind === 'settled';
    expect(long.events.slice(0, from).some(isSettled)).toBe(true);
    expect(long.events.slice(to).some(isSettled)).toBe(true);
    // Each recording tells of its lines: else nothing would be shown.
    for (const { events: all } of recordings) {
      expect(all.some(({ kind }) => kind === 'settled')).toBe(true);
      expect(all.some(({ kind }) => kind === 'finished')).toBe(true);
      expect(all.some(({ kind }) => kind === 'sent')).toBe(true);
    }
  },
);
