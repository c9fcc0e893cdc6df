import { once } from 'node:events';
import { EXIT } from '../errors.ts';
import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { countText, wholeText } from '../reporters/number-text.ts';
import { oneLine } from '../reporters/one-line.ts';
import { startSimulator, type Simulator } from '../simulator/server.ts';
import { OTHER_CODES, type SimulatorStats } from '../simulator/stats.ts';
import type { CommandIo } from './io.ts';
import { shellWord } from '../shell-word.ts';

/** Only the most frequent codes are listed by name. */
const CODES_TOLD_MAX = 50;
const CODE_CHARS_MAX = 80;

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|localhost|::1)$/u;

/**
 * `qbatch simulate [spec]`: runs the bundled Model Studio simulator until a signal comes, then reports what it has seen.
 * Returns 0. Throws 69 if it cannot listen.
 */
export async function simulateCommand(
  parsed: Extract<ParsedCommand, { readonly command: 'simulate' }>,
  io: CommandIo,
): Promise<number> {
  const { port, spec } = parsed;
  // Brackets as in a URL.
  const host = parsed.host.replace(/^\[(.*:.*)\]$/u, '$1');
  const simulator = await startSimulator({ spec, host, port, clock: io.clock });
  try {
    await io.writeOut(startText(simulator, host));
    if (!io.stop.aborted) await once(io.stop, 'abort');
  } finally {
    await simulator.close();
  }
  await io.writeOut(statsText(simulator.stats()));
  return EXIT.ok;
}

function startText(simulator: Simulator, host: string): string {
  const local = LOOPBACK.test(host);
  const command = [
    'DASHSCOPE_API_KEY=any qbatch run requests.jsonl',
    `--base-url ${shellWord(simulator.baseUrl)}`,
    `--compatible-base-url ${shellWord(simulator.compatibleBaseUrl)}`,
    ...(local ? [] : ['--allow-http']),
  ];
  return [
    `Model Studio simulator on ${simulator.origin}; any key will do, nothing is billed; Ctrl-C ends it`,
    `  native protocol             ${simulator.baseUrl}`,
    `  OpenAI-compatible protocol  ${simulator.compatibleBaseUrl}`,
    ...(local
      ? []
      : [`  it listens on ${oneLine(host)}: other machines that reach this one can reach it`]),
    '',
    `  ${command.join(' ')}`,
    '',
  ].join('\n');
}

function statsText(stats: SimulatorStats): string {
  const { calls, answered, billedInputTokens, billedOutputTokens, maxConcurrent } = stats;
  const faults = Object.entries(stats.byCode);
  const told = faults
    .filter(([code]) => code !== OTHER_CODES)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, CODES_TOLD_MAX);
  const others = countOf(faults) - countOf(told);
  return [
    `${countText(calls, 'call')}, ${wholeText(answered)} answered, at most ${wholeText(maxConcurrent)} at one time`,
    `would have been billed: ${wholeText(billedInputTokens)} tokens in, ${wholeText(billedOutputTokens)} out`,
    ...told.map(([code, count]) => `${wholeText(count)} x ${oneLine(code, CODE_CHARS_MAX)}`),
    ...(others > 0 ? [`${wholeText(others)} x ${OTHER_CODES}`] : []),
    '',
  ].join('\n');
}

function countOf(faults: readonly (readonly [string, number])[]): number {
  return faults.reduce((sum, [, count]) => sum + count, 0);
}
