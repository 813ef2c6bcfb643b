import type { CommandModule } from './command';
import { completionCommand } from './commands/completion';
import { planCommand } from './commands/plan';
import { runCommand } from './commands/run';
import { runsCommand } from './commands/runs';

/** Every command, in the order of the help. A new one is a file in commands/ and an entry here; see `CommandModule`. */
export const COMMANDS: readonly CommandModule[] = [runCommand, planCommand, runsCommand, completionCommand];
