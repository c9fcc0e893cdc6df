// How long the report of a long job takes and how much memory: as html, as a table, and every call of
// it as Parquet. The ledger is written, not run; its goals are 15 s and 300 MB for 1,000,000 lines.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate, CLI, median, numberOptions, report, runNode, withFolder } from './measure.mjs';
import { writeReportLedger } from './report-ledger.mjs';

const { lines, rounds } = numberOptions({ lines: 1_000_000, rounds: 3 });

await withFolder(async (folder) => {
  const ledger = join(folder, 'nightly.qbatch.db');
  writeReportLedger(ledger, lines, folder);
  const commands = {
    html: ['usage', ledger, '--format', 'html', '-o', join(folder, 'report.html')],
    json: ['usage', ledger, '--format', 'json', '-o', join(folder, 'usage.json')],
    parquet: [
      ...['export', ledger, '--what', 'attempts', '--format', 'parquet'],
      ...['-o', join(folder, 'attempts.parquet')],
    ],
  };
  const runs = await alternate(
    rounds,
    Object.values(commands).map((args) => () => {
      const peakFile = join(folder, 'peak');
      return runNode([CLI, ...args], { cwd: folder, peakFile });
    }),
  );
  for (const [at, [format, args]] of Object.entries(commands).entries()) {
    const measured = runs[at];
    report({
      name: `report-${format}`,
      command: `qbatch ${args[0]} --format ${format}, ${lines} lines`,
      rounds,
      qbatch: {
        wall_ms: median(measured.map(({ wallMs }) => wallMs)),
        peak_rss_bytes: Math.max(...measured.map(({ peakRssBytes }) => peakRssBytes)),
        file_bytes: (await stat(args.at(-1))).size,
      },
    });
  }
});
