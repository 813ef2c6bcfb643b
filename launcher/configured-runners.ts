import { BeamliftError } from '../core/errors';
import type { RunnersConfiguration } from './config/read-runners';
import { notConfigured, type PipelineRunnerName, type RunnerDesk } from './runner-desk';

/** The desk of a configuration: its runners are opened when they are needed. */
export function configuredRunners({ dataflow, portable }: RunnersConfiguration): RunnerDesk {
  const options = { dataflow, portable };
  const names: readonly PipelineRunnerName[] = ['dataflow', 'portable'];
  return {
    configured: names.filter((name) => options[name] !== undefined),
    open: async (runner) => {
      if (options[runner] === undefined) throw notConfigured(runner);
      await Promise.resolve();
      throw new BeamliftError('RUNNER_UNUSABLE', { what: `The runner ${runner} cannot be opened yet` });
    },
  };
}
