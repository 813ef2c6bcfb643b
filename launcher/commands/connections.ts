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
  register: (program, action, invocation) => {
    const connections = program
      .command('connections')
      .description('store connections in the run store, for jobs to name: add, edit, test, delete');
    registerListConnections(connections, action, invocation);
    registerShowConnection(connections, action, invocation);
    registerAdd(connections, action, invocation);
    registerEdit(connections, action, invocation);
    registerTest(connections, action, invocation);
    registerDelete(connections, action, invocation);
    registerRotateKey(connections, action, invocation);
  },
};
