import type { Command, Option } from 'commander';

/** What a shell can be told about a flag. */
export interface FlagWords {
  /** `--file` and `-f`, the long one first. */
  readonly spellings: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  /** Its value is a path. */
  readonly isPath: boolean;
}

/** A command with what may follow it. */
export interface CommandWords {
  /** From the program down: empty for the program itself, `['runs', 'list']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly flags: readonly FlagWords[];
  readonly children: readonly CommandWords[];
}

/** The words of a commander program, hidden commands and flags left out. */
export function describeCommands(command: Command, path: readonly string[] = []): CommandWords {
  const help = command.createHelp();
  return {
    path,
    description: path.length === 0 ? '' : firstLine(command.description()),
    flags: help.visibleOptions(command).map(describeFlag),
    children: help.visibleCommands(command).map((child) => describeCommands(child, [...path, child.name()])),
  };
}

/** The command and all below it, parents first. */
export function flattenCommands(command: CommandWords): CommandWords[] {
  return [command, ...command.children.flatMap(flattenCommands)];
}

/** Whether a command has a word of its own behind it; what is typed there is no operand then. */
export function wordsAfter(command: CommandWords): string[] {
  return command.children.map((child) => child.path.at(-1) ?? '');
}

function describeFlag(option: Option): FlagWords {
  return {
    spellings: [option.long, option.short].filter((spelling) => spelling !== undefined),
    description: firstLine(option.description),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    isPath: option.flags.includes('<path>'),
  };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
