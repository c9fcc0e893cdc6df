import { COMMANDS } from '../command-line/command-specs.ts';
import type { CommandSpec } from '../command-line/command-specs.ts';
import type { FlagSpec } from '../config/flags.ts';
import type { Shell } from '../command-line/parsed-command.ts';

/**
 * A shell's completion script, generated from the tables of commands and flags: commands, flags, their choices, and files
 * where expected. The script runs nothing of qbatch, so a key press never waits for Node.js to start.
 */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return bashScript();
    case 'zsh':
      return zshScript();
    case 'fish':
      return fishScript();
  }
}

const HELP: FlagSpec = { name: 'help', alias: 'h', type: 'boolean', describe: 'show help' };
const VERSION: FlagSpec = {
  name: 'version',
  alias: 'V',
  type: 'boolean',
  describe: 'show the version',
};

function namesOf(command: CommandSpec): readonly string[] {
  return [command.name, ...command.aliases];
}

function spellings(flag: FlagSpec): readonly string[] {
  const long = `--${flag.name}`;
  return flag.alias === undefined ? [long] : [`-${flag.alias}`, long];
}

/** What a command completes for its words: choices, and whether files or folders too. */
function wordsOf(command: CommandSpec): {
  readonly choices: readonly string[];
  readonly completes: 'file' | 'folder' | undefined;
} {
  return {
    choices: command.positionals.flatMap((one) => one.choices ?? []),
    completes: command.positionals.find((one) => one.completes !== undefined)?.completes,
  };
}

type Completes = 'file' | 'folder' | undefined;

function bashWords(words: readonly string[]): string {
  return `COMPREPLY=( $(compgen -W $'${words.join(String.raw`\n`)}' -- "$current") )`;
}

function bashAction(choices: readonly string[], completes: Completes): string {
  if (completes === undefined) return bashWords(choices);
  return `COMPREPLY=( $(compgen ${completes === 'file' ? '-f' : '-d'} -- "$current") )`;
}

function bashCase(command: CommandSpec): readonly string[] {
  const values = command.flags.filter((flag) => flag.type === 'string');
  const { choices, completes } = wordsOf(command);
  const flags = [...command.flags, HELP].flatMap(spellings);
  return [
    `    ${namesOf(command).join('|')})`,
    '      case "$previous" in',
    ...values.map((flag) => {
      const action = bashAction(flag.choices ?? [], flag.completes);
      return `        ${spellings(flag).join('|')}) ${action}; return ;;`;
    }),
    '      esac',
    `      if [[ $current == -* ]]; then ${bashWords(flags)}`,
    `      else ${bashAction(choices, completes)}; fi ;;`,
  ];
}

function bashScript(): string {
  const first = [...COMMANDS.flatMap(namesOf), ...[HELP, VERSION].flatMap(spellings)];
  return [
    '# bash completion for qbatch; to use it: qbatch completion bash >> ~/.bashrc',
    '_qbatch() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"',
    '  # Names of files may hold blanks. (mapfile would be nicer, but the bash of macOS has none.)',
    "  local IFS=$'\\n'",
    '  # bash splits --flag=value into three words.',
    '  if [[ $current == "=" ]]; then current=""',
    '  elif [[ $previous == "=" ]]; then previous="${COMP_WORDS[COMP_CWORD-2]}"; fi',
    `  if (( COMP_CWORD == 1 )); then ${bashWords(first)}; return; fi`,
    '  case "${COMP_WORDS[1]}" in',
    ...COMMANDS.flatMap(bashCase),
    '  esac',
    '}',
    'complete -o filenames -F _qbatch qbatch',
    '',
  ].join('\n');
}

/** One word in single quotes, for zsh. */
function zshQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Text inside `_arguments`, where brackets, colons and backslashes are special. */
function zshText(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, (mark) => `\\${mark}`);
}

function zshAction(choices: readonly string[] | undefined, completes: Completes): string {
  if (choices !== undefined && choices.length > 0) return `(${choices.join(' ')})`;
  if (completes === undefined) return ' ';
  return completes === 'file' ? '_files' : '_files -/';
}

