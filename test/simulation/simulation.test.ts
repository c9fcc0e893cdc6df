import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type * as Databases from '../../src/ledger/database.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { seeded } from '../../bench/laboratory/virtual-time.ts';
import { memoryFolder } from '../helpers/memory-folder.ts';
import { SABOTAGES, type Sabotage } from './sabotage.ts';
import { type Simulated, simulateJob } from './simulate-job.ts';

/*
 * The real program, from the input to the output files, in a simulated world: clock, chance, network
 * and disk are the world's, and follow from a seed. What happens is written down by the world and
 * judged by a checker that asks nothing of the program.
 */

vi.mock('node:fs', async () => {
  const { faultFiles } = await import('./fault-files.ts');
  return { ...faultFiles, default: faultFiles };
});
vi.mock('undici', () => import('./fake-undici.ts'));
vi.mock('../../src/ledger/database.ts', async (importOriginal) => {
  const real = await importOriginal<typeof Databases>();
  const { faulty } = await import('./fault-database.ts');
  const openDatabase: typeof real.openDatabase = (content, options) => {
    const database = real.openDatabase(content, options);
    return typeof content === 'string' ? faulty(database, content) : database;
  };
  return { ...real, openDatabase };
});
// The real one loads its vocabulary in real time; the service's own counts make what it says no matter.
vi.mock('../../src/tokenizer/count-exactly.ts', () => ({
  openTokenCounter: () => ({
    count: (texts: readonly string[]) => Promise.resolve(texts.map((text) => text.length)),
    close: () => Promise.resolve(),
  }),
}));

const CALLS = Number(process.env['SIM_CALLS'] ?? 30_000);
const SEED = Number(process.env['SIM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const BROKEN_BY = (process.env['SIM_SABOTAGE'] ?? null) as Sabotage | null;
/** A hang is a failure; a machine that is ten times as slow as an idle one is none. */
const TEST_MS = 120_000 + CALLS * 5;
const NAME = 'simulated jobs keep every promise';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(memoryFolder(), 'qbatch-sim-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function simulate(
  seed: number,
  sabotage: Sabotage | null,
  most = sabotage === null ? 3_000 : 500,
): Promise<Simulated> {
  const random = seeded(seed);
  const lines = 20 + Math.floor(random() ** 2 * most);
  return simulateJob(seed, { folder: join(root, `job-${seed}`), lines, random, sabotage });
}

/** The one command that shows a seed again. */
function replayOf(seed: number, sabotage: Sabotage | null): string {
  const broken = sabotage === null ? '' : `SIM_SABOTAGE=${sabotage} `;
  return `${broken}SIM_SEED=${seed} SIM_CALLS=1 npx vitest run --config .ci/vitest.config.ts test/simulation -t '${NAME}'`;
}

function told({ seed, wrong }: Simulated, sabotage: Sabotage | null): string {
  return [`seed ${seed}:`, ...wrong, `again: ${replayOf(seed, sabotage)}`].join('\n  ');
}

test(
  NAME,
  async () => {
    const sum = { jobs: 0, calls: 0, halts: 0, resentAfterHalt: 0, capStops: 0, retunes: 0 };
    for (let seed = SEED; sum.calls < CALLS; seed += 1) {
      const simulated = await simulate(seed, BROKEN_BY);
      const { figures, wrong } = simulated;
      if (wrong.length > 0) throw new Error(told(simulated, BROKEN_BY));
      sum.jobs += 1;
      sum.calls += figures.calls;
      sum.halts += figures.halts;
      sum.resentAfterHalt += figures.resentAfterHalt;
      sum.capStops += figures.capStops;
      sum.retunes += figures.retunes;
      // The long campaign takes hours: how far it came, where it is broken off.
      if (sum.jobs % 1_000 === 0)
        process.stdout.write(`${sum.calls} of ${CALLS} calls, from seed ${SEED}\n`);
      if (figures.calls === 0) expect(wrong, 'a job without a call').toEqual(['a call']);
    }
    process.stdout.write(
      `simulation: ${sum.calls} calls in ${sum.jobs} jobs, ${sum.halts} processes died, ${sum.resentAfterHalt} calls made again for that, ${sum.capStops} stops at a cap, ${sum.retunes} retunes, nothing wrong (seed ${SEED})\n`,
    );
  },
  TEST_MS,
);

// Small worlds: now and then a service refuses a hundred calls for each that it takes.
test(
  'a seed is the same world every time',
  async () => {
    for (let seed = SEED; seed < SEED + 3; seed += 1) {
      const first = await simulate(seed, null, 200);
      const second = await simulate(seed, null, 200);
      expect(second.hash, `seed ${seed}`).toBe(first.hash);
      expect(second.history).toEqual(first.history);
    }
  },
  TEST_MS,
);

/** The first seed from `SEED` on at which the checker speaks up; null where it says nothing for long. */
async function caught(sabotage: Sabotage): Promise<Simulated | null> {
  for (let seed = SEED; seed < SEED + 40; seed += 1) {
    const simulated = await simulate(seed, sabotage);
    if (simulated.wrong.length > 0) return simulated;
  }
  return null;
}

// Before the sabotages: the processes that some of them leave hanging would still stir in the next world.
test(
  'the command that a failure names shows it again',
  async () => {
    const simulated = await caught('call-is-made-twice');
    if (simulated === null) throw new Error('nothing was noticed');
    const [, command = ''] = /again: (.*)$/.exec(told(simulated, 'call-is-made-twice')) ?? [];
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout + stderr).toContain(simulated.wrong[0]?.slice(0, 60));
  },
  TEST_MS,
);

test.each(SABOTAGES)(
  'the checker bites: %s',
  async (sabotage) => {
    const simulated = await caught(sabotage);
    expect(simulated, 'nothing was noticed').not.toBeNull();
  },
  TEST_MS,
);
