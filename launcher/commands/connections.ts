import type { CommandModule } from '../command';
import { registerAdd } from './connections-add';
import { registerDelete } from './connections-delete';
import { registerEdit } from './connections-edit';
import { registerListConnections } from './connections-list';
import { registerRotateKey } from './connections-rotate-key';
import { registerShowConnection } from './connections-show';
import { registerTest } from './connections-test';

/** `beamlift connections`: connections that the run store keeps, beside those of the configuration. */
export const connectionsCommand: CommandModule = {
  register: (command, action, invocation) => {
    registerListConnections(command, action, invocation);
    registerShowConnection(command, action, invocation);
    registerAdd(command, action, invocation);
    registerEdit(command, action, invocation);
    registerTest(command, action, invocation);
    registerDelete(command, action, invocation);
    registerRotateKey(command, action, invocation);
  },
};
