import type { Command } from 'commander';

export interface Example {
  /** What is typed behind the program's name. */
  readonly line: string;
  readonly says: string;
}

/** Adds examples below the help of a command, as the user would have to type them. */
export function addExamples(command: Command, invocation: string, examples: readonly Example[]): Command {
  const lines = examples.map(({ line, says }) => `  ${says}:\n    ${invocation} ${line}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
