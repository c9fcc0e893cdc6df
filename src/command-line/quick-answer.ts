import { readFileSync } from 'node:fs';
import { VERSION } from '../version.ts';

/** Help texts by command name (the overview under an empty name), written beside the program at build time. */
const HELP_FILE = 'help.json';

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h';
}

/** The command whose help is requested, empty for the overview; null if the request is not that simple. */
function helpAskedFor(argv: readonly string[]): string | null {
  const [first, second] = argv;
  if (argv.length === 1) return isHelp(first) || first === 'help' ? '' : null;
  if (argv.length !== 2 || first === undefined || second === undefined) return null;
  if (isHelp(second)) return first;
  return first === 'help' ? second : null;
}

/**
 * Answers `--version` and simple help requests without loading anything else: yargs alone takes longer to load than Node to
 * start. Null: use the whole program (which gives the same texts).
 */
export function quickAnswer(argv: readonly string[]): string | null {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return `${VERSION}\n`;
  const command = helpAskedFor(argv);
  if (command === null) return null;
  try {
    const texts: unknown = JSON.parse(readFileSync(new URL(HELP_FILE, import.meta.url), 'utf8'));
    const text = Object.entries(texts as Record<string, string>).find(([name]) => name === command);
    return text?.[1] ?? null;
  } catch {
    // Not built, as in tests of the sources.
    return null;
  }
}
