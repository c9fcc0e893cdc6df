import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { runCli } from '../helpers/spawn-cli.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

const LINES = Number(process.env['LARGE_LINES'] ?? 200_000);
const BASE_LINES = 10_000;
/** Guarantee 19: settled bits and hashes of ids. */
const BYTES_A_LINE = 24;
/** How much later or sooner the collector may come: what 200,000 kept lines of 100 bytes would take is more. */
const SLACK_BYTES = 48 * 1024 * 1024;
const PEAK = pathToFileURL('bench/peak-memory.mjs').href;

function writeLines(path: string, lines: number): void {
  const file = openSync(path, 'w');
  const filler = 'resources '.repeat(20);
  for (let line = 1; line <= lines;) {
    let text = '';
    for (let some = 0; some < 10_000 && line <= lines; some += 1, line += 1)
      text += `{"custom_id":"request-${line}","prompt":"Translate ${line}: ${filler}"}\n`;
    writeSync(file, text);
  }
  closeSync(file);
}

/** Most memory that a survey of so many lines needs, and what it says of them. */
async function surveyed(bench: Bench, lines: number): Promise<{ peak: number; valid: unknown }> {
  // Not in the bench, which is read whole in search of the key.
  const input = join(tempFolder(), `${lines}.jsonl`);
  writeLines(input, lines);
  const args = ['check', input, '--model', 'qwen-plus', '--json', '-q'];
  const env = {
    // As Node.js 20 sets it: what newer ones let the young generation grow to would hide the lines.
    NODE_OPTIONS: `--max-semi-space-size=16 --import ${PEAK}`,
    BENCH_PEAK_FILE: bench.path('peak'),
  };
  const ended = await runCli(bench, args, { env });
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  const { lines: counts } = ended.json() as { lines: { valid: number } };
  const { peakRssBytes } = JSON.parse(bench.read('peak')) as { peakRssBytes: number };
  return { peak: peakRssBytes, valid: counts.valid };
}

test(
  `${LINES} lines are checked in the memory of ${BASE_LINES}, and ${BYTES_A_LINE} bytes a line`,
  async () => {
    const bench = openBench();
    const base = await surveyed(bench, BASE_LINES);
    const large = await surveyed(bench, LINES);
    expect([base.valid, large.valid]).toEqual([BASE_LINES, LINES]);
    const more = large.peak - base.peak;
    const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);
    process.stdout.write(
      `large file: ${LINES} lines in ${mib(large.peak)} MiB, ${BASE_LINES} in ${mib(base.peak)}; ${(more / (LINES - BASE_LINES)).toFixed(1)} bytes a line\n`,
    );
    expect(more).toBeLessThan(LINES * BYTES_A_LINE + SLACK_BYTES);
  },
  120_000 + LINES,
);
