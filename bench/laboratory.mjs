// The pacing laboratory: the real limiter, in virtual time, against quotas that it does not see.
// node bench/laboratory.mjs [words of scenario names ...] [--seeds 5] [--first-seed 1] [--script] [--even]
import { parseArgs } from 'node:util';
import { loadSource } from '../scripts/load-source.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '5' },
    'first-seed': { type: 'string', default: '1' },
    // Also what plain scripts reach, and, where tokens bind, what even flows of a known limit do.
    script: { type: 'boolean', default: false },
    even: { type: 'boolean', default: false },
  },
});
const firstSeed = Number(values['first-seed']);
const seeds = Array.from({ length: Number(values.seeds) }, (_, nth) => nth + firstSeed);
const { SCENARIOS, evenClient, measure, mean, qbatch, scriptClient } = await loadSource([
  '../bench/laboratory/index.ts',
]);

const OURS = [
  ['limits known', (scenario) => qbatch(scenario, 'known'), 'known'],
  ['limits unknown', (scenario) => qbatch(scenario, 'unknown'), 'unknown'],
];
const SCRIPTS = [16, 256].map((calls) => [
  `script, ${calls} at once`,
  () => scriptClient(calls),
  null,
]);
const EVEN = [0.85, 0.9, 0.93, 0.95, 0.97, 0.99].flatMap((share) =>
  [0, 2].map((rest) => [`even, ${share}, rests ${rest}`, () => evenClient(share, rest), null]),
);

function rowsOf(scenario) {
  const isBoundByTokens = scenario.name.startsWith('TPM');
  return [
    ...OURS,
    // Nothing ends a script that meets a line which is always refused.
    ...(values.script && scenario.workloads.every(({ refusedEvery }) => refusedEvery === Infinity)
      ? SCRIPTS
      : []),
    ...(values.even && isBoundByTokens ? EVEN : []),
  ];
}

function missed(goals, know, figures) {
  if (know === null) return '';
  return [
    figures.usePercent < goals.use[know] ? `use < ${goals.use[know]} %` : null,
    figures.refusedPercent > goals.refused[know] ? `429s > ${goals.refused[know]} %` : null,
    figures.makespanRatio > goals.makespan[know] ? `makespan > ${goals.makespan[know]}` : null,
  ]
    .filter((one) => one !== null)
    .join(', ');
}

const pad = (text, width) => String(text).padStart(width);
process.stdout.write(
  `${'scenario'.padEnd(32)}${'client'.padEnd(20)}${pad('use %', 8)}${pad('429 %', 8)}${pad('makespan', 10)}${pad('ratio', 8)}${pad('most/mean', 11)}  missed\n`,
);
let failed = 0;
for (const scenario of SCENARIOS) {
  if (
    positionals.length > 0 &&
    !positionals.some((word) => scenario.name.includes(word) || scenario.name === word)
  )
    continue;
  for (const [name, client, know] of rowsOf(scenario)) {
    const runs = [];
    // A script takes long, and its figures differ by tens of points, not by tenths.
    for (const seed of name.startsWith('script') ? seeds.slice(0, 1) : seeds)
      runs.push(await measure(scenario, seed, client(scenario)));
    const figures = mean(runs);
    const miss = missed(scenario.goals, know, figures);
    if (miss !== '') failed += 1;
    process.stdout.write(
      `${scenario.name.padEnd(32)}${name.padEnd(20)}${pad(figures.usePercent.toFixed(1), 8)}${pad(figures.refusedPercent.toFixed(2), 8)}${pad(`${(figures.makespanMs / 1000).toFixed(0)} s`, 10)}${pad(figures.makespanRatio.toFixed(3), 8)}${pad(figures.unevenness.toFixed(2), 11)}  ${miss}\n`,
    );
  }
}
process.exitCode = failed > 0 ? 1 : 0;
