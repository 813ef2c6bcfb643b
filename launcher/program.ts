import { Command, Help } from 'commander';
import type { MakeAction } from './command';
import { COMMANDS } from './command-list';
import type { Host } from './host';

/** Words behind which there are no commands, but help that names all of them. */
const OF_THE_PROGRAM: readonly (string | undefined)[] = [undefined, '-h', '--help', '-V', '--version'];

/** Which commands have to be there with all that they are for these arguments; of the others, name and description do. */
export function commandsOf(argv: readonly string[]): (name: string) => boolean {
  const [first, second] = argv;
  if (OF_THE_PROGRAM.includes(first)) return () => false;
  if (first === 'help') return (name) => name === second;
  // A flag stands in the wrong place: which command it is of, the message says. And completion knows all of them.
  if (first === 'completion' || first?.startsWith('-') === true) return () => true;
  return (name) => name === first;
}

/**
 * The command line as a commander program. Nothing in it ends the process: help and errors are thrown as CommanderError, and help goes to
 * the host's stdout. `isWhole`: the commands that have their flags and actions; absent: all.
 */
export function createProgram(
  host: Host,
  action: MakeAction,
  isWhole: (name: string) => boolean = () => true,
): Command {
  const terms = new Map<Command, string>();
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
    .configureHelp({
      showGlobalOptions: false,
      subcommandTerm: (command) => terms.get(command) ?? new Help().subcommandTerm(command),
    });
  for (const { name, description, operands, load } of COMMANDS) {
    const command = program.command(name).description(description);
    terms.set(command, `${name} ${operands}`.trim());
    if (isWhole(name)) load().register(command, action, host.invocation);
  }
  return program.addHelpText(
    'after',
    `
Begin here:
  ${host.invocation} run --from ./data --files "*.csv" --to duckdb:warehouse.duckdb
  ${host.invocation} <command> --help     flags and examples of a command

Flags may be written with underscores too (--log_level), and with = before their value.`,
  );
}
