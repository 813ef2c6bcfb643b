import type { CommandModule } from '../command';
import { registerCancel } from './runs-cancel';
import { registerFiles } from './runs-files';
import { registerList } from './runs-list';
import { registerResume } from './runs-resume';
import { registerShow } from './runs-show';

/** `beamlift runs`: the history of runs, and runs that have not ended. */
export const runsCommand: CommandModule = {
  register: (command, action, invocation) => {
    registerList(command, action, invocation);
    registerShow(command, action, invocation);
    registerFiles(command, action, invocation);
    registerResume(command, action, invocation);
    registerCancel(command, action, invocation);
  },
};
