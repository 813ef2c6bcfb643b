import type { Command } from 'commander';

/**
 * Turns `--log_level` into `--log-level` wherever that makes a flag which the program knows, `--log_level=debug` as well.
 * Everything behind `--` is an argument and stays as it is.
 */
export function acceptSnakeCase(argv: readonly string[], program: Command): string[] {
  const known = new Set(longFlags(program));
  const end = argv.indexOf('--');
  return argv.map((argument, index) => {
    if (end !== -1 && index >= end) return argument;
    const match = /^(--[^=]*_[^=]*)(=.*)?$/s.exec(argument);
    const kebab = match?.[1]?.replaceAll('_', '-');
    return kebab !== undefined && known.has(kebab) ? `${kebab}${match?.[2] ?? ''}` : argument;
  });
}

/** The long flags of a command and of all below it. */
export function longFlags(command: Command): string[] {
  return [
    ...command.options.flatMap((option) => (option.long === undefined ? [] : [option.long])),
    ...command.commands.flatMap(longFlags),
  ];
}
