import { Option, type Command } from 'commander';
import { LOG_FORMATS, logLevel } from './flag-values';

export interface JsonFlag {
  readonly json?: boolean;
}

/** `says`: what the JSON is, which commands differ in. */
export function addJsonFlag(command: Command, says: string): Command {
  return command.optionsGroup('Result (on stdout):').option('--json', says);
}

/** `--quiet`, `--log-level` and `--log-format`. */
export function addOutputFlags(command: Command): Command {
  return command
    .optionsGroup('Messages (on stderr):')
    .option('-q, --quiet', 'say nothing but errors')
    .option('--log-level <level>', 'debug, info, warn or error (LOG_LEVEL where it is not given)', logLevel)
    .addOption(
      new Option(
        '--log-format <format>',
        'text for people or JSON lines; without it: text on a terminal, else json',
      ).choices(LOG_FORMATS),
    );
}
