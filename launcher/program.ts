import { Command } from 'commander';
import type { MakeAction } from './command';
import { COMMANDS } from './command-list';
import type { Host } from './host';

/**
 * The whole command line as a commander program. Nothing in it ends the process: help and errors are thrown as
 * CommanderError, and help goes to the host's stdout.
 */
export function createProgram(host: Host, action: MakeAction): Command {
  const program = new Command(host.invocation)
    .description('Lifts tables and files of any size into a warehouse: exactly once, exactly typed.')
    .usage('<command> [flags]')
    .option('-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.out.write(text),
      writeErr: (text) => host.err.write(text),
      // main() writes errors, in the form that all errors have.
      outputError: () => undefined,
      getOutHelpWidth: () => host.out.columns,
      getErrHelpWidth: () => host.err.columns,
      getOutHasColors: () => host.out.colour,
      getErrHasColors: () => host.err.colour,
    })
    .configureHelp({ showGlobalOptions: false });
  for (const command of COMMANDS) command.register(program, action, host.invocation);
  return program.addHelpText(
    'after',
    `
Begin here:
  ${host.invocation} run --from ./data --files "*.csv" --to duckdb:warehouse.duckdb
  ${host.invocation} <command> --help     flags and examples of a command

Flags may be written with underscores too (--log_level), and with = before their value.`,
  );
}