function zshFlag(flag: FlagSpec): readonly string[] {
  const value = `:${zshText(flag.metavar ?? flag.name)}:${zshAction(flag.choices, flag.completes)}`;
  const about = `[${zshText(flag.describe)}]`;
  return spellings(flag).map((spelling) => {
    const many = flag.repeatable === true ? '*' : '';
    if (flag.type === 'boolean') return zshQuote(`${spelling}${about}`);
    if (flag.type === 'optional') return zshQuote(`${spelling}=-${about}:${value}`);
    return zshQuote(`${many}${spelling}${spelling.startsWith('--') ? '=' : '+'}${about}${value}`);
  });
}

function zshCase(command: CommandSpec): readonly string[] {
  const words = command.positionals.map((one) => {
    const place = one.many === true ? '*' : '';
    const text = zshText(one.name);
    return zshQuote(`${place}:${text}:${zshAction(one.choices, one.completes)}`);
  });
  const specs = [...[...command.flags, HELP].flatMap(zshFlag), ...words];
  return [
    `    ${namesOf(command).join('|')})`,
    `      _arguments -s ${specs.join(' \\\n        ')} ;;`,
  ];
}

function zshScript(): string {
  const commands = COMMANDS.flatMap((command) =>
    namesOf(command).map((name) =>
      zshQuote(`${name}:${command.describe.replaceAll(':', String.raw`\:`)}`),
    ),
  );
  return [
    '#compdef qbatch',
    '# zsh completion for qbatch; to use it: qbatch completion zsh > a folder of $fpath/_qbatch',
    '_qbatch() {',
    '  local -a commands',
    `  commands=(${commands.join('\n    ')})`,
    '  if (( CURRENT == 2 )); then',
    "    _describe 'command' commands",
    '    return',
    '  fi',
    '  local command="${words[2]}"',
    '  # _arguments is to see the command as the first word.',
    '  shift words',
    '  (( CURRENT -= 1 ))',
    '  case "$command" in',
    ...COMMANDS.flatMap(zshCase),
    '  esac',
    '}',
    'if [[ "${zsh_eval_context[-1]}" == loadautofunc ]]; then _qbatch "$@"; else compdef _qbatch qbatch; fi',
    '',
  ].join('\n');
}

/** One word in single quotes, for fish, where backslashes are special inside them. */
function fishQuote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (mark) => `\\${mark}`)}'`;
}

function fishFlag(command: CommandSpec, flag: FlagSpec): string {
  const parts = [
    `complete -c qbatch -n ${fishQuote(`__fish_seen_subcommand_from ${namesOf(command).join(' ')}`)}`,
    `-l ${flag.name}`,
    ...(flag.alias === undefined ? [] : [`-s ${flag.alias}`]),
    `-d ${fishQuote(flag.describe)}`,
  ];
  if (flag.type === 'string') parts.push(flag.completes === undefined ? '-x' : '-r -F');
  if (flag.choices !== undefined) parts.push(`-a ${fishQuote(flag.choices.join(' '))}`);
  return parts.join(' ');
}

function fishCommand(command: CommandSpec): readonly string[] {
  const { choices, completes } = wordsOf(command);
  const seen = fishQuote(`__fish_seen_subcommand_from ${namesOf(command).join(' ')}`);
  const folders = fishQuote('(__fish_complete_directories)');
  const words: string[] = [];
  if (choices.length > 0)
    words.push(`complete -c qbatch -n ${seen} -a ${fishQuote(choices.join(' '))}`);
  if (completes === 'file') words.push(`complete -c qbatch -n ${seen} -F`);
  if (completes === 'folder') words.push(`complete -c qbatch -n ${seen} -a ${folders}`);
  return [
    ...namesOf(command).map(
      (name) =>
        `complete -c qbatch -n __fish_use_subcommand -a ${name} -d ${fishQuote(command.describe)}`,
    ),
    ...words,
    ...command.flags.map((flag) => fishFlag(command, flag)),
  ];
}

function fishScript(): string {
  return [
    '# fish completion for qbatch; to use it: qbatch completion fish > ~/.config/fish/completions/qbatch.fish',
    'complete -c qbatch -f',
    `complete -c qbatch -l ${HELP.name} -s h -d ${fishQuote(HELP.describe)}`,
    `complete -c qbatch -n __fish_use_subcommand -l ${VERSION.name} -s V -d ${fishQuote(VERSION.describe)}`,
    ...COMMANDS.flatMap(fishCommand),
    '',
  ].join('\n');
}
