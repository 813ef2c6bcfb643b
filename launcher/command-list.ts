import type { CommandModule } from './command';
import { checkCommand } from './commands/check';
import { completionCommand } from './commands/completion';
import { connectionsCommand } from './commands/connections';
import { discoverCommand } from './commands/discover';
import { initCommand } from './commands/init';
import { planCommand } from './commands/plan';
import { previewCommand } from './commands/preview';
import { runCommand } from './commands/run';
import { runsCommand } from './commands/runs';
import { schemaCommand } from './commands/schema';

/** Every command, in the order of the help. A new one is a file in commands/ and an entry here; see `CommandModule`. */
export const COMMANDS: readonly CommandModule[] = [
  initCommand,
  runCommand,
  planCommand,
  previewCommand,
  checkCommand,
  connectionsCommand,
  discoverCommand,
  runsCommand,
  schemaCommand,
  completionCommand,
];
