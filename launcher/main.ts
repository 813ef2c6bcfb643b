import { CommanderError, type Command } from 'commander';
import { BeamliftError } from '../core/errors';
import { nearestName } from '../core/nearest-name';
import { SecretRedactor } from '../core/secret-redactor';
import type { CommandContext, MakeAction } from './command';
import { ENGINE, type Engine } from './engine';
import { EXIT, exitCodeOfError } from './exit-code';
import { explainFailure, unstartedReport } from './failure';
import { acceptSnakeCase, longFlags } from './flags/snake-case-flags';
import type { Host } from './host';
import { renderError } from './output/error-block';
import { paletteFor } from './output/palette';
import { redactedJson, redactError } from './output/redaction';
import { commandsOf, createProgram } from './program';
import { urlSecrets } from './url-secrets';

export interface MainParts {
  readonly engine?: Engine;
  /** Learns the secrets that the command meets. */
  readonly redactor?: SecretRedactor;
}

/**
 * The program: runs the command of `argv` (without node and script) and gives the exit code. Never throws, and touches
 * nothing of the process but what `host` offers.
 */
export async function main(
  argv: readonly string[],
  host: Host,
  { engine = ENGINE, redactor = new SecretRedactor() }: MainParts = {},
): Promise<number> {
  for (const secret of urlSecrets(argv)) redactor.remember(secret);
  const context: CommandContext = { host, engine, redactor };
  let exitCode: number = EXIT.ok;
  const action: MakeAction =
    (handler) =>
    async (...operands) => {
      exitCode = await handler(context, ...operands);
    };
  const program = createProgram(host, action, commandsOf(argv));
  try {
    if (argv.length === 0) {
      program.outputHelp();
    } else if (argv[0] === '--version' || argv[0] === '-V') {
      host.out.write(`${engine.codeVersion()}\n`);
    } else {
      await program.parseAsync(acceptSnakeCase(argv, program), { from: 'user' });
    }
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok;
    const error =
      thrown instanceof CommanderError
        ? usageError(thrown, program, argv, host)
        : explainFailure(thrown, host.signal);
    tellError(error, argv, context);
    return exitCodeOfError(error, host.signal);
  }
}

/** Commander's message is `error: what happened`, then perhaps `(Did you mean --limit?)`. */
function usageError(
  { code, message }: CommanderError,
  program: Command,
  argv: readonly string[],
  { invocation }: Host,
): BeamliftError {
  const [first = '', ...rest] = message.split('\n');
  let what = first.replace(/^error: /, '');
  let suggestion = rest.join(' ').replace(/^\(|\)$/g, '');
  if (code === 'commander.unknownOption') {
    const [, flag = ''] = /'([^=']*)/.exec(what) ?? [];
    const near = nearestName(flag, longFlags(program));
    what = `unknown option '${flag}'`;
    if (suggestion === '' && near !== undefined) suggestion = `Did you mean ${near}?`;
  }
  const command = program.commands.find((candidate) => candidate.name() === argv[0]);
  const subcommands = command?.commands.map((subcommand) => subcommand.name()) ?? [];
  const [, word = '-'] = argv;
  // Commander gives the word to the subcommand that is the default.
  const isNone = subcommands.length > 0 && !word.startsWith('-') && !subcommands.includes(word);
  if (code === 'commander.excessArguments' && command !== undefined && isNone) {
    const near = nearestName(word, subcommands);
    what = `${command.name()} has no command '${word}'`;
    suggestion = near === undefined ? '' : `Did you mean ${command.name()} ${near}?`;
  }
  const help = command === undefined ? '' : ` ${command.name()}`;
  return new BeamliftError('USAGE', {
    what,
    hint: [suggestion, `\`${invocation}${help} --help\` shows what there is.`].filter(Boolean).join(' '),
  });
}

/** Errors before or outside of a command's own telling: to stderr for people, and to stdout where JSON was asked for. */
function tellError(error: BeamliftError, argv: readonly string[], { host, redactor }: CommandContext): void {
  const redact = (text: string): string => redactor.redact(text);
  const flags = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  if (flags.includes('--json')) {
    const report = flags[0] === 'run' ? unstartedReport(null, error) : { status: 'failure', error };
    host.out.write(`${redactedJson(report, redact)}\n`);
  }
  host.err.write(renderError(redactError(error.toReport(), redact), paletteFor(host.err)));
}
