import type { CommandModule } from '../command';
import { registerCancel } from './runs-cancel';
import { registerFiles } from './runs-files';
import { registerList } from './runs-list';
import { registerResume } from './runs-resume';
import { registerShow } from './runs-show';

/** `beamlift runs`: the history of runs, and runs that have not ended. */
export const runsCommand: CommandModule = {
  register: (program, action, invocation) => {
    const runs = program
      .command('runs')
      .description(
        'the history of runs: list (without a word), show, files; unfinished ones: resume, cancel',
      );
    registerList(runs, action, invocation);
    registerShow(runs, action, invocation);
    registerFiles(runs, action, invocation);
    registerResume(runs, action, invocation);
    registerCancel(runs, action, invocation);
  },
};
