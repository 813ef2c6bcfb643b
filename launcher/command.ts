import type { Command } from 'commander';
import type { SecretRedactor } from '../core/secret-redactor';
import type { Engine } from './engine';
import type { Host } from './host';

/** What a command works with. */
export interface CommandContext {
  readonly host: Host;
  readonly engine: Engine;
  /** Knows the passwords of URLs on the command line; whoever resolves secrets adds to it. */
  readonly redactor: SecretRedactor;
}

/**
 * Turns a handler into a commander action. The handler gets the operands, then the flags, and gives the exit code; what it
 * throws becomes the error that the user sees, and the exit code of its error code.
 */
export type MakeAction = <Operands extends unknown[]>(
  handler: (context: CommandContext, ...operands: Operands) => Promise<number>,
) => (...operands: Operands) => Promise<void>;

/**
 * One command of the program, one file in commands/, one entry in command-list.ts.
 * `register` declares arguments, flags, examples and the action of the command, which has its name and description from the list:
 *
 *     export const sayCommand: CommandModule = {
 *       register: (command, action, invocation) => {
 *         command.argument('<what>', 'what to say');
 *         addFileFlag(command).action(action(async ({ host }, what: string, flags: FileFlag) => 0));
 *         addExamples(command, invocation, [{ line: 'say hello', says: 'Say hello' }]);
 *       },
 *     };
 *
 * It runs for every call of the command, `--help` included: heavy modules are imported inside the action (packages with
 * `await import()`, modules of this project through the Engine).
 */
export interface CommandModule {
  register(command: Command, action: MakeAction, invocation: string): void;
}
