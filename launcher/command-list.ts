import { lazyModules } from '../core/lazy-modules';
import type { CommandModule } from './command';
import type * as Init from './commands/init';
import type * as Run from './commands/run';
import type * as Plan from './commands/plan';
import type * as Preview from './commands/preview';
import type * as Check from './commands/check';
import type * as Connections from './commands/connections';
import type * as Discover from './commands/discover';
import type * as Runs from './commands/runs';
import type * as Schema from './commands/schema';
import type * as Completion from './commands/completion';

/** What the help of the program says of a command, and its code. */
export interface ListedCommand {
  readonly name: string;
  readonly description: string;
  /** What may follow its name, as its own help has it. */
  readonly operands: string;
  readonly load: () => CommandModule;
}

/** A call loads the code of its own command alone. */
const load = lazyModules(__filename);

/** Every command, in the order of the help. A new one is a file in commands/ and an entry here; see `CommandModule`. */
export const COMMANDS: readonly ListedCommand[] = [
  {
    name: 'init',
    description: 'write a job into beamlift.yaml: asks for source, table or files, columns and load type',
    operands: '[options]',
    load: () => (load('./commands/init') as typeof Init).initCommand,
  },
  {
    name: 'run',
    description: 'load jobs: the named ones, or all of the configuration, one after another',
    operands: '[options] [jobs...]',
    load: () => (load('./commands/run') as typeof Run).runCommand,
  },
  {
    name: 'plan',
    description: 'show what a run would do: window, work units, columns and types, runner; nothing is loaded',
    operands: '[options] [jobs...]',
    load: () => (load('./commands/plan') as typeof Plan).planCommand,
  },
  {
    name: 'preview',
    description: 'show the first rows of jobs as they would be loaded; nothing is written',
    operands: '[options] [jobs...]',
    load: () => (load('./commands/preview') as typeof Preview).previewCommand,
  },
  {
    name: 'check',
    description:
      'try connections, destinations, jobs and the run store step by step, and say what fails and why',
    operands: '[options] [names...]',
    load: () => (load('./commands/check') as typeof Check).checkCommand,
  },
  {
    name: 'connections',
    description: 'store connections in the run store, for jobs to name: add, edit, test, delete',
    operands: '',
    load: () => (load('./commands/connections') as typeof Connections).connectionsCommand,
  },
  {
    name: 'discover',
    description: 'list tables and views with rows and sizes, or folders and files with sizes',
    operands: '[options] <connection> [pattern]',
    load: () => (load('./commands/discover') as typeof Discover).discoverCommand,
  },
  {
    name: 'runs',
    description: 'the history of runs: list (without a word), show, files; unfinished ones: resume, cancel',
    operands: '',
    load: () => (load('./commands/runs') as typeof Runs).runsCommand,
  },
  {
    name: 'schema',
    description: 'print the JSON schema of beamlift.yaml, for editors that complete and check',
    operands: '',
    load: () => (load('./commands/schema') as typeof Schema).schemaCommand,
  },
  {
    name: 'completion',
    description: 'print a script that completes commands and flags in your shell',
    operands: '<shell>',
    load: () => (load('./commands/completion') as typeof Completion).completionCommand,
  },
];
