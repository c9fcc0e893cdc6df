// The long campaigns: the same tests as every day, at the size that takes hours. `npm run test:long`
// runs all, `npm run test:long -- kills simulation` some of them. Each prints its figures and seeds.
// `CRASH_POINTS_LOG=file` keeps the crash points that were tried, to go on after a break.
import { spawnSync } from 'node:child_process';

/** Name, what it is, the test (or script), and the settings that make it long. */
const CAMPAIGNS = [
  {
    name: 'kills',
    what: 'kill -9 at 5,000 random instants',
    test: 'test/crash/kill',
    settings: { CRASH_KILLS: '5000' },
  },
  {
    name: 'crash-points',
    what: 'every system call on the state files killed, refused, cut short',
    test: 'test/crash/crash-points.test.ts',
    settings: { CRASH_POINTS: 'all' },
  },
  {
    name: 'power-loss',
    what: '10,000 images of a disk after a power loss',
    test: 'test/crash/power-loss.test.ts',
    settings: { CRASH_IMAGES: '10000' },
  },
  {
    name: 'mutants',
    what: 'seeded bugs, each of which a test must notice',
    script: 'scripts/mutation-check.mjs',
    settings: {},
  },
  {
    name: 'bill',
    what: 'the bill of 1,000,000 lines',
    test: 'test/component/bill.test.ts',
    settings: { BILL_LINES: '1000000' },
  },
  {
    name: 'simulation',
    what: '10,000,000 calls in simulated worlds',
    test: 'test/simulation/simulation.test.ts',
    settings: { SIM_CALLS: '10000000' },
  },
  {
    name: 'storage',
    what: 'a ledger with one bit flipped, 400 bits of every page',
    test: 'test/component/storage-faults.test.ts',
    settings: { STORAGE_FLIPS: '400' },
  },
  {
    name: 'fuzz',
    what: '1,000,000 fuzzed texts, streams and replies',
    test: 'test/fuzz/fuzz.test.ts',
    settings: { FUZZ_CASES: '1000000' },
  },
  {
    name: 'hostile',
    what: '200,000 hostile texts through all that is printed, and 3,334 ledgers full of them',
    test: 'test/fuzz/hostile',
    settings: { HOSTILE_CASES: '200000' },
  },
  {
    name: 'large',
    what: 'a file of 10,000,000 lines',
    test: 'test/cli/large-file.test.ts',
    settings: { LARGE_LINES: '10000000' },
  },
];

const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--config', '.ci/vitest.config.ts'];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !CAMPAIGNS.some((campaign) => campaign.name === name));
if (unknown.length > 0) {
  const names = CAMPAIGNS.map(({ name }) => name).join(', ');
  process.stderr.write(`no campaign ${unknown.join(', ')}; there are: ${names}\n`);
  process.exit(64);
}

const failed = [];
for (const { name, what, test, script, settings } of CAMPAIGNS) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  process.stdout.write(`== ${name}: ${what}\n`);
  const command = script === undefined ? [...VITEST, test] : [script];
  const { status } = spawnSync(process.execPath, command, {
    stdio: 'inherit',
    // With TEST_LONG hours are not a hang.
    env: { ...process.env, TEST_LONG: '1', ...settings },
  });
  if (status !== 0) failed.push(name);
}
process.stdout.write(
  failed.length === 0 ? 'all campaigns passed\n' : `failed: ${failed.join(', ')}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
