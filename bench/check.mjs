// How fast a file is surveyed, next to splitting it and JSON.parse on every line; and whether the
// memory that takes grows with the number of lines.
// node bench/check.mjs [--megabytes 200] [--rounds 3] [--few 100000] [--many 1000000]
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  alternate,
  CLI,
  LINE_BYTES,
  median,
  numberOptions,
  report,
  runNode,
  withFolder,
  writeInput,
} from './measure.mjs';

const BARE = fileURLToPath(new URL('bare-check.mjs', import.meta.url));
const MEGABYTE = 1e6;
const { megabytes, rounds, few, many } = numberOptions({
  megabytes: 200,
  rounds: 3,
  few: 100_000,
  many: 1_000_000,
});

await withFolder(async (folder) => {
  const input = join(folder, 'requests.jsonl');
  const options = { cwd: folder, peakFile: join(folder, 'peak') };
  const check = () => runNode([CLI, 'check', input, '--progress', 'none', '--json'], options);
  await writeInput(input, Math.ceil((megabytes * MEGABYTE) / LINE_BYTES));
  const { size } = await stat(input);
  const [checked, parsed] = await alternate(rounds, [check, () => runNode([BARE, input], options)]);
  const figures = (results) => {
    const wallMs = median(results.map((result) => result.wallMs));
    const peak = median(results.map((result) => result.peakRssBytes));
    return {
      wall_ms: wallMs,
      megabytes_per_second: size / MEGABYTE / (wallMs / 1000),
      peak_rss_bytes: peak,
    };
  };
  const peakOf = async (lines) => {
    await writeInput(input, lines);
    return (await check()).peakRssBytes;
  };
  const peaks = { few: await peakOf(few), many: await peakOf(many) };
  report({
    name: 'check',
    command: `qbatch check, ${size} bytes in lines of ${LINE_BYTES} bytes`,
    rounds,
    qbatch: figures(checked),
    baseline: { what: 'split and JSON.parse', ...figures(parsed) },
    ratio: figures(checked).wall_ms / figures(parsed).wall_ms,
    memory: {
      lines: [few, many],
      peak_rss_bytes: [peaks.few, peaks.many],
      bytes_per_further_line: (peaks.many - peaks.few) / (many - few),
    },
  });
});
