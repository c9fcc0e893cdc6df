// How long the program takes to start: --help and --version, next to Node.js that does nothing.
// node bench/startup.mjs [--rounds 20]
import { alternate, CLI, median, numberOptions, report, runNode } from './measure.mjs';

const { rounds } = numberOptions({ rounds: 20 });
const [help, version, nothing] = await alternate(rounds, [
  () => runNode([CLI, '--help']),
  () => runNode([CLI, '--version']),
  () => runNode(['-e', '0']),
]);
const wallMs = (results) => median(results.map((result) => result.wallMs));
report({
  name: 'startup',
  command: 'qbatch --help; qbatch --version',
  rounds,
  qbatch: { help_ms: wallMs(help), version_ms: wallMs(version) },
  baseline: { what: 'node -e 0', wall_ms: wallMs(nothing) },
  ratio: { help: wallMs(help) / wallMs(nothing), version: wallMs(version) / wallMs(nothing) },
});
