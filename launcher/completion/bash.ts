import { flattenCommands, wordsAfter, type CommandWords, type FlagWords } from './command-tree';

/** A completion script for bash 3.2 and newer. `names`: what the program may be called as. */
export function renderBash(program: CommandWords, names: readonly string[]): string {
  const commands = flattenCommands(program);
  const valued = uniqueFlags(commands).filter((flag) => flag.takesValue);
  return `# bash completion for ${names.join(', ')}
_beamlift() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word i
  COMPREPLY=()
  case "$previous" in
${valued.map(valueCase).join('\n')}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$path/$word" in
${commands
  .filter((command) => command.path.length > 0)
  .map((command) => `      ${keyOf(command)}) path="${keyOf(command)}" ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${commands.map(wordsCase).join('\n')}
  esac
}
complete -o default -F _beamlift ${names.join(' ')}
`;
}

/** `/runs/list`; the program itself is the empty text. */
function keyOf(command: CommandWords): string {
  return command.path.map((name) => `/${name}`).join('');
}

function valueCase(flag: FlagWords): string {
  const pattern = flag.spellings.join('|');
  if (flag.choices.length > 0) {
    return `    ${pattern}) COMPREPLY=($(compgen -W "${flag.choices.join(' ')}" -- "$current")); return ;;`;
  }
  return flag.isPath
    ? `    ${pattern}) COMPREPLY=($(compgen -f -- "$current")); return ;;`
    : `    ${pattern}) return ;;`;
}

function wordsCase(command: CommandWords): string {
  const words = [...wordsAfter(command), ...command.flags.flatMap((flag) => flag.spellings)];
  return `    "${keyOf(command)}") COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$current")) ;;`;
}

/** A flag is the same wherever it is spelled the same, but for its choices: those are joined. */
function uniqueFlags(commands: readonly CommandWords[]): FlagWords[] {
  const byName = new Map<string, FlagWords>();
  for (const flag of commands.flatMap((command) => command.flags)) {
    const name = flag.spellings[0] ?? '';
    const known = byName.get(name);
    const choices = [...new Set([...(known?.choices ?? []), ...flag.choices])];
    byName.set(name, { ...flag, choices });
  }
  return [...byName.values()];
}
