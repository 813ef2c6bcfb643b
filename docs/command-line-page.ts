import type { Command } from 'commander';
import { Readable } from 'node:stream';
import type { Host, TextOutput } from '../launcher/host';
import { createProgram } from '../launcher/program';

/** Help is laid out for so many columns, whoever generates the page. */
const COLUMNS = 100;

/** docs/cli.md: the help of the program and of every command, as `--help` prints it. */
export function commandLinePage(): string {
  const printed: string[] = [];
  const program = createProgram(pageHost(printed), () => () => Promise.resolve());
  const helpOf = (command: Command): string => {
    printed.length = 0;
    command.outputHelp();
    return `\`\`\`text\n${printed.join('').trim()}\n\`\`\``;
  };
  const sections = commandsBelow(program).map(([name, command]) => `## ${name}\n\n${helpOf(command)}`);
  return [
    '# Command line',
    'What `beamlift --help` and `beamlift COMMAND --help` print.',
    helpOf(program),
    ...sections,
  ].join('\n\n');
}

/** Every command with its full name, a group before its members. */
function commandsBelow(parent: Command, path = parent.name()): [string, Command][] {
  return parent.commands
    .filter((command) => command.name() !== 'help')
    .flatMap((command) => {
      const name = `${path} ${command.name()}`;
      return [[name, command], ...commandsBelow(command, name)];
    });
}

function pageHost(printed: string[]): Host {
  const output: TextOutput = {
    write: (text) => void printed.push(text),
    isTerminal: false,
    colour: false,
    columns: COLUMNS,
  };
  return {
    cwd: '/',
    environment: {},
    out: output,
    err: output,
    input: Readable.from([]),
    inputIsTerminal: false,
    signal: new AbortController().signal,
    invocation: 'beamlift',
    identity: { host: '', pid: 0, started: null },
    isRunning: () => false,
  };
}
