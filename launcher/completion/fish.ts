import { flattenCommands, type CommandWords, type FlagWords } from './command-tree';

/** A completion script for fish 3 and newer. */
export function renderFish(program: CommandWords, names: readonly string[]): string {
  const commands = flattenCommands(program);
  const lines = names.flatMap((name) => commands.flatMap((command) => linesOf(name, command)));
  return `# fish completion for ${names.join(', ')}\n${lines.join('\n')}\n`;
}

function linesOf(name: string, command: CommandWords): string[] {
  const condition = conditionOf(command);
  const children = command.children.map(
    (child) =>
      `complete -c ${name} -n ${condition} -f -a ${quote(child.path.at(-1) ?? '')} -d ${quote(child.description)}`,
  );
  return [...children, ...command.flags.map((flag) => flagLine(name, condition, flag))];
}

/** True where the command has been typed, and none of the words that may follow it. */
function conditionOf(command: CommandWords): string {
  const next = command.children.map((child) => child.path.at(-1) ?? '').join(' ');
  const seen = command.path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const notYet = next === '' ? [] : [`not __fish_seen_subcommand_from ${next}`];
  return quote([...seen, ...notYet].join('; and '));
}

function flagLine(name: string, condition: string, flag: FlagWords): string {
  const spellings = flag.spellings.map((spelling) =>
    spelling.startsWith('--') ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`,
  );
  const value = !flag.takesValue
    ? []
    : flag.choices.length > 0
      ? ['-x', `-a ${quote(flag.choices.join(' '))}`]
      : [flag.isPath ? '-r' : '-x'];
  return [
    `complete -c ${name} -n ${condition}`,
    ...spellings,
    ...value,
    `-d ${quote(flag.description)}`,
  ].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
