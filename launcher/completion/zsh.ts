import { flattenCommands, type CommandWords, type FlagWords } from './command-tree';

/** A completion script for zsh 5 and newer: one function a command. */
export function renderZsh(program: CommandWords, names: readonly string[]): string {
  return `#compdef ${names.join(' ')}
# zsh completion for ${names.join(', ')}
${flattenCommands(program).map(functionOf).join('\n')}
if [ "$funcstack[1]" = "_beamlift" ]; then
  _beamlift "$@"
else
  compdef _beamlift ${names.join(' ')}
fi
`;
}

function nameOf(command: CommandWords): string {
  return ['_beamlift', ...command.path].join('_');
}

function functionOf(command: CommandWords): string {
  const flags = command.flags.flatMap(flagSpecs).map((spec) => `    ${spec} \\`);
  if (command.children.length === 0) {
    return `${nameOf(command)}() {
  _arguments -s \\
${flags.join('\n')}
    '*:argument:_default'
}`;
  }
  return `${nameOf(command)}() {
  local line state
  _arguments -C -s \\
${flags.join('\n')}
    '1: :->command' '*:: :->rest'
  case "$state" in
    command)
      local -a commands
      commands=(
${command.children.map((child) => `        ${quote(`${child.path.at(-1) ?? ''}:${child.description}`)}`).join('\n')}
      )
      _describe command commands ;;
    rest)
      case "$line[1]" in
${command.children.map((child) => `        ${child.path.at(-1) ?? ''}) ${nameOf(child)} ;;`).join('\n')}
      esac ;;
  esac
}`;
}

/** One spec for each spelling: `'--limit[at most so many rows]:value:'`. */
function flagSpecs(flag: FlagWords): string[] {
  const description = flag.description.replace(/[[\]:]/g, '\\$&');
  const value = !flag.takesValue
    ? ''
    : flag.choices.length > 0
      ? `:value:(${flag.choices.join(' ')})`
      : `:value:${flag.isPath ? '_files' : ''}`;
  return flag.spellings.map((spelling) => quote(`${spelling}[${description}]${value}`));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
