import { expect, test } from 'vitest';
import { CRASH_SEED, killedJob, tell, uninterruptedFiles } from '../helpers/crash-run.ts';
import { seededRandom } from '../helpers/random.ts';

/** A day's run takes what a minute allows; the long campaign asks for thousands. */
const KILLS_LEAST = Number(process.env['CRASH_KILLS'] ?? 25);

test('kill -9 at random instants: every line once, files byte-identical to an uninterrupted run, nothing durable sent again', async () => {
  const random = seededRandom(CRASH_SEED);
  const expected = await uninterruptedFiles([]);
  for (let kills = 0; kills < KILLS_LEAST;) {
    const end = await killedJob(random, [], ({ results, errors }) => {
      // Append only: what a dead process left is a piece of the finished file, torn at most at its end.
      expect(expected.results.startsWith(results)).toBe(true);
      expect(expected.errors.startsWith(errors)).toBe(true);
    });
    expect(end.files).toEqual(expected);
    kills += end.kills;
    tell('input order', end.kills, end.calls);
  }
});
